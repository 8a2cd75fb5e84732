#include <gtest/gtest.h>
#include <thread>

#include "base/env.h"
#include "base/json.h"
#include "crypto/sha256.h"
#include "server/aws/access_keys.h"
#include "server/aws/cbor_text.h"
#include "server/aws/comprehend_medical.h"
#include "server/aws/sigv4.h"
#include "server/testing/test_server.h"

namespace residency::server {
namespace {

// The example credentials and cases of AWS's published Signature Version 4 test suite.
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kDate = "20150830T123600Z";
constexpr std::int64_t kThenMs = 1440938160000;

HttpRequest suite_request(std::string method, std::string path = "/", std::string query = "") {
  HttpRequest request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.query = std::move(query);
  request.headers = {{"host", "example.amazonaws.com"}, {"x-amz-date", std::string(kDate)}};
  return request;
}

std::string suite_signature(const HttpRequest& request) {
  SigV4Authorization authorization;
  authorization.access_key_id = "AKIDEXAMPLE";
  authorization.date = "20150830";
  authorization.region = "us-east-1";
  authorization.service = "service";
  authorization.signed_headers = {"host", "x-amz-date"};
  return sigv4_signature(
      kSecret, authorization, kDate,
      canonical_request(request, authorization, crypto::sha256_hex(request.body)));
}

TEST(SigV4, CasesOfThePublishedSuite) {
  EXPECT_EQ(suite_signature(suite_request("GET")),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(suite_signature(suite_request("POST")),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  EXPECT_EQ(suite_signature(suite_request("GET", "/", "Param2=value2&Param1=value1")),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

std::string header_for(const std::string& signature, const std::string& headers = "host;x-amz-date",
                       const std::string& date = "20150830") {
  return "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" + date +
         "/us-east-1/service/aws4_request, SignedHeaders=" + headers + ", Signature=" + signature;
}

bool verifies(const HttpRequest& request, const std::string& header, std::int64_t now_ms = kThenMs,
              std::string_view secret = kSecret, std::string_view service = "service") {
  const auto parsed = parse_sigv4(header);
  return parsed.ok() && verify_sigv4(request, *parsed, secret, service, now_ms).ok();
}

TEST(SigV4, WhatIsAlteredIsRefused) {
  const HttpRequest request = suite_request("POST");
  const std::string header = header_for(suite_signature(request));
  EXPECT_TRUE(verifies(request, header));
  HttpRequest other = request;
  other.body = "{}";
  EXPECT_FALSE(verifies(other, header)) << "another body";
  other = request;
  other.path = "/x";
  EXPECT_FALSE(verifies(other, header)) << "another path";
  other = request;
  other.headers[0].second = "elsewhere";
  EXPECT_FALSE(verifies(other, header)) << "another host";
  other = request;
  other.headers.emplace_back("x-amz-target", "X.Y");
  EXPECT_FALSE(verifies(other, header)) << "a target that is not signed";
  EXPECT_FALSE(verifies(request, header, kThenMs + kSigV4SkewMs + 1)) << "too late";
  EXPECT_FALSE(verifies(request, header, kThenMs - kSigV4SkewMs - 1)) << "too early";
  EXPECT_FALSE(verifies(request, header, kThenMs, "another secret"));
  EXPECT_FALSE(verifies(request, header, kThenMs, kSecret, "s3"));
  EXPECT_FALSE(verifies(request, header_for(std::string(64, '0'))));
  EXPECT_FALSE(verifies(request, header_for(suite_signature(request), "x-amz-date")));
}

TEST(SigV4, BadHeadersAreErrors) {
  for (const std::string_view header :
       {"", "Bearer x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e",
        "AWS4-HMAC-SHA256 Credential=AK/20150830/r/s/aws4_request, SignedHeaders=, Signature=00",
        "AWS4-HMAC-SHA256 Credential=AK/20150830/r/s/aws4_request, SignedHeaders=host;;x, "
        "Signature=00",
        "AWS4-HMAC-SHA256 ,,,=", "AWS4-HMAC-SHA256 X=Y"}) {
    EXPECT_FALSE(parse_sigv4(header).ok()) << header;
  }
  EXPECT_FALSE(parse_sigv4("AWS4-HMAC-SHA256 " + std::string(10'000, 'a')).ok());
}

TEST(CborText, ReadsMembersAndReadsPastOthers) {
  const std::vector<std::uint8_t> bytes =
      Json::to_cbor(Json{{"Text", "Zoë"}, {"Other", {1, 2.5, nullptr, {{"a", "b"}}}}});
  const auto texts = read_cbor_texts(std::string(bytes.begin(), bytes.end()));
  ASSERT_TRUE(texts.ok());
  EXPECT_EQ(texts->at("Text"), "Zoë");
  EXPECT_EQ(texts->size(), 1u);
  // Of indefinite length: {_ "Text": (_ "ab", "c")}
  const auto pieces = read_cbor_texts(
      "\xBF\x64Text\x7F\x62"
      "ab"
      "\x61"
      "c\xFF\xFF");
  ASSERT_TRUE(pieces.ok());
  EXPECT_EQ(pieces->at("Text"), "abc");
}

TEST(CborText, BadBytesAreErrors) {
  for (const std::string& bytes :
       {std::string(""), std::string("\x80"), std::string("\xA1"), std::string("\xA1\x64Tex"),
        std::string("\xA1\x64Text\x7B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), std::string("\xA0\x00", 2),
        std::string("\xBF\x64Text"),
        std::string("\xA2\x61"
                    "a\x61"
                    "b\x61"
                    "a\x61"
                    "c"),
        "\xA1\x61"
        "a" +
            std::string(100'000, '\x81'),
        std::string("\xFC")}) {
    EXPECT_FALSE(read_cbor_texts(bytes).ok());
  }
}

TEST(AccessKeys, AreKeptAndRevoked) {
  AccessKeys keys;
  const auto key = keys.create("ward-7", "2026-11-23T10:00:00Z");
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->id.size(), 20u);
  EXPECT_EQ(key->secret.size(), 40u);
  auto again = AccessKeys::from_json(keys.to_json());
  ASSERT_TRUE(again.ok());
  ASSERT_NE(again->find(key->id), nullptr);
  EXPECT_EQ(again->find(key->id)->secret, key->secret);
  EXPECT_TRUE(again->revoke(key->id).ok());
  EXPECT_EQ(again->find(key->id), nullptr);
  EXPECT_FALSE(again->revoke(key->id).ok());
  EXPECT_FALSE(keys.create("a b", "").ok());
  EXPECT_FALSE(AccessKeys::from_json(Json{{"id", "x"}}).ok());
}

/// A server with one access key, and requests signed with it.
class DetectPhiTest : public ::testing::Test {
 protected:
  DetectPhiTest() {
    AccessKeys keys;
    key_ = *keys.create("tests", "2026-11-23T10:00:00Z");
    auto detector = deid::Detector::open();
    service_ = std::make_shared<ComprehendMedical>(std::move(*detector), keys, 2);
    ServerOptions options;
    options.port = 0;
    options.handle_signals = false;
    std::promise<std::uint16_t> port;
    auto bound = port.get_future();
    ServerServices services;
    services.comprehend_medical = service_;
    thread_ = std::thread([this, options, services, port = std::move(port)]() mutable {
      EXPECT_TRUE(run_server(
                      options, table_, stop_.get_token(),
                      [&](std::uint16_t given) { port.set_value(given); }, services)
                      .ok());
    });
    port_ = bound.get();
  }
  ~DetectPhiTest() override {
    stop_.request_stop();
    thread_.join();
  }

  std::string signed_request(const std::string& body, const std::string& target,
                             const std::string& secret, const std::string& extra = "") {
    const std::string path =
        target.empty() ? "/service/ComprehendMedical_20181030/operation/DetectPHI" : "/";
    std::string stamp = format_utc(Env::posix().now_unix_ms());  // 2026-11-23T10:00:00.000Z
    stamp = stamp.substr(0, 4) + stamp.substr(5, 2) + stamp.substr(8, 5) + stamp.substr(14, 2) +
            stamp.substr(17, 2) + "Z";
    HttpRequest request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    request.headers = {{"host", "localhost"}, {"x-amz-date", stamp}};
    SigV4Authorization authorization{
        key_.id, stamp.substr(0, 8), "us-east-1", "comprehendmedical", {"host", "x-amz-date"}, ""};
    if (!target.empty()) {
      request.headers.emplace_back("x-amz-target", target);
      authorization.signed_headers.emplace_back("x-amz-target");
    }
    const std::string signature =
        sigv4_signature(secret, authorization, stamp,
                        canonical_request(request, authorization, crypto::sha256_hex(body)));
    std::string names;
    for (const auto& name : authorization.signed_headers)
      names += (names.empty() ? "" : ";") + name;
    std::string text = "POST " + path + " HTTP/1.1\r\n";
    for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
    text += "authorization: AWS4-HMAC-SHA256 Credential=" + key_.id + "/" + stamp.substr(0, 8) +
            "/us-east-1/comprehendmedical/aws4_request, SignedHeaders=" + names +
            ", Signature=" + signature + "\r\n" + extra;
    return text + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  std::pair<unsigned, Json> ask(const std::string& body, const std::string& target = kTarget,
                                std::string secret = "") {
    testing::TestClient client(port_);
    client.send(signed_request(body, target, secret.empty() ? key_.secret : secret));
    const auto response = client.read();
    if (!response) return {0, nullptr};
    EXPECT_FALSE((*response)["x-amzn-requestid"].empty());
    const auto json = target.empty() ? Json::from_cbor(response->body(), true, false)
                                     : Json::parse(response->body(), nullptr, false);
    return {response->result_int(), json};
  }

  static constexpr const char* kTarget = "ComprehendMedical_20181030.DetectPHI";
  AccessKey key_;
  std::shared_ptr<ComprehendMedical> service_;
  serve::EndpointTable table_;
  std::stop_source stop_;
  std::thread thread_;
  std::uint16_t port_ = 0;
};

TEST_F(DetectPhiTest, OffsetsCountCodePoints) {
  const auto [status, body] =
      ask(R"({"Text":"😀 Patient: Zoë Müller, MRN 448129, seen 03/14/2024."})");
  ASSERT_EQ(status, 200u) << body;
  ASSERT_GE(body["Entities"].size(), 3u);
  const Json& name = body["Entities"][0];
  EXPECT_EQ(name["Type"], "NAME");
  EXPECT_EQ(name["Text"], "Zoë Müller");
  EXPECT_EQ(name["BeginOffset"], 11);
  EXPECT_EQ(name["EndOffset"], 21);
  EXPECT_EQ(name["Category"], "PROTECTED_HEALTH_INFORMATION");
  EXPECT_EQ(body["Entities"][1]["Type"], "ID");
  EXPECT_EQ(body["Entities"][2]["Type"], "DATE");
  EXPECT_FALSE(body["ModelVersion"].get<std::string>().empty());
}

TEST_F(DetectPhiTest, CborGivesTheSame) {
  const std::vector<std::uint8_t> bytes = Json::to_cbor(Json{{"Text", "Dr. Lena Hoang called."}});
  const auto [status, body] = ask(std::string(bytes.begin(), bytes.end()), "");
  ASSERT_EQ(status, 200u);
  EXPECT_EQ(body["Entities"][0]["Text"], "Lena Hoang");
}

TEST_F(DetectPhiTest, RefusalsSayWhy) {
  EXPECT_EQ(ask(R"({"Text":"x"})", kTarget, "not the secret").second["__type"],
            "InvalidSignatureException");
  EXPECT_EQ(ask(R"({"Text":"x"})", kTarget, "not the secret").first, 403u);
  EXPECT_EQ(ask(R"({"Text":""})").second["__type"], "InvalidRequestException");
  EXPECT_EQ(ask(R"({"Nothing":1})").second["__type"], "InvalidRequestException");
  EXPECT_EQ(ask("{").second["__type"], "SerializationException");
  EXPECT_EQ(ask(R"({"Text":")" + std::string(20'001, 'a') + "\"}").second["__type"],
            "TextSizeLimitExceededException");
  EXPECT_EQ(ask(R"({"Text":")" + std::string(20'000, 'a') + "\"}").first, 200u);
  EXPECT_EQ(ask(R"({"Text":"x"})", "ComprehendMedical_20181030.InferICD10CM").second["__type"],
            "UnknownOperationException");
  EXPECT_EQ(ask("\xA0", "").second["__type"],
            "com.amazonaws.comprehendmedical#InvalidRequestException");
}

TEST_F(DetectPhiTest, UnsignedRequestsAndUnknownKeysAreRefused) {
  testing::TestClient client(port_);
  client.send(
      "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: ComprehendMedical_20181030.DetectPHI\r\n"
      "content-length: 2\r\n\r\n{}");
  const auto unsigned_answer = client.read();
  ASSERT_TRUE(unsigned_answer.has_value());
  EXPECT_EQ(unsigned_answer->result_int(), 403u);
  key_.id = "RSDUNKNOWN";
  EXPECT_EQ(ask(R"({"Text":"x"})").second["__type"], "UnrecognizedClientException");
}

TEST_F(DetectPhiTest, ManyClientsAtOnce) {
  std::vector<std::thread> clients;
  std::atomic<int> right = 0;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      for (int k = 0; k < 4; ++k) {
        const auto [status, body] = ask(R"({"Text":"Seen by Dr. Lena Hoang."})");
        right += status == 200 && body["Entities"].size() == 1 ? 1 : 0;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 64);
}

}  // namespace
}  // namespace residency::server
