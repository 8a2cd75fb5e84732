// HTTP/2 with prior knowledge on the port that speaks HTTP/1.1, through libnghttp2's client side.
#include <array>
#include <gtest/gtest.h>
#include <map>
#include <nghttp2/nghttp2.h>

#include "base/json.h"
#include "server/h2_codec.h"
#include "server/server.h"
#include "server/testing/test_server.h"

namespace residency::server {
namespace {

using testing::eventually;
using testing::TestServer;

struct Answer {
  std::map<std::string, std::string> headers;
  std::string body;
  bool closed = false;
  std::uint32_t error = 0;
};

/// One connection of a client.
class H2Client {
 public:
  explicit H2Client(std::uint16_t port) : socket_(context_) {
    socket_.connect({testing::asio::ip::address_v4::loopback(), port});
    const timeval limit{20, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_close);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~H2Client() { nghttp2_session_del(session_); }
  H2Client(const H2Client&) = delete;
  H2Client& operator=(const H2Client&) = delete;

  std::int32_t post(const std::string& path, std::string body) {
    const std::vector<std::pair<std::string, std::string>> fields{
        {":method", "POST"},
        {":scheme", "http"},
        {":path", path},
        {":authority", "localhost"},
        {"content-type", "application/json"}};
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : fields) {
      list.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
                      value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    bodies_.push_back(std::make_unique<std::string>(std::move(body)));
    nghttp2_data_provider provider{};
    provider.source.ptr = bodies_.back().get();
    provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* into,
                                std::size_t room, std::uint32_t* flags, nghttp2_data_source* from,
                                void*) -> ssize_t {
      auto& text = *static_cast<std::string*>(from->ptr);
      const std::size_t bytes = std::min(room, text.size());
      std::copy_n(text.begin(), bytes, into);
      text.erase(0, bytes);
      if (text.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(bytes);
    };
    const auto stream =
        nghttp2_submit_request(session_, nullptr, list.data(), list.size(), &provider, nullptr);
    flush();
    return stream;
  }
  void go_away() {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
    flush();
  }
  void reset(std::int32_t stream) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    flush();
  }
  /// Reads once; false at the connection's end.
  bool read() {
    std::array<char, 4096> piece{};
    boost::system::error_code error;
    const auto bytes = socket_.read_some(testing::asio::buffer(piece), error);
    if (error) return false;
    nghttp2_session_mem_recv(session_, reinterpret_cast<std::uint8_t*>(piece.data()), bytes);
    flush();
    return true;
  }
  Answer& wait(std::int32_t stream) {
    while (!answers[stream].closed && read()) {
    }
    return answers[stream];
  }

  std::map<std::int32_t, Answer> answers;

 private:
  void flush() {
    const std::uint8_t* data = nullptr;
    for (auto bytes = nghttp2_session_mem_send(session_, &data); bytes > 0;
         bytes = nghttp2_session_mem_send(session_, &data)) {
      boost::system::error_code error;
      testing::asio::write(socket_, testing::asio::buffer(data, static_cast<std::size_t>(bytes)),
                           error);
    }
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_bytes, const std::uint8_t* value, std::size_t value_bytes,
                       std::uint8_t, void* user) {
    static_cast<H2Client*>(user)
        ->answers[frame->hd.stream_id]
        .headers[{reinterpret_cast<const char*>(name), name_bytes}] = {
        reinterpret_cast<const char*>(value), value_bytes};
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                     std::size_t bytes, void* user) {
    static_cast<H2Client*>(user)->answers[stream].body.append(reinterpret_cast<const char*>(data),
                                                              bytes);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user) {
    static_cast<H2Client*>(user)->answers[stream].closed = true;
    static_cast<H2Client*>(user)->answers[stream].error = error;
    return 0;
  }

  testing::asio::io_context context_;
  testing::asio::ip::tcp::socket socket_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<std::string>> bodies_;
};

constexpr const char* kChat = "/v1/chat/completions";

TEST(H2Test, ManyRequestsOnOneConnectionGetTheirOwnAnswers) {
  TestServer server;
  H2Client client(server.port);
  std::vector<std::int32_t> streams;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(client.post(kChat, testing::chat_body("n" + std::to_string(i))));
  }
  for (int i = 0; i < 20; ++i) {
    const Answer& answer = client.wait(streams[static_cast<std::size_t>(i)]);
    ASSERT_EQ(answer.headers.at(":status"), "200");
    const Json body = *parse_json(answer.body);
    EXPECT_EQ(body["choices"][0]["message"]["content"], "echo: n" + std::to_string(i));
    EXPECT_EQ(answer.headers.at("content-length"), std::to_string(answer.body.size()));
  }
}

TEST(H2Test, AStreamGoesOnAfterTheClientSaidGoAway) {
  TestServer server;
  server.probe->hold = true;
  H2Client client(server.port);
  const auto stream = client.post(kChat, testing::chat_body("hi", R"("stream":true)"));
  ASSERT_TRUE(eventually([&] { return server.probe->generations == 1; }));
  client.go_away();
  server.probe->hold = false;
  const Answer& answer = client.wait(stream);
  EXPECT_TRUE(answer.closed);
  EXPECT_EQ(answer.error, 0u);
  EXPECT_NE(answer.body.find("[DONE]"), std::string::npos);
}

TEST(H2Test, AResetStopsTheGenerationAndTheConnectionGoesOn) {
  TestServer server;
  H2Client client(server.port);
  const auto stream =
      client.post(kChat, testing::chat_body("!endless", R"("stream":true,"max_tokens":4096)"));
  while (client.answers[stream].body.empty() && client.read()) {
  }
  client.reset(stream);
  EXPECT_TRUE(eventually([&] { return server.probe->cancelled == 1; }));
  EXPECT_EQ(client.wait(client.post(kChat, testing::chat_body("x"))).headers.at(":status"), "200");
}

TEST(H2Test, BoundsHoldAndOthersAreAnswered) {
  ServerOptions options;
  options.body_bytes_max = 2048;
  TestServer server(options);
  H2Client client(server.port);
  EXPECT_EQ(client.wait(client.post(kChat, std::string(4096, ' '))).headers.at(":status"), "413");
  EXPECT_EQ(client.wait(client.post(kChat, testing::chat_body("x"))).headers.at(":status"), "200");
  EXPECT_EQ(client.wait(client.post("/nowhere", "{}")).headers.at(":status"), "404");
}

TEST(H2Test, BothVersionsShareThePort) {
  TestServer server;
  H2Client second(server.port);
  testing::TestClient first(server.port);
  EXPECT_EQ(second.wait(second.post(kChat, testing::chat_body("x"))).headers.at(":status"), "200");
  EXPECT_EQ(first.post(testing::chat_body("x"))->result_int(), 200u);
}

TEST(H2Test, APrefaceWithGarbageBehindItEndsTheConnectionAlone) {
  TestServer server;
  testing::TestClient client(server.port);
  client.send(std::string(kH2Preface) + std::string(64, '\xff'));
  client.read_until("never");
  EXPECT_TRUE(client.closed_by_server());
  testing::TestClient next(server.port);
  EXPECT_EQ(next.post(testing::chat_body("x"))->result_int(), 200u);
}

}  // namespace
}  // namespace residency::server
