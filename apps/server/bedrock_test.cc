// Bedrock Runtime's operations, and the OpenAI routes beside chat, over a fake engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "serve/base64.h"
#include "serve/event_stream.h"
#include "server/aws/bedrock_runtime.h"
#include "server/server.h"
#include "server/testing/test_server.h"

namespace residency::server {
namespace {

using ::testing::HasSubstr;
using testing::TestClient;
using testing::TestServer;

Json body_of(const std::optional<testing::Response>& response) {
  if (!response) return nullptr;
  auto parsed = parse_json(response->body());
  return parsed.ok() ? *std::move(parsed) : Json(nullptr);
}

struct Event {
  std::string name;
  Json payload;
};

std::vector<Event> events_of(std::string bytes) {
  std::vector<Event> events;
  for (auto frame = serve::take_event_frame(bytes); frame.ok() && *frame;
       frame = serve::take_event_frame(bytes)) {
    std::string name;
    for (const auto& [key, value] : (*frame)->headers) {
      if (key == ":event-type" || key == ":exception-type") name = value;
    }
    events.push_back({name, *parse_json((*frame)->payload)});
  }
  EXPECT_TRUE(bytes.empty());
  return events;
}

constexpr const char* kHi = R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})";

TEST(BedrockTest, ConverseAnswersByNameVersionAndArn) {
  TestServer server;
  TestClient client(server.port);
  for (const char* id :
       {"icd", "icd@3",
        "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Acustom-model-deployment%2Ficd"}) {
    const auto response = client.post_to(std::string("/model/") + id + "/converse", kHi);
    ASSERT_EQ(response->result_int(), 200u) << id << response->body();
    EXPECT_FALSE((*response)["x-amzn-requestid"].empty());
    const Json body = body_of(response);
    EXPECT_EQ(body["output"]["message"]["content"][0]["text"], "echo: hi");
    EXPECT_EQ(body["stopReason"], "end_turn");
    EXPECT_EQ(body["usage"]["inputTokens"], 2);
  }
}

TEST(BedrockTest, ConverseStreamSendsFramesInOrder) {
  TestServer server;
  TestClient client(server.port);
  const auto response = client.post_to("/model/icd/converse-stream", kHi);
  ASSERT_EQ(response->result_int(), 200u);
  EXPECT_EQ((*response)["content-type"], "application/vnd.amazon.eventstream");
  const auto events = events_of(response->body());
  ASSERT_GE(events.size(), 5u);
  EXPECT_EQ(events.front().name, "messageStart");
  std::string text;
  for (const auto& event : events) {
    if (event.name == "contentBlockDelta") text += json_text(event.payload["delta"], "text");
  }
  EXPECT_EQ(text, "echo: hi");
  EXPECT_EQ(events[events.size() - 3].name, "contentBlockStop");
  EXPECT_EQ(events[events.size() - 2].name, "messageStop");
  EXPECT_EQ(events.back().name, "metadata");
  EXPECT_EQ(events.back().payload["usage"]["outputTokens"], 3);
}

TEST(BedrockTest, InvokeModelInItsForms) {
  TestServer server;
  TestClient client(server.port);
  const auto llama = client.post_to("/model/icd/invoke", R"({"prompt":"once","max_gen_len":64})");
  ASSERT_EQ(llama->result_int(), 200u) << llama->body();
  EXPECT_EQ(body_of(llama)["generation"], "echo: once");
  EXPECT_EQ(body_of(llama)["stop_reason"], "stop");
  EXPECT_EQ((*llama)["x-amzn-bedrock-input-token-count"], "4");
  const auto chat =
      client.post_to("/model/icd/invoke", R"({"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(body_of(chat)["choices"][0]["message"]["content"], "echo: hi");
  const auto titan = client.post_to("/model/icd/invoke", R"({"inputText":"four"})");
  EXPECT_EQ(body_of(titan)["embedding"][0], 4.0);
  EXPECT_EQ(body_of(titan)["inputTextTokenCount"], 4);
  const auto stream = client.post_to("/model/icd/invoke-with-response-stream",
                                     R"({"prompt":"once","max_gen_len":64})");
  ASSERT_EQ(stream->result_int(), 200u);
  EXPECT_EQ((*stream)["x-amzn-bedrock-content-type"], "application/json");
  std::string text;
  Json last;
  for (const auto& event : events_of(stream->body())) {
    EXPECT_EQ(event.name, "chunk");
    last = *parse_json(*serve::base64_bytes(json_text(event.payload, "bytes")));
    text += json_text(last, "generation");
  }
  EXPECT_EQ(text, "echo: once");
  EXPECT_EQ(last["amazon-bedrock-invocationMetrics"]["inputTokenCount"], 4);
}

TEST(BedrockTest, CountTokensAndApplyGuardrail) {
  TestServer server;
  TestClient client(server.port);
  const auto counted = client.post_to("/model/icd/count-tokens",
                                      std::string(R"({"input":{"converse":)") + kHi + "}}");
  EXPECT_EQ(body_of(counted)["inputTokens"], 2) << counted->body();
  const auto invoke = client.post_to("/model/icd/count-tokens",
                                     R"({"input":{"invokeModel":{"body":")" +
                                         serve::base64_text(R"({"prompt":"once"})") + "\"}}}");
  EXPECT_EQ(body_of(invoke)["inputTokens"], 4) << invoke->body();
  const auto masked =
      client.post_to("/guardrail/filter/version/1/apply",
                     R"({"source":"OUTPUT","content":[{"text":{"text":"a SECRET"}}]})");
  EXPECT_EQ(body_of(masked)["action"], "GUARDRAIL_INTERVENED") << masked->body();
  EXPECT_EQ(body_of(masked)["outputs"][0]["text"], "a [X]");
  const auto none = client.post_to("/guardrail/other/version/1/apply",
                                   R"({"source":"OUTPUT","content":[{"text":{"text":"a"}}]})");
  EXPECT_EQ(none->result_int(), 404u);
  EXPECT_EQ((*none)["x-amzn-errortype"], "ResourceNotFoundException");
}

TEST(BedrockTest, ErrorsHaveTheirNames) {
  TestServer server;
  TestClient client(server.port);
  struct Case {
    std::string path;
    std::string body;
    unsigned status;
    std::string name;
  };
  for (const Case& wrong : std::vector<Case>{
           {"/model/icd/converse", "{", 400, "ValidationException"},
           {"/model/icd/converse", "{}", 400, "ValidationException"},
           {"/model/nobody/converse", kHi, 404, "ResourceNotFoundException"},
           {"/model/icd@9/converse", kHi, 404, "ResourceNotFoundException"},
           {"/model/icd@x/converse", kHi, 400, "ValidationException"},
           {"/model/icd%2/converse", kHi, 400, "ValidationException"},
           {"/model/icd/dance", kHi, 404, "UnknownOperationException"},
           {"/model/icd", kHi, 404, "UnknownOperationException"},
           {"/guardrail/x", kHi, 404, "UnknownOperationException"},
           {"/guardrail/x/version/apply", kHi, 404, "UnknownOperationException"},
           {"/model/icd/converse-stream",
            R"({"messages":[{"role":"user","content":[{"text":"!long"}]}]})", 400,
            "ValidationException"},
           {"/model/icd/converse", R"({"messages":[{"role":"user","content":[{"text":"!fail"}]}]})",
            500, "InternalServerException"},
       }) {
    const auto response = client.post_to(wrong.path, wrong.body);
    ASSERT_TRUE(response) << wrong.path;
    EXPECT_EQ(response->result_int(), wrong.status) << wrong.path << response->body();
    EXPECT_EQ((*response)["x-amzn-errortype"], wrong.name) << wrong.path;
    EXPECT_FALSE(json_text(body_of(response), "message").empty());
  }
}

TEST(BedrockTest, WithKeysOnlyTheirHoldersAreAnswered) {
  ServerServices services;
  const auto key = services.access_keys.create("ward", "2026-11-23T10:00:00Z");
  ASSERT_TRUE(key.ok());
  TestServer server({}, {}, services);
  TestClient client(server.port);
  const auto nobody = client.post_to("/model/icd/converse", kHi);
  EXPECT_EQ(nobody->result_int(), 403u);
  EXPECT_EQ((*nobody)["x-amzn-errortype"], "MissingAuthenticationTokenException");
  const auto wrong = client.post_to(
      "/model/icd/converse", kHi,
      "authorization: AWS4-HMAC-SHA256 Credential=NOBODY/20261123/us-east-1/bedrock/aws4_request, "
      "SignedHeaders=host;x-amz-date, Signature=" +
          std::string(64, 'a') + "\r\nx-amz-date: 20261123T100000Z\r\n");
  EXPECT_EQ((*wrong)["x-amzn-errortype"], "UnrecognizedClientException");
  const auto forged = client.post_to(
      "/model/icd/converse", kHi,
      "authorization: AWS4-HMAC-SHA256 Credential=" + key->id +
          "/20261123/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=" +
          std::string(64, 'a') + "\r\nx-amz-date: 20261123T100000Z\r\n");
  EXPECT_EQ((*forged)["x-amzn-errortype"], "InvalidSignatureException");
}

TEST(OpenAiRoutesTest, CompletionsEmbeddingsAndVersions) {
  TestServer server;
  TestClient client(server.port);
  const auto text = client.post_to("/v1/completions", R"({"model":"icd@3","prompt":"once"})");
  ASSERT_EQ(text->result_int(), 200u) << text->body();
  EXPECT_EQ(body_of(text)["choices"][0]["text"], "echo: once");
  EXPECT_EQ(body_of(text)["residency"]["version"], 3);
  const auto vectors = client.post_to("/v1/embeddings", R"({"model":"icd","input":["ab","c"]})");
  ASSERT_EQ(vectors->result_int(), 200u) << vectors->body();
  EXPECT_EQ(body_of(vectors)["data"][1]["embedding"][0], 1.0);
  const auto wrong = client.post_to("/v1/embeddings", R"({"model":"icd","input":7})");
  EXPECT_EQ(wrong->result_int(), 400u);
}

TEST(MeterTest, ABudgetIsKeptAndSaysWhenToTryAgain) {
  ServerServices services;
  services.meter = std::make_shared<serve::Meter>();
  serve::CallerLimits limits;
  limits.tokens_per_day = 5;
  services.meter->set_limits("icd", limits);
  TestServer server({}, {}, services);
  TestClient client(server.port);
  const std::string body = testing::chat_body("hi");
  EXPECT_EQ(client.post(body)->result_int(), 200u);
  const auto over = client.post(body);
  ASSERT_EQ(over->result_int(), 429u);
  EXPECT_GT(std::stoi(std::string((*over)["retry-after"])), 0);
  EXPECT_THAT(over->body(), HasSubstr("budget"));
  const auto lines = services.meter->lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].caller, "local");
  EXPECT_EQ(lines[0].usage.requests, 1u);
  EXPECT_EQ(lines[0].usage.prompt_tokens, 2u);
  EXPECT_EQ(lines[0].usage.completion_tokens, 3u);
}

TEST(PathTest, SegmentsAreDecodedOrRefused) {
  EXPECT_EQ(*decode_segment("a%3Ab%2fc"), "a:b/c");
  EXPECT_EQ(*decode_segment("abc%41"), "abcA");
  for (const char* wrong : {"%", "a%4", "%zz", "%4g"}) EXPECT_FALSE(decode_segment(wrong).ok());
}

}  // namespace
}  // namespace residency::server
