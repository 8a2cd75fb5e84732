// Exchange: carries one answer from the threads that make it to the connection that sends it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <deque>
#include <memory>
#include <stop_token>
#include <string>

#include "server/asio.h"
#include "server/reply.h"

namespace residency::server {

/// One step of an answer.
struct ReplyEvent {
  enum class Kind : std::uint8_t { kSend, kBegin, kWrite, kEnd };
  Kind kind = Kind::kEnd;
  HttpResponse response;  // kSend, kBegin
  std::string bytes;      // kWrite, kEnd
};

/// Everything but push() and the reply belongs to the thread that runs `context`. It keeps
/// `context` alive, for a worker may still be inside push() when the connection has ended.
class Exchange final : public std::enable_shared_from_this<Exchange> {
 public:
  explicit Exchange(std::shared_ptr<net::io_context> context)
      : context_(std::move(context)), arrived_(*context_) {}

  /// The writing end. When the last copy is dropped, the answer has ended.
  std::shared_ptr<Reply> make_reply();

  /// Waits for the next event.
  net::awaitable<ReplyEvent> next();
  /// Whether next() would return at once.
  bool ready() const { return !events_.empty(); }
  /// More text to write, put together; empty where none waits.
  std::string take_writes();

  /// Nobody reads the answer any more.
  void client_gone() { gone_.request_stop(); }
  bool is_client_gone() const { return gone_.stop_requested(); }
  std::stop_token gone() const { return gone_.get_token(); }

  /// From any thread.
  void push(ReplyEvent event);

 private:
  std::shared_ptr<net::io_context> context_;
  net::steady_timer arrived_;
  std::deque<ReplyEvent> events_;
  std::stop_source gone_;
};

}  // namespace residency::server
