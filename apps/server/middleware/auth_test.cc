#include "server/middleware/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/testing/memory_workspace.h"
#include "server/middleware/request_id.h"
#include "server/testing/test_server.h"

namespace residency::server {
namespace {

using testing::chat_body;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TestClient;
using testing::TestServer;

HttpRequest with(const Headers& headers) {
  HttpRequest request;
  request.headers = headers;
  return request;
}

TEST(ApiKeysTest, AKnownKeyNamesItsCaller) {
  const auto keys = ApiKeys::parse(
      "# comment\n\nward-3 correct-horse-battery\r\n"
      "lab sha256:a52dc4a8fba21b8bdc9b3a8d8a0e2f9b4b4f1c2b6a7d8e9f0a1b2c3d4e5f6071\n",
      "keys");
  ASSERT_TRUE(keys.ok()) << keys.error().message();
  const auto caller = keys->authorize(with({{"authorization", "Bearer correct-horse-battery"}}));
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(*caller, "ward-3");
  EXPECT_TRUE(keys->authorize(with({{"authorization", "bearer  correct-horse-battery "}})).ok());
}

TEST(ApiKeysTest, ADigestStandsForItsKey) {
  // sha256 of "0123456789abcdef", from coreutils' sha256sum.
  const auto keys = ApiKeys::parse(
      "lab sha256:9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f", "keys");
  ASSERT_TRUE(keys.ok());
  EXPECT_TRUE(keys->authorize(with({{"authorization", "Bearer 0123456789abcdef"}})).ok());
}

TEST(ApiKeysTest, EverythingElseIsUnauthenticated) {
  const auto keys = ApiKeys::parse("ward-3 correct-horse-battery", "keys");
  for (const auto* value :
       {"", "Bearer", "Bearer ", "Bearer wrong-horse-battery", "Basic correct-horse-battery",
        "correct-horse-battery", "Bearer correct-horse-batter", "Bearer correct-horse-battery x"}) {
    const auto caller = keys->authorize(with({{"authorization", value}, {"host", "localhost"}}));
    ASSERT_FALSE(caller.ok()) << value;
    EXPECT_EQ(caller.error().code(), ErrorCode::kUnauthenticated);
  }
  EXPECT_FALSE(keys->authorize(with({{"host", "localhost"}})).ok());
}

TEST(ApiKeysTest, ABrokenFileNamesItsLineAndNeverTheKey) {
  for (const auto* text :
       {"", "# only a comment\n", "ok correct-horse-battery\nnokey\n", "a short-key\n",
        "b@d correct-horse-battery\n", "a sha256:12\n", "a two words-in-a-key-here\n"}) {
    const auto keys = ApiKeys::parse(text, "keys");
    ASSERT_FALSE(keys.ok()) << text;
    EXPECT_EQ(keys.error().code(), ErrorCode::kInvalidInput);
    EXPECT_THAT(keys.error().message(), Not(HasSubstr("short-key")));
    EXPECT_THAT(keys.error().message(), HasSubstr("keys"));
  }
}

TEST(ApiKeysTest, WithoutKeysOnlyThisMachineMayAsk) {
  const ApiKeys none;
  for (const auto* host :
       {"localhost", "LOCALHOST:8080", "127.0.0.1", "127.8.9.1:80", "[::1]", "[::1]:8080"}) {
    EXPECT_TRUE(none.authorize(with({{"host", host}})).ok()) << host;
  }
  for (const auto* host : {"", "example.org", "127.0.0.1.example.org", "10.0.0.1", "[::2]",
                           "localhost.example.org", "[::1].example.org"}) {
    const auto caller = none.authorize(with({{"host", host}}));
    ASSERT_FALSE(caller.ok()) << host;
    EXPECT_EQ(caller.error().code(), ErrorCode::kPermissionDenied);
  }
}

TEST(ApiKeysTest, WithoutKeysAStrangeWebPageMayNotAsk) {
  const ApiKeys none;
  EXPECT_TRUE(
      none.authorize(with({{"host", "localhost"}, {"origin", "http://localhost:5173"}})).ok());
  EXPECT_FALSE(
      none.authorize(with({{"host", "localhost"}, {"origin", "https://example.org"}})).ok());
  EXPECT_FALSE(none.authorize(with({{"host", "localhost"}, {"origin", "null"}})).ok());
}

TEST(ApiKeysTest, TheServerAsksForTheKeyButForHealth) {
  const deploy::testing::TemporaryFile file("ward-3 correct-horse-battery\n");
  ServerOptions options;
  options.api_keys_file = file.path();
  TestServer server(options);
  TestClient client(server.port);
  const auto refused = client.post(chat_body("x"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->result_int(), 401u);
  EXPECT_EQ((*refused)["www-authenticate"], "Bearer");
  EXPECT_EQ(client.get("/metrics")->result_int(), 401u);
  EXPECT_EQ(client.get("/v1/models")->result_int(), 401u);
  EXPECT_EQ(client.get("/healthz")->result_int(), 200u);
  EXPECT_EQ(client.get("/readyz")->result_int(), 200u);
  EXPECT_EQ(
      client.post(chat_body("x"), "authorization: Bearer correct-horse-battery\r\n")->result_int(),
      200u);
}

TEST(RequestIdTest, AnIdIsRepeatedOnlyWhereItIsSafe) {
  EXPECT_EQ(accept_request_id("a-1_B.c"), "a-1_B.c");
  for (const std::string& wanted :
       {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a\r\nx: y")}) {
    const auto made = accept_request_id(wanted);
    EXPECT_NE(made, wanted);
    EXPECT_EQ(made.size(), 24u);
  }
  EXPECT_NE(make_request_id(), make_request_id());
}

}  // namespace
}  // namespace residency::server
