// Reply: where a route sends its answer, at once or in pieces, from any thread.
#pragma once

#include <stop_token>
#include <string>

#include "server/http_message.h"

namespace residency::server {

/// Either send(), or begin(), write() any number of times and end(). end() without begin() closes
/// the connection without an answer; so does dropping the reply. Thread-safe, one caller at a time.
class Reply {
 public:
  virtual ~Reply() = default;
  virtual void send(HttpResponse response) = 0;
  /// The response's head; its body is ignored.
  virtual void begin(HttpResponse head) = 0;
  virtual void write(std::string bytes) = 0;
  /// `last` goes out with the end: a client may close as soon as it has read it.
  virtual void end(std::string last) = 0;
  /// Asked to stop when the client has gone away.
  virtual std::stop_token gone() const = 0;
};

}  // namespace residency::server
