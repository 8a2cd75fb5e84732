// Session: one connection, whatever version of HTTP it speaks.
#pragma once

#include <memory>

#include "server/asio.h"
#include "server/server_state.h"

namespace residency::server {

/// Reads requests within their bounds, hands them to the router and writes the answers. Belongs to
/// the thread that runs its context.
class Session {
 public:
  virtual ~Session() = default;
  /// Ends when the connection does, and not before the last answer was given up or sent.
  virtual net::awaitable<void> run() = 0;
  /// Takes no more requests; closes at once where none is being read or answered.
  virtual void drain() = 0;
  /// Stops what is being answered and closes.
  virtual void abort() = 0;
};

/// HTTP/1.1 (and 1.0): one request after the other, answers in their order.
std::shared_ptr<Session> make_h1_session(std::shared_ptr<net::io_context> context,
                                         tcp::socket socket, ServerState& state);

/// HTTP/1.1, or HTTP/2 where the connection begins with its preface.
std::shared_ptr<Session> make_session(std::shared_ptr<net::io_context> context, tcp::socket socket,
                                      ServerState& state);

}  // namespace residency::server
