#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <chrono>
#include <optional>
#include <utility>

#include "base/log.h"
#include "server/deadline.h"
#include "server/exchange.h"
#include "server/middleware/limits.h"
#include "server/middleware/request_id.h"
#include "server/router.h"
#include "server/session.h"

namespace residency::server {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;

constexpr std::size_t kReadBytes = 16u << 10;
constexpr std::size_t kLingerBytesMax = 1u << 20;
constexpr std::int64_t kLingerMs = 1'000;

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return made;
}

HttpRequest to_request(Parser::value_type message) {
  HttpRequest request;
  request.method = std::string(message.method_string());
  const std::string_view target = message.target();
  const auto question = target.find('?');
  request.path = std::string(target.substr(0, question));
  if (question != std::string_view::npos) request.query = std::string(target.substr(question + 1));
  for (const auto& field : message) {
    request.headers.emplace_back(lower(field.name_string()), std::string(field.value()));
  }
  request.body = std::move(message.body());
  request.id = accept_request_id(request.header("x-request-id"));
  return request;
}

Breach breach_of(error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Breach::kHeaderBytes;
  }
  return error == http::error::body_limit ? Breach::kBodyBytes : Breach::kNotHttp;
}

/// What came of reading a request: one of the three.
struct Incoming {
  std::optional<HttpRequest> request;
  std::optional<Breach> breach;
  bool closed = false;
  bool http_1_0 = false;
  bool keep_alive = false;
};

class H1Session final : public Session, public std::enable_shared_from_this<H1Session> {
 public:
  H1Session(std::shared_ptr<net::io_context> context, tcp::socket socket, ServerState& state)
      : context_(std::move(context)),
        socket_(std::move(socket)),
        deadline_(socket_),
        buffer_(static_cast<std::size_t>(state.options.header_bytes_max) + kReadBytes),
        state_(state) {}

  net::awaitable<void> run() override {
    const auto self = shared_from_this();
    for (int served = 0; served < state_.options.requests_per_connection_max; ++served) {
      Incoming incoming = co_await read();
      if (incoming.closed) break;
      if (incoming.breach) {
        co_await refuse(*incoming.breach);
        break;
      }
      const bool last = served + 1 == state_.options.requests_per_connection_max;
      keep_alive_ = incoming.keep_alive && !last;
      http_1_0_ = incoming.http_1_0;
      const bool complete = co_await answer(*incoming.request);
      if (!complete || !keep_alive_ || state_.draining) break;
    }
    deadline_.disarm();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
  }

  void drain() override {
    error_code ignored;
    if (idle_) socket_.close(ignored);
  }

  void abort() override {
    if (exchange_) exchange_->client_gone();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  /// Waits for a request's first byte; false where the connection ends instead.
  net::awaitable<bool> wait_for_request() {
    if (buffer_.size() > 0) co_return true;
    if (state_.draining) co_return false;
    idle_ = true;
    deadline_.arm(state_.options.idle_timeout_ms, shared_from_this());
    auto [error, bytes] = co_await socket_.async_read_some(buffer_.prepare(kReadBytes), kTuple);
    deadline_.disarm();
    idle_ = false;
    buffer_.commit(bytes);
    co_return !error;
  }

  net::awaitable<Incoming> read() {
    Incoming incoming;
    const bool begun = co_await wait_for_request();
    if (!begun) {
      incoming.closed = true;
      co_return incoming;
    }
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(state_.options.header_bytes_max));
    parser.body_limit(static_cast<std::uint64_t>(state_.options.body_bytes_max));
    deadline_.arm(state_.options.header_timeout_ms, shared_from_this());
    auto [header_error, header_bytes] =
        co_await http::async_read_header(socket_, buffer_, parser, kTuple);
    deadline_.disarm();
    if (header_error) co_return failed(header_error, Breach::kHeaderTime);
    if (!parser.is_done()) {
      if (lower(parser.get()[http::field::expect]) == "100-continue") {
        co_await write("HTTP/1.1 100 Continue\r\n\r\n");
      }
      deadline_.arm(state_.options.body_timeout_ms, shared_from_this());
      auto [body_error, body_bytes] = co_await http::async_read(socket_, buffer_, parser, kTuple);
      deadline_.disarm();
      if (body_error) co_return failed(body_error, Breach::kBodyTime);
    }
    incoming.keep_alive = parser.get().keep_alive();
    incoming.http_1_0 = parser.get().version() < 11;
    incoming.request = to_request(parser.release());
    co_return incoming;
  }

  Incoming failed(error_code error, Breach late) const {
    Incoming incoming;
    if (deadline_.expired()) {
      incoming.breach = late;
    } else if (error.category() == http::make_error_code(http::error::end_of_stream).category() &&
               error != http::error::end_of_stream && error != http::error::partial_message) {
      incoming.breach = breach_of(error);
    } else {
      incoming.closed = true;
    }
    return incoming;
  }

  /// False where the client does not take it.
  net::awaitable<bool> write(std::string bytes) {
    deadline_.arm(state_.options.write_timeout_ms, shared_from_this());
    auto [error, written] = co_await net::async_write(socket_, net::buffer(bytes), kTuple);
    deadline_.disarm();
    co_return !error;
  }

  /// Answers a request that broke a bound, then reads on a little: closing a socket with unread
  /// bytes resets it, and the client would never see why.
  net::awaitable<void> refuse(Breach breach) {
    const HttpResponse response = breach_response(breach, state_.options);
    count("refused", response.status, 0);
    const bool written = co_await write(format_head(response, make_request_id(), Framing::kLength,
                                                    false, Env::posix().now_unix_ms()) +
                                        response.body);
    if (!written) co_return;
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    deadline_.arm(kLingerMs, shared_from_this());
    std::string dropped(kReadBytes, '\0');
    for (std::size_t total = 0; total < kLingerBytesMax && !deadline_.expired();) {
      auto [error, bytes] = co_await socket_.async_read_some(net::buffer(dropped), kTuple);
      if (error) break;
      total += bytes;
    }
    deadline_.disarm();
  }

  /// Notices that the client closed while its answer is being made. Bytes that arrive are the next
  /// request's: then only writing can tell.
  net::awaitable<void> watch_client(std::shared_ptr<Exchange> exchange) {
    const auto self = shared_from_this();
    auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, kTuple);
    if (exchange != exchange_ || error == net::error::operation_aborted) co_return;
    error_code ignored;
    if (error || socket_.available(ignored) == 0) exchange->client_gone();
  }

  /// False where the connection cannot go on.
  net::awaitable<bool> answer(const HttpRequest& request) {
    const auto started = std::chrono::steady_clock::now();
    exchange_ = std::make_shared<Exchange>(context_);
    const std::string_view route = dispatch(request, state_, exchange_->make_reply());
    if (!exchange_->ready()) {
      net::co_spawn(socket_.get_executor(), watch_client(exchange_), net::detached);
    }
    status_ = 0;
    const bool complete = co_await send_events(request);
    if (!complete && exchange_->is_client_gone()) ++state_.clients_gone;
    exchange_.reset();
    error_code ignored;
    socket_.cancel(ignored);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
    count(route, status_, taken.count());
    log(LogLevel::kInfo, "server", "request",
        {{"route", Label(route)},
         {"status", std::int64_t{status_}},
         {"seconds", taken.count()},
         {"id", Label(request.id)}});
    co_return complete;
  }

  net::awaitable<bool> send_events(const HttpRequest& request) {
    bool begun = false;
    while (true) {
      ReplyEvent event = co_await exchange_->next();
      const bool gone = exchange_->is_client_gone();
      std::string bytes;
      if (event.kind == ReplyEvent::Kind::kSend) {
        bytes = head(request, event.response, Framing::kLength);
        if (request.method != "HEAD") bytes += event.response.body;
      } else if (event.kind == ReplyEvent::Kind::kBegin) {
        begun = true;
        if (http_1_0_) keep_alive_ = false;
        bytes = head(request, event.response, http_1_0_ ? Framing::kUntilClose : Framing::kChunked);
      } else if (event.kind == ReplyEvent::Kind::kWrite) {
        event.bytes += exchange_->take_writes();
        bytes = http_1_0_ ? std::move(event.bytes) : format_chunk(event.bytes);
      } else if (begun) {
        if (!event.bytes.empty()) bytes = http_1_0_ ? event.bytes : format_chunk(event.bytes);
        if (!http_1_0_) bytes += kLastChunk;
      }
      bool written = !gone;
      if (written && !bytes.empty()) written = co_await write(std::move(bytes));
      if (!written) exchange_->client_gone();
      if (event.kind == ReplyEvent::Kind::kSend) co_return written;
      const bool complete = written && begun;
      if (event.kind == ReplyEvent::Kind::kEnd) co_return complete;
    }
  }

  std::string head(const HttpRequest& request, const HttpResponse& response, Framing framing) {
    status_ = response.status;
    keep_alive_ = keep_alive_ && !state_.draining;
    return format_head(response, request.id, framing, keep_alive_, Env::posix().now_unix_ms());
  }

  void count(std::string_view route, int status, double seconds) {
    ++state_.responses[{route, status}];
    state_.response_seconds[route] += seconds;
  }

  const std::shared_ptr<net::io_context> context_;
  tcp::socket socket_;
  Deadline deadline_;
  beast::flat_buffer buffer_;
  ServerState& state_;
  std::shared_ptr<Exchange> exchange_;  // of the request being answered
  int status_ = 0;                      // of the answer being sent; 0: none was
  bool idle_ = false;
  bool keep_alive_ = false;
  bool http_1_0_ = false;
};

}  // namespace

std::shared_ptr<Session> make_h1_session(std::shared_ptr<net::io_context> context,
                                         tcp::socket socket, ServerState& state) {
  return std::make_shared<H1Session>(std::move(context), std::move(socket), state);
}

}  // namespace residency::server
