#include "server/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <memory>
#include <set>
#include <utility>

#include "base/log.h"
#include "server/middleware/limits.h"
#include "server/server_state.h"
#include "server/session.h"

namespace residency::server {
namespace {

using boost::system::error_code;

Result<net::ip::address> parse_address(const std::string& text) {
  error_code error;
  const auto address = net::ip::make_address(text == "localhost" ? "127.0.0.1" : text, error);
  if (error) return invalid_argument("server address: give an IP address or localhost: " + text);
  return address;
}

/// Accepts connections until it is stopped. Belongs to the thread that calls run().
class Listener {
 public:
  Listener(ServerOptions options, serve::EndpointTable& endpoints, ApiKeys keys,
           ServerServices services)
      : context_(std::make_shared<net::io_context>(1)),
        acceptor_(*context_),
        signals_(*context_),
        drain_timer_(*context_),
        state_(std::move(options), endpoints, std::move(keys), std::move(services)) {}

  Result<std::uint16_t> listen(const net::ip::address& address) {
    const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(state_.options.port));
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
    if (error) {
      return io_error("cannot listen: " + error.message() + ": " + state_.options.address + ":" +
                      std::to_string(state_.options.port));
    }
    return acceptor_.local_endpoint(error).port();
  }

  /// Returns once stopped and drained.
  void run(std::stop_token stop) {
    net::co_spawn(*context_, accept(), net::detached);
    if (state_.options.handle_signals) wait_for_signal();
    // The callback may run on any thread and after run() has returned its last time slice: the
    // weak pointer keeps a context that is gone from being posted to.
    const std::stop_callback on_stop(std::move(stop),
                                     [this, context = std::weak_ptr<net::io_context>(context_)] {
                                       const auto alive = context.lock();
                                       if (alive) net::post(*alive, [this] { drain(); });
                                     });
    context_->run();
  }

 private:
  void wait_for_signal() {
    error_code ignored;
    signals_.add(SIGTERM, ignored);
    signals_.add(SIGINT, ignored);
    signals_.async_wait([this](error_code error, int) {
      if (error) return;
      wait_for_signal();  // before the drain, which ends this wait where nothing is open
      if (state_.draining) return abort_all();  // asked twice: at once
      drain();
    });
  }

  void drain() {
    if (std::exchange(state_.draining, true)) return;
    log(LogLevel::kInfo, "server", "draining",
        {{"connections", static_cast<std::int64_t>(sessions_.size())}});
    error_code ignored;
    acceptor_.close(ignored);
    const auto open = sessions_;
    for (const auto& session : open) session->drain();
    drain_timer_.expires_after(std::chrono::milliseconds(state_.options.drain_timeout_ms));
    drain_timer_.async_wait([this](error_code error) {
      if (!error) abort_all();
    });
    end_if_drained();
  }

  void abort_all() {
    const auto open = sessions_;
    for (const auto& session : open) session->abort();
  }

  /// What else waits (signals, the drain's end) would keep run() from returning.
  void end_if_drained() {
    if (!state_.draining || !sessions_.empty()) return;
    drain_timer_.cancel();
    error_code ignored;
    signals_.cancel(ignored);
  }

  net::awaitable<void> accept() {
    while (!state_.draining) {
      auto [error, socket] = co_await acceptor_.async_accept(kTuple);
      if (state_.draining) break;
      if (error) {
        // Out of descriptors, most likely: those in use will be given back.
        constexpr std::chrono::milliseconds kPause{100};
        net::steady_timer pause(*context_, kPause);
        co_await pause.async_wait(kTuple);
        continue;
      }
      if (sessions_.size() >= static_cast<std::size_t>(state_.options.connections_max)) {
        ++state_.connections_refused;
        turn_away(std::move(socket));
        continue;
      }
      ++state_.connections_accepted;
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      auto session = make_session(context_, std::move(socket), state_);
      net::co_spawn(*context_, serve(std::move(session)), net::detached);
    }
  }

  net::awaitable<void> serve(std::shared_ptr<Session> session) {
    sessions_.insert(session);
    state_.connections_open = sessions_.size();
    co_await session->run();
    sessions_.erase(session);
    state_.connections_open = sessions_.size();
    end_if_drained();
  }

  /// One try, without waiting: who is turned away may not take anything up.
  void turn_away(tcp::socket socket) {
    const HttpResponse response = breach_response(Breach::kConnections, state_.options);
    const std::string bytes =
        format_head(response, "", Framing::kLength, false, Env::posix().now_unix_ms()) +
        response.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(net::buffer(bytes), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  const std::shared_ptr<net::io_context> context_;
  tcp::acceptor acceptor_;
  net::signal_set signals_;
  net::steady_timer drain_timer_;
  ServerState state_;
  std::set<std::shared_ptr<Session>> sessions_;
};

}  // namespace

Result<void> run_server(const ServerOptions& options, serve::EndpointTable& endpoints,
                        std::stop_token stop,
                        const std::function<void(std::uint16_t port)>& listening,
                        ServerServices services) {
  RESIDENCY_TRY(const auto address, parse_address(options.address));
  ApiKeys keys;
  if (!options.api_keys_file.empty()) {
    RESIDENCY_TRY(keys, ApiKeys::load(Env::posix(), options.api_keys_file));
  } else if (!address.is_loopback()) {
    return invalid_argument(
        "other machines may ask only with an API key; give api_keys_file, or listen on "
        "127.0.0.1 instead of " +
        options.address);
  }
  try {
    Listener listener(options, endpoints, std::move(keys), std::move(services));
    RESIDENCY_TRY(const std::uint16_t port, listener.listen(address));
    if (listening) listening(port);
    listener.run(std::move(stop));
  } catch (const std::exception& failure) {
    // Asio throws where it cannot have a descriptor or memory of its own.
    return io_error(std::string("the server ended: ") + failure.what());
  }
  return {};
}

}  // namespace residency::server
