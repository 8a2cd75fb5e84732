#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "base/log.h"
#include "server/deadline.h"
#include "server/exchange.h"
#include "server/h2_codec.h"
#include "server/middleware/limits.h"
#include "server/middleware/request_id.h"
#include "server/router.h"
#include "server/session.h"

namespace residency::server {
namespace {

using boost::system::error_code;

constexpr std::size_t kReadBytes = 16u << 10;

H2Codec::Limits limits_of(const ServerOptions& options) {
  H2Codec::Limits limits;
  limits.body_bytes_max = static_cast<std::size_t>(options.body_bytes_max);
  limits.header_bytes_max = static_cast<std::size_t>(options.header_bytes_max);
  limits.requests_max = options.requests_per_connection_max;
  return limits;
}

class H2Session final : public Session,
                        public H2Codec::Handler,
                        public std::enable_shared_from_this<H2Session> {
 public:
  H2Session(std::shared_ptr<net::io_context> context, tcp::socket socket, ServerState& state)
      : context_(std::move(context)),
        socket_(std::move(socket)),
        reading_(socket_),
        writing_(socket_),
        state_(state) {}

  net::awaitable<void> run() override {
    const auto self = shared_from_this();
    auto made = H2Codec::make(limits_of(state_.options), *this);
    if (made.ok()) {
      codec_ = *std::move(made);
      flush();
      co_await read();
    }
    // Nobody reads any more: what is being answered is stopped, and waited for.
    for (const auto& [id, exchange] : exchanges_) exchange->client_gone();
    net::steady_timer pause(*context_);
    while (!exchanges_.empty() || flushing_) {
      constexpr std::chrono::milliseconds kPause{5};
      pause.expires_after(kPause);
      co_await pause.async_wait(kTuple);
    }
    reading_.disarm();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
  }

  void drain() override {
    if (codec_ == nullptr || exchanges_.empty()) {
      error_code ignored;
      socket_.close(ignored);
      return;
    }
    codec_->shut_down();
    flush();
  }

  void abort() override {
    for (const auto& [id, exchange] : exchanges_) exchange->client_gone();
    error_code ignored;
    socket_.close(ignored);
  }

  void on_request(std::int32_t stream, HttpRequest request, H2Codec::Breach breach) override {
    request.id = accept_request_id(request.header("x-request-id"));
    net::co_spawn(socket_.get_executor(),
                  answer(shared_from_this(), stream, std::move(request), breach), net::detached);
  }

  void on_closed(std::int32_t stream) override {
    const auto found = exchanges_.find(stream);
    if (found != exchanges_.end()) found->second->client_gone();
  }

 private:
  net::awaitable<void> read() {
    std::string buffer(kReadBytes, '\0');
    while (!codec_->finished()) {
      const std::int64_t limit_ms = read_limit_ms();
      if (limit_ms <= 0) break;
      reading_.arm(limit_ms, shared_from_this());
      auto [error, bytes] = co_await socket_.async_read_some(net::buffer(buffer), kTuple);
      reading_.disarm();
      if (error) break;
      feeding_ = true;
      const bool well = codec_->feed({buffer.data(), bytes});
      feeding_ = false;
      flush();
      if (!well) break;
      if (state_.draining && exchanges_.empty()) break;
    }
  }

  /// How long the client may say nothing. A request that is being sent has its time, however many
  /// bytes of it come; what is being answered may take longer.
  std::int64_t read_limit_ms() {
    const bool unfinished = codec_->streams() > exchanges_.size();
    if (!unfinished) {
      unfinished_since_.reset();
      return exchanges_.empty() ? state_.options.idle_timeout_ms : kAnsweringMs;
    }
    const auto now = std::chrono::steady_clock::now();
    if (!unfinished_since_) unfinished_since_ = now;
    const auto spent =
        std::chrono::duration_cast<std::chrono::milliseconds>(now - *unfinished_since_).count();
    return state_.options.header_timeout_ms + state_.options.body_timeout_ms - spent;
  }

  /// Writes what the codec has, by one writer at a time and not while it reads.
  void flush() {
    if (flushing_ || feeding_) return;
    flushing_ = true;
    net::co_spawn(socket_.get_executor(), write_output(shared_from_this()), net::detached);
  }

  net::awaitable<void> write_output(std::shared_ptr<H2Session> self) {
    while (socket_.is_open()) {
      const std::string bytes = codec_->output();
      if (bytes.empty()) break;
      writing_.arm(state_.options.write_timeout_ms, self);
      auto [error, written] = co_await net::async_write(socket_, net::buffer(bytes), kTuple);
      writing_.disarm();
      if (!error) continue;
      error_code ignored;
      socket_.close(ignored);
    }
    flushing_ = false;
    if (codec_->finished() && exchanges_.empty()) {
      error_code ignored;
      socket_.shutdown(tcp::socket::shutdown_both, ignored);
    }
  }

  net::awaitable<void> answer(std::shared_ptr<H2Session> self, std::int32_t stream,
                              HttpRequest request, H2Codec::Breach breach) {
    const auto started = std::chrono::steady_clock::now();
    const auto exchange = std::make_shared<Exchange>(context_);
    exchanges_[stream] = exchange;
    std::string_view route = "refused";
    if (breach == H2Codec::Breach::kNone) {
      route = dispatch(request, state_, exchange->make_reply());
    } else {
      const auto which =
          breach == H2Codec::Breach::kBodyBytes ? Breach::kBodyBytes : Breach::kHeaderBytes;
      exchange->make_reply()->send(breach_response(which, state_.options));
    }
    const int status = co_await send_events(self, stream, request, *exchange);
    if (exchange->is_client_gone()) ++state_.clients_gone;
    exchanges_.erase(stream);
    flush();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
    ++state_.responses[{route, status}];
    state_.response_seconds[route] += taken.count();
    log(LogLevel::kInfo, "server", "request",
        {{"route", Label(route)},
         {"status", std::int64_t{status}},
         {"seconds", taken.count()},
         {"id", Label(request.id)}});
  }

  /// The answer's status; 0 where there was none.
  net::awaitable<int> send_events(std::shared_ptr<H2Session> self, std::int32_t stream,
                                  const HttpRequest& request, Exchange& exchange) {
    int status = 0;
    while (true) {
      ReplyEvent event = co_await exchange.next();
      if (event.kind == ReplyEvent::Kind::kSend || event.kind == ReplyEvent::Kind::kBegin) {
        status = event.response.status;
        begin(stream, request, event);
      }
      if (event.kind == ReplyEvent::Kind::kSend) {
        if (request.method != "HEAD") codec_->write(stream, event.response.body);
        codec_->end(stream);
      } else if (event.kind == ReplyEvent::Kind::kWrite) {
        event.bytes += exchange.take_writes();
        codec_->write(stream, event.bytes);
      } else if (event.kind == ReplyEvent::Kind::kEnd && status != 0) {
        codec_->write(stream, event.bytes);
        codec_->end(stream);
      } else if (event.kind == ReplyEvent::Kind::kEnd) {
        codec_->reset(stream);
      }
      if (event.kind == ReplyEvent::Kind::kSend || event.kind == ReplyEvent::Kind::kEnd) break;
      self->flush();
    }
    co_return status;
  }

  void begin(std::int32_t stream, const HttpRequest& request, const ReplyEvent& event) {
    Headers more{{"date", format_http_date(Env::posix().now_unix_ms())},
                 {"x-request-id", request.id}};
    if (event.kind == ReplyEvent::Kind::kSend) {
      more.emplace_back("content-length", std::to_string(event.response.body.size()));
    }
    codec_->begin(stream, event.response, more);
  }

  static constexpr std::int64_t kAnsweringMs = 3'600'000;

  const std::shared_ptr<net::io_context> context_;
  tcp::socket socket_;
  Deadline reading_;
  Deadline writing_;
  ServerState& state_;
  std::unique_ptr<H2Codec> codec_;
  std::map<std::int32_t, std::shared_ptr<Exchange>> exchanges_;
  std::optional<std::chrono::steady_clock::time_point> unfinished_since_;
  bool flushing_ = false;
  bool feeding_ = false;
};

/// Looks at a connection's first bytes, which tell what it speaks.
class SniffingSession final : public Session, public std::enable_shared_from_this<SniffingSession> {
 public:
  SniffingSession(std::shared_ptr<net::io_context> context, tcp::socket socket, ServerState& state)
      : context_(std::move(context)),
        socket_(std::move(socket)),
        deadline_(socket_),
        state_(state) {}

  net::awaitable<void> run() override {
    const auto self = shared_from_this();
    deadline_.arm(state_.options.idle_timeout_ms, self);
    const Spoken spoken = co_await sniff();
    deadline_.disarm();
    if (spoken == Spoken::kNothing || (state_.draining && spoken != Spoken::kH1)) {
      error_code ignored;
      socket_.close(ignored);
      co_return;
    }
    inner_ = spoken == Spoken::kH2
                 ? std::make_shared<H2Session>(context_, std::move(socket_), state_)
                 : make_h1_session(context_, std::move(socket_), state_);
    co_await inner_->run();
  }

  void drain() override {
    if (inner_) return inner_->drain();
    error_code ignored;
    socket_.close(ignored);
  }
  void abort() override {
    if (inner_) return inner_->abort();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  enum class Spoken : std::uint8_t { kNothing, kH1, kH2 };

  net::awaitable<Spoken> sniff() {
    // "PRI" is no method of HTTP/1.1: so many bytes decide.
    constexpr std::size_t kDecisive = 3;
    std::string seen(kH2Preface.size(), '\0');
    net::steady_timer pause(*context_);
    while (true) {
      auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, kTuple);
      if (error) co_return Spoken::kNothing;
      error_code failed;
      const std::size_t bytes =
          socket_.receive(net::buffer(seen), tcp::socket::message_peek, failed);
      if (failed || bytes == 0) co_return Spoken::kNothing;
      if (kH2Preface.substr(0, bytes) != std::string_view(seen).substr(0, bytes)) {
        co_return Spoken::kH1;
      }
      if (bytes >= kDecisive) co_return Spoken::kH2;
      constexpr std::chrono::milliseconds kPause{5};
      pause.expires_after(kPause);
      co_await pause.async_wait(kTuple);
      if (deadline_.expired() || !socket_.is_open()) co_return Spoken::kNothing;
    }
  }

  const std::shared_ptr<net::io_context> context_;
  tcp::socket socket_;
  Deadline deadline_;
  ServerState& state_;
  std::shared_ptr<Session> inner_;
};

}  // namespace

std::shared_ptr<Session> make_session(std::shared_ptr<net::io_context> context, tcp::socket socket,
                                      ServerState& state) {
  return std::make_shared<SniffingSession>(std::move(context), std::move(socket), state);
}

}  // namespace residency::server
