#include "server/server.h"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "server/testing/test_server.h"

namespace residency::server {
namespace {

using testing::chat_body;
using testing::eventually;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TestClient;
using testing::TestServer;

Json body_of(const std::optional<testing::Response>& response) {
  if (!response) return nullptr;
  auto parsed = parse_json(response->body());
  return parsed.ok() ? *std::move(parsed) : Json(nullptr);
}

unsigned status_of(const std::optional<testing::Response>& response) {
  return response ? response->result_int() : 0;
}

/// The contents of a stream's events, in order, [DONE] included.
std::vector<std::string> events_of(const std::string& body) {
  std::vector<std::string> events;
  for (std::size_t at = body.find("data: "); at != std::string::npos;
       at = body.find("data: ", at + 1)) {
    events.push_back(body.substr(at + 6, body.find("\n\n", at) - at - 6));
  }
  return events;
}

std::string streamed_text(const std::vector<std::string>& events) {
  std::string text;
  for (const auto& event : events) {
    const auto parsed = parse_json(event);
    if (!parsed.ok() || !parsed->contains("choices") || (*parsed)["choices"].empty()) continue;
    text += json_text((*parsed)["choices"][0]["delta"], "content");
  }
  return text;
}

TEST(ServerTest, AnswersAChatInTheOpenAiForm) {
  TestServer server;
  TestClient client(server.port);
  const auto response = client.post(chat_body("hi"), "x-request-id: abc-1\r\n");
  ASSERT_EQ(status_of(response), 200u);
  EXPECT_EQ((*response)["content-type"], "application/json");
  EXPECT_EQ((*response)["x-request-id"], "abc-1");
  EXPECT_FALSE((*response)["date"].empty());
  const Json body = body_of(response);
  EXPECT_EQ(body["choices"][0]["message"]["content"], "echo: hi");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(body["usage"]["prompt_tokens"], 2);
  EXPECT_EQ(body["model"], "icd");
}

TEST(ServerTest, StreamsTheSameAnswerAsServerSentEvents) {
  TestServer server;
  TestClient client(server.port);
  const auto response = client.post(
      chat_body("a SECRET word", R"("stream":true,"stream_options":{"include_usage":true})"));
  ASSERT_EQ(status_of(response), 200u);
  EXPECT_EQ((*response)["content-type"], "text/event-stream; charset=utf-8");
  EXPECT_TRUE(response->chunked());
  const auto events = events_of(response->body());
  ASSERT_GE(events.size(), 4u);
  EXPECT_EQ(events.back(), "[DONE]");
  EXPECT_EQ(streamed_text(events), "echo: a [X] word");
  EXPECT_EQ((*parse_json(events[events.size() - 2]))["usage"]["prompt_tokens"], 13);
  EXPECT_EQ(status_of(client.get("/healthz")), 200u) << "the connection goes on after a stream";
}

TEST(ServerTest, ABlockedAnswerSaysContentFilter) {
  TestServer server;
  TestClient client(server.port);
  const Json body = body_of(client.post(chat_body("FORBIDDEN and much more text after it")));
  EXPECT_EQ(body["choices"][0]["finish_reason"], "content_filter");
  EXPECT_THAT(body.dump(), Not(HasSubstr("FORBID")));
}

TEST(ServerTest, AnHttp10ClientGetsAStreamWithoutChunks) {
  TestServer server;
  TestClient client(server.port);
  const std::string body = chat_body("hi", R"("stream":true)");
  client.send(
      "POST /v1/chat/completions HTTP/1.0\r\nhost: localhost\r\ncontent-type: "
      "application/json\r\ncontent-length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  const std::string raw = client.read_until("[DONE]\n\n");
  EXPECT_THAT(raw, Not(HasSubstr("chunked")));
  EXPECT_EQ(streamed_text(events_of(raw)), "echo: hi");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(ServerTest, RefusalsAreErrorsOfTheOpenAiFormAndTheConnectionGoesOn) {
  TestServer server;
  TestClient client(server.port);
  struct Case {
    std::string body;
    unsigned status;
    std::string param;
  };
  for (const Case& wrong : std::vector<Case>{
           {"{", 400, ""},
           {"", 400, ""},
           {"[1]", 400, ""},
           {R"({"messages":[]})", 400, "model"},
           {R"({"model":"nobody","messages":[]})", 404, "model"},
           {R"({"model":"icd","messages":[]})", 400, "messages"},
           {chat_body("x", R"("temperature":9)"), 400, "temperature"},
           {chat_body("x<|end|>"), 400, "messages"},
           {chat_body("!long"), 400, "messages"},
           {chat_body("!fail"), 500, ""},
           {chat_body("!fail", R"("stream":true)"), 500, ""},
       }) {
    const auto response = client.post(wrong.body);
    ASSERT_EQ(status_of(response), wrong.status) << wrong.body;
    const Json error = body_of(response)["error"];
    ASSERT_TRUE(error.is_object()) << wrong.body;
    EXPECT_EQ(json_text(error, "param"), wrong.param) << wrong.body;
    EXPECT_FALSE(json_text(error, "message").empty());
    EXPECT_FALSE(json_text(error, "type").empty());
  }
  EXPECT_EQ(status_of(client.post(chat_body("x"))), 200u);
}

TEST(ServerTest, OurOwnFaultsKeepTheirDetailsToThemselves) {
  TestServer server;
  TestClient client(server.port);
  const auto response = client.post(chat_body("!fail"));
  EXPECT_THAT(response->body(), Not(HasSubstr("engine")));
}

TEST(ServerTest, UnknownPathsAndWrongMethodsAreJsonErrors) {
  TestServer server;
  TestClient client(server.port);
  const auto missing = client.get("/nothing?x=1");
  EXPECT_EQ(status_of(missing), 404u);
  EXPECT_TRUE(body_of(missing)["error"].is_object());
  const auto wrong = client.get("/v1/chat/completions");
  EXPECT_EQ(status_of(wrong), 405u);
  EXPECT_EQ((*wrong)["allow"], "POST");
  client.send("HEAD /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(client.read(true)), 200u);
  client.send("BREW /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(client.read()), 405u);
  EXPECT_EQ(status_of(client.post("{}", "content-type: text/plain\r\n")), 400u)
      << "the first content type counts; the body has no model";
}

TEST(ServerTest, AnotherContentTypeIsRefused) {
  TestServer server;
  TestClient client(server.port);
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\n"
      "content-length: 2\r\n\r\n{}");
  EXPECT_EQ(status_of(client.read()), 415u);
}

TEST(ServerTest, ListsModelsHealthReadinessAndMetrics) {
  TestServer server;
  TestClient client(server.port);
  const Json models = body_of(client.get("/v1/models"));
  EXPECT_EQ(models["data"][0]["id"], "icd");
  EXPECT_EQ(models["data"][0]["created"], 1795428000);
  EXPECT_EQ(status_of(client.get("/healthz")), 200u);
  EXPECT_EQ(status_of(client.get("/readyz")), 200u);
  ASSERT_EQ(status_of(client.post(chat_body("one SECRET"))), 200u);
  const auto metrics = client.get("/metrics");
  ASSERT_EQ(status_of(metrics), 200u);
  EXPECT_THAT(
      metrics->body(),
      HasSubstr(R"(residency_endpoint_filtered_spans_total{deployment="icd",version="3"} 1)"));
  EXPECT_THAT(metrics->body(),
              HasSubstr("residency_http_responses_total{route=\"/v1/chat/completions\","
                        "status=\"200\"} 1"));
  EXPECT_THAT(metrics->body(), Not(HasSubstr("SECRET")));
  server.table.remove("icd");
  EXPECT_EQ(status_of(client.get("/readyz")), 503u);
}

TEST(ServerTest, GarbageIsRefusedAndTheConnectionClosed) {
  TestServer server;
  for (const std::string& garbage :
       {std::string("\x16\x03\x01\x02\x00\x01\x00", 7), std::string("hello\r\n\r\n"),
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string("GET  HTTP/1.1\r\n\r\n"),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        std::string("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: -5\r\n\r\n"),
        std::string("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 4\r\n"
                    "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        std::string("POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: "
                    "chunked\r\n\r\nzz\r\n")}) {
    TestClient client(server.port);
    client.send(garbage);
    EXPECT_EQ(status_of(client.read()), 400u) << garbage;
    EXPECT_TRUE(client.closed_by_server()) << garbage;
  }
}

TEST(ServerTest, GarbageAfterARequestDoesNotSpoilItsAnswer) {
  TestServer server;
  TestClient client(server.port);
  client.send(TestClient::post_text(chat_body("one")) + "garbage\r\n\r\n");
  EXPECT_EQ(body_of(client.read())["choices"][0]["message"]["content"], "echo: one");
  EXPECT_EQ(status_of(client.read()), 400u);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  TestServer server;
  TestClient client(server.port);
  client.send(TestClient::post_text(chat_body("one")) + TestClient::post_text(chat_body("two")) +
              "GET /healthz HTTP/1.1\r\n\r\n");
  EXPECT_EQ(body_of(client.read())["choices"][0]["message"]["content"], "echo: one");
  EXPECT_EQ(body_of(client.read())["choices"][0]["message"]["content"], "echo: two");
  EXPECT_EQ(body_of(client.read())["status"], "ok");
}

TEST(ServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
  TestServer server;
  TestClient client(server.port);
  const std::string body = chat_body("hi");
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: "
      "application/json\r\nexpect: 100-continue\r\ncontent-length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("100 Continue"));
  client.send(body);
  EXPECT_THAT(client.read_until("echo: hi"), HasSubstr("200 OK"));
}

TEST(ServerLimitsTest, BodiesAndHeadersHaveBounds) {
  ServerOptions options;
  options.body_bytes_max = 2000;
  options.header_bytes_max = 1024;
  TestServer server(options);
  const auto body_of_size = [](std::size_t bytes) {
    const std::string frame = chat_body("");
    return chat_body(std::string(bytes - frame.size(), 'x'));
  };
  TestClient within(server.port);
  EXPECT_EQ(status_of(within.post(body_of_size(2000))), 200u);
  TestClient over(server.port);
  EXPECT_EQ(status_of(over.post(body_of_size(2001))), 413u);
  EXPECT_TRUE(over.closed_by_server());
  TestClient chunked(server.port);
  chunked.send("POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" +
               std::string("7d1\r\n") + std::string(2001, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(status_of(chunked.read()), 413u);
  TestClient wide(server.port);
  wide.send("GET /healthz HTTP/1.1\r\nx: " + std::string(2000, 'y') + "\r\n\r\n");
  EXPECT_EQ(status_of(wide.read()), 431u);
}

TEST(ServerLimitsTest, ASlowRequestIsRefusedAndAnIdleConnectionClosed) {
  ServerOptions options;
  options.header_timeout_ms = 50;
  options.body_timeout_ms = 50;
  options.idle_timeout_ms = 50;
  TestServer server(options);
  TestClient headers(server.port);
  headers.send("GET /healthz HT");
  EXPECT_EQ(status_of(headers.read()), 408u);
  TestClient body(server.port);
  body.send("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc");
  EXPECT_EQ(status_of(body.read()), 408u);
  TestClient idle(server.port);
  EXPECT_TRUE(idle.closed_by_server());
}

TEST(ServerLimitsTest, ADripOfBytesDoesNotPutTheHeaderLimitOff) {
  ServerOptions options;
  options.header_timeout_ms = 100;
  TestServer server(options);
  TestClient client(server.port);
  std::atomic<bool> done{false};
  std::thread drip([&] {
    client.send("GET /healthz HTTP/1.1\r\n");
    for (int i = 0; i < 20'000 && !done; ++i) {
      if (!client.send("x")) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("408"));
  done = true;
  drip.join();
}

TEST(ServerLimitsTest, ConnectionsOverTheBoundAreTurnedAway) {
  ServerOptions options;
  options.connections_max = 2;
  TestServer server(options);
  TestClient first(server.port);
  TestClient second(server.port);
  ASSERT_EQ(status_of(first.get("/healthz")), 200u);
  ASSERT_EQ(status_of(second.get("/healthz")), 200u);
  TestClient third(server.port);
  const auto refused = third.read();
  EXPECT_EQ(status_of(refused), 503u);
  EXPECT_FALSE((*refused)["retry-after"].empty());
  first.close();
  EXPECT_TRUE(eventually([&] {
    TestClient again(server.port);
    return status_of(again.get("/healthz")) == 200u;
  }));
}

TEST(ServerLimitsTest, AFullQueueIs429WithRetryAfter) {
  serve::EndpointOptions endpoint;
  endpoint.queue_max = 0;
  TestServer server({}, endpoint);
  server.probe->hold = true;
  TestClient first(server.port);
  first.send(TestClient::post_text(chat_body("x")));
  ASSERT_TRUE(eventually([&] { return server.stats().running == 1; }));
  TestClient second(server.port);
  const auto refused = second.post(chat_body("y"));
  EXPECT_EQ(status_of(refused), 429u);
  EXPECT_FALSE((*refused)["retry-after"].empty());
  EXPECT_EQ(json_text(body_of(refused)["error"], "type"), "rate_limit_error");
  server.probe->hold = false;
  EXPECT_EQ(status_of(first.read()), 200u);
}

TEST(ServerLimitsTest, AnAnswerPastItsTimeIs504OrAnErrorEvent) {
  serve::EndpointOptions endpoint;
  endpoint.timeout_ms = 50;
  endpoint.limits.tokens_max = 1 << 20;
  TestServer server({}, endpoint);
  TestClient client(server.port);
  EXPECT_EQ(status_of(client.post(chat_body("!endless", R"("max_tokens":1000000)"))), 504u);
  const auto stream = client.post(chat_body("!endless", R"("max_tokens":1000000,"stream":true)"));
  const auto events = events_of(stream->body());
  ASSERT_GE(events.size(), 2u);
  EXPECT_THAT(events[events.size() - 2], HasSubstr("time limit"));
  EXPECT_EQ(events.back(), "[DONE]");
}

class ClientGoneTest : public ::testing::TestWithParam<bool> {};

TEST_P(ClientGoneTest, AClientThatLeavesStopsTheGeneration) {
  serve::EndpointOptions endpoint;
  endpoint.limits.tokens_max = 1 << 20;
  TestServer server({}, endpoint);
  for (const bool stream : {true, false}) {
    const auto before = server.stats().cancelled;
    TestClient client(server.port);
    client.send(TestClient::post_text(
        chat_body("!endless",
                  std::string(R"("max_tokens":1000000,"stream":)") + (stream ? "true" : "false"))));
    if (stream) {
      client.read_until("tick");
    } else {
      ASSERT_TRUE(eventually([&] { return server.stats().running == 1; }));
    }
    if (GetParam()) {
      client.reset();
    } else {
      client.close();
    }
    EXPECT_TRUE(eventually([&] { return server.stats().cancelled == before + 1; }));
  }
  TestClient next(server.port);
  EXPECT_EQ(status_of(next.post(chat_body("x"))), 200u);
}

INSTANTIATE_TEST_SUITE_P(CloseAndReset, ClientGoneTest, ::testing::Bool());

TEST(ServerTest, ConcurrentClientsEachGetTheirOwnAnswer) {
  serve::EndpointOptions endpoint;
  endpoint.queue_max = 1000;
  TestServer server({}, endpoint);
  std::atomic<int> wrong{0};
  std::vector<std::thread> clients;
  for (int number = 0; number < 16; ++number) {
    clients.emplace_back([&, number] {
      TestClient client(server.port);
      for (int i = 0; i < 25; ++i) {
        const std::string text = std::to_string(number) + "-" + std::to_string(i);
        const bool stream = i % 2 == 0;
        const auto response =
            client.post(chat_body(text, stream ? R"("stream":true)" : R"("stream":false)"));
        const std::string answer =
            !response ? ""
            : stream  ? streamed_text(events_of(response->body()))
                      : body_of(response)["choices"][0]["message"]["content"].get<std::string>();
        if (answer != "echo: " + text) ++wrong;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ServerTest, RandomDisconnectsLeaveAWorkingServer) {
  serve::EndpointOptions endpoint;
  endpoint.queue_max = 1000;
  TestServer server({}, endpoint);
  std::vector<std::thread> clients;
  for (int number = 0; number < 8; ++number) {
    clients.emplace_back([&, number] {
      for (int i = 0; i < 20; ++i) {
        TestClient client(server.port);
        const std::string text =
            TestClient::post_text(chat_body("!endless", R"("max_tokens":20,"stream":true)"));
        client.send(text.substr(0, static_cast<std::size_t>(number * 20 + i * 13) % text.size()));
        if (i % 3 == 0) client.reset();
      }
    });
  }
  for (auto& client : clients) client.join();
  TestClient next(server.port);
  EXPECT_EQ(status_of(next.post(chat_body("x"))), 200u);
}

TEST(ServerOptionsTest, OptionsHaveBoundsAndUnknownKeysAreRefused) {
  const auto parse = [](const char* yaml) {
    return ServerOptions::from_config(*ConfigNode::parse(yaml, "server.yaml"));
  };
  EXPECT_EQ(parse("port: 0\nconnections_max: 5")->connections_max, 5);
  EXPECT_FALSE(parse("port: 65536").ok());
  EXPECT_FALSE(parse("prot: 1").ok());
}

}  // namespace
}  // namespace residency::server
