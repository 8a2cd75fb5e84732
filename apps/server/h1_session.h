// H1Session: one HTTP/1.1 connection.
#pragma once

#include <memory>

#include "server/asio.h"
#include "server/server_state.h"

namespace residency::server {

/// Reads requests within their bounds, hands them to the router, writes the answers in order.
/// Belongs to the thread that runs `context`.
class H1Session {
 public:
  virtual ~H1Session() = default;
  static std::shared_ptr<H1Session> create(std::shared_ptr<net::io_context> context,
                                           tcp::socket socket, ServerState& state);
  /// Ends when the connection does, and not before the last answer was given up or sent.
  virtual net::awaitable<void> run() = 0;
  /// Takes no more requests; closes at once where none is being read or answered.
  virtual void drain() = 0;
  /// Stops what is being answered and closes.
  virtual void abort() = 0;
};

}  // namespace residency::server
