// Deadline: ends what a socket is doing when its time is over, and says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "server/asio.h"

namespace residency::server {

/// Cancels the socket's operations, without closing it, so that a refusal can still be written.
/// The owner keeps `socket` alive as long as the handle that it passes to arm().
class Deadline {
 public:
  explicit Deadline(tcp::socket& socket) : socket_(socket), timer_(socket.get_executor()) {}

  void arm(std::int64_t timeout_ms, std::shared_ptr<void> owner) {
    expired_ = false;
    timer_.expires_after(std::chrono::milliseconds(timeout_ms));
    wait(++armed_, std::move(owner));
  }
  void disarm() {
    ++armed_;
    timer_.cancel();
  }
  /// Whether the time was over since arm().
  bool expired() const { return expired_; }

 private:
  void wait(std::uint64_t armed, std::shared_ptr<void> owner) {
    timer_.async_wait([this, armed, owner = std::move(owner)](boost::system::error_code) mutable {
      if (armed != armed_) return;
      expired_ = true;
      boost::system::error_code ignored;
      socket_.cancel(ignored);
      // A composed operation that was between two steps is not cancelled by this: try again.
      constexpr std::chrono::milliseconds kAgain{20};
      timer_.expires_after(kAgain);
      wait(armed, std::move(owner));
    });
  }

  tcp::socket& socket_;
  net::steady_timer timer_;
  std::uint64_t armed_ = 0;
  bool expired_ = false;
};

}  // namespace residency::server
