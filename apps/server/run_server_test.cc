// How a server starts and ends.
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.h"
#include "server/server.h"
#include "server/testing/test_server.h"

namespace residency::server {
namespace {

using testing::chat_body;
using testing::eventually;
using ::testing::HasSubstr;
using testing::TestClient;
using testing::TestServer;

unsigned status_of(const std::optional<testing::Response>& response) {
  return response ? response->result_int() : 0;
}

TEST(ServerDrainTest, WhatWasAskedIsAnsweredBeforeTheServerEnds) {
  TestServer server;
  TestClient idle(server.port);
  ASSERT_EQ(status_of(idle.get("/healthz")), 200u);
  server.probe->hold = true;
  TestClient busy(server.port);
  busy.send(TestClient::post_text(chat_body("last")));
  ASSERT_TRUE(eventually([&] { return server.stats().running == 1; }));
  server.stop();
  EXPECT_TRUE(idle.closed_by_server());
  server.probe->hold = false;
  const auto response = busy.read();
  EXPECT_THAT(*parse_json(response->body()), ::testing::Truly([](const Json& body) {
    return body["choices"][0]["message"]["content"] == "echo: last";
  }));
  EXPECT_FALSE(response->keep_alive());
  EXPECT_TRUE(server.wait().ok());
}

TEST(ServerDrainTest, ASignalEndsAServerWithAndWithoutConnections) {
  for (const bool connected : {false, true}) {
    serve::EndpointTable table;
    ServerOptions options;
    options.port = 0;
    std::promise<std::uint16_t> port;
    std::promise<bool> ended;
    std::thread thread([&] {
      ended.set_value(
          run_server(options, table, {}, [&](std::uint16_t bound) { port.set_value(bound); }).ok());
    });
    const std::uint16_t bound = port.get_future().get();
    TestClient client(bound);
    if (connected) {
      EXPECT_EQ(status_of(client.get("/healthz")), 200u);
    } else {
      client.get("/healthz", "connection: close\r\n");
      EXPECT_TRUE(client.closed_by_server());
    }
    ::kill(::getpid(), SIGTERM);
    EXPECT_TRUE(ended.get_future().get());
    thread.join();
  }
}

TEST(ServerDrainTest, TheDrainHasAnEnd) {
  ServerOptions options;
  options.drain_timeout_ms = 50;
  serve::EndpointOptions endpoint;
  endpoint.limits.tokens_max = 1 << 20;
  TestServer server(options, endpoint);
  TestClient busy(server.port);
  busy.send(TestClient::post_text(chat_body("!endless", R"("max_tokens":1000000)")));
  ASSERT_TRUE(eventually([&] { return server.stats().running == 1; }));
  server.stop();
  EXPECT_TRUE(server.wait().ok());
  EXPECT_TRUE(busy.closed_by_server());
}

TEST(RunServerTest, BeyondLoopbackAKeyIsRequired) {
  serve::EndpointTable table;
  ServerOptions options;
  options.address = "0.0.0.0";
  options.handle_signals = false;
  const auto outcome = run_server(options, table, {}, {});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(outcome.error().message(), HasSubstr("API key"));
}

TEST(RunServerTest, ATakenPortABadAddressAndAMissingKeyFileAreErrors) {
  TestServer server;
  serve::EndpointTable table;
  ServerOptions options;
  options.handle_signals = false;
  options.port = server.port;
  EXPECT_EQ(run_server(options, table, {}, {}).error().code(), ErrorCode::kIoError);
  options.address = "not an address";
  EXPECT_EQ(run_server(options, table, {}, {}).error().code(), ErrorCode::kInvalidArgument);
  options.address = "127.0.0.1";
  options.api_keys_file = "/nonexistent/keys";
  EXPECT_EQ(run_server(options, table, {}, {}).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace residency::server
