// TestServer and TestClient: a server over a fake engine on a free port, and a plain client.
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>

#include "serve/testing/fake_engine.h"
#include "server/server.h"

namespace residency::server::testing {

namespace asio = boost::asio;
namespace http = boost::beast::http;

/// A deployment called "icd" behind a server that runs until it is stopped or destroyed.
class TestServer {
 public:
  explicit TestServer(ServerOptions options = {}, serve::EndpointOptions endpoint_options = {},
                      ServerServices services = {}) {
    endpoint_options.parallel = 1;  // as many as the fake engine answers at once
    services.guardrails = serve::guardrails_of(serve::testing::MaskingFilter::factory());
    deploy::Deployment deployment;
    deployment.name = "icd";
    deployment.version = 3;
    deployment.created_at = "2026-11-23T10:00:00.123Z";
    table.put(serve::Endpoint::start({deployment}, endpoint_options,
                                     std::make_unique<serve::testing::FakeEngine>(probe),
                                     services.guardrails));
    options.port = 0;
    options.handle_signals = false;
    thread_ = std::thread([this, options, services = std::move(services)] {
      outcome_.set_value(run_server(
          options, table, stop_.get_token(),
          [this](std::uint16_t bound) { port_.set_value(bound); }, services));
    });
    port = port_.get_future().get();
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() {
    probe->hold = false;
    stop();
    if (thread_.joinable()) thread_.join();
  }

  void stop() { stop_.request_stop(); }
  /// Waits for run_server() to return.
  Result<void> wait() {
    thread_.join();
    return outcome_.get_future().get();
  }
  serve::EndpointStats stats() const { return (*table.find("icd"))->stats(); }

  std::shared_ptr<serve::testing::FakeEngine::Probe> probe =
      std::make_shared<serve::testing::FakeEngine::Probe>();
  serve::EndpointTable table;
  std::uint16_t port = 0;

 private:
  std::stop_source stop_;
  std::promise<std::uint16_t> port_;
  std::promise<Result<void>> outcome_;
  std::thread thread_;
};

using Response = http::response<http::string_body>;

/// One connection. Reads give up after 20 s, so that a server that hangs fails its test.
class TestClient {
 public:
  explicit TestClient(std::uint16_t port) : socket_(context_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    const timeval limit{20, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }

  bool send(const std::string& bytes) {
    boost::system::error_code error;
    asio::write(socket_, asio::buffer(bytes), error);
    return !error;
  }

  /// The next response; empty where the server closed instead.
  std::optional<Response> read(bool head = false) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(64u << 20);
    parser.skip(head);
    boost::system::error_code error;
    do {
      parser.get();
      http::read(socket_, buffer_, parser, error);
    } while (!error && parser.get().result_int() == 100);
    if (error) return std::nullopt;
    return parser.release();
  }

  /// Raw bytes until `mark` was seen or the server closed.
  std::string read_until(const std::string& mark) {
    while (raw_.find(mark) == std::string::npos) {
      std::string piece(4096, '\0');
      boost::system::error_code error;
      const std::size_t bytes = socket_.read_some(asio::buffer(piece), error);
      if (error) break;
      raw_.append(piece, 0, bytes);
    }
    return raw_;
  }

  bool closed_by_server() {
    char byte = 0;
    boost::system::error_code error;
    socket_.read_some(asio::buffer(&byte, 1), error);
    return error == asio::error::eof || error == asio::error::connection_reset;
  }

  /// Sends "RST": the client's process died.
  void reset() {
    socket_.set_option(asio::socket_base::linger(true, 0));
    socket_.close();
  }
  void close() { socket_.close(); }

  std::optional<Response> get(const std::string& path, const std::string& headers = "") {
    send("GET " + path + " HTTP/1.1\r\nhost: localhost\r\n" + headers + "\r\n");
    return read();
  }

  static std::string post_text(const std::string& body, const std::string& headers = "") {
    return "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
           "content-type: application/json\r\n" +
           headers + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  std::optional<Response> post_to(const std::string& path, const std::string& body,
                                  const std::string& headers = "") {
    send("POST " + path + " HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" +
         headers + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return read();
  }
  std::optional<Response> post(const std::string& body, const std::string& headers = "") {
    send(post_text(body, headers));
    return read();
  }

 private:
  asio::io_context context_;
  asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  std::string raw_;
};

/// A chat request for "icd" with one message and `more` fields.
inline std::string chat_body(const std::string& text, const std::string& more = "") {
  return R"({"model":"icd","messages":[{"role":"user","content":")" + text + R"("}])" +
         (more.empty() ? "" : "," + more) + "}";
}

/// Waits until `condition` holds; false after 20 s.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace residency::server::testing
