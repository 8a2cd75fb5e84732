// H2Codec: HTTP/2 (RFC 9113) of one connection without its transport, over libnghttp2.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/http_message.h"

struct nghttp2_session;

namespace residency::server {

/// The first bytes of a connection that speaks HTTP/2 without having asked (prior knowledge).
inline constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Takes bytes, gives requests; takes answers, gives bytes. Not thread-safe.
class H2Codec {
 public:
  struct Limits {
    std::size_t body_bytes_max = 4 << 20;
    std::size_t header_bytes_max = 16 << 10;
    std::uint32_t streams_max = 100;
    int requests_max = 10'000;
  };
  enum class Breach : std::uint8_t { kNone, kHeaderBytes, kBodyBytes };

  /// What a connection is told. Calls may come from feed() alone.
  class Handler {
   public:
    virtual ~Handler() = default;
    /// A whole request, without an id. With `breach` its headers or body are over their bound and
    /// cut off there.
    virtual void on_request(std::int32_t stream, HttpRequest request, Breach breach) = 0;
    /// The stream is over; where its answer was not whole, the client has given it up.
    virtual void on_closed(std::int32_t stream) = 0;
  };

  static Result<std::unique_ptr<H2Codec>> make(const Limits& limits, Handler& handler);
  virtual ~H2Codec() = default;

  /// False where the bytes are no HTTP/2: what output() has is to be written, then closed.
  virtual bool feed(std::string_view bytes) = 0;
  /// Bytes to be written; empty where there are none now.
  virtual std::string output() = 0;
  /// Whether the connection has nothing more to do.
  virtual bool finished() const = 0;

  /// Begins an answer; its body follows by write() and end(). `response.body` is not read.
  virtual void begin(std::int32_t stream, const HttpResponse& response, const Headers& more) = 0;
  virtual void write(std::int32_t stream, std::string_view bytes) = 0;
  virtual void end(std::int32_t stream) = 0;
  /// Gives the stream up.
  virtual void reset(std::int32_t stream) = 0;
  /// Takes no more requests.
  virtual void shut_down() = 0;
  /// Streams that are open.
  virtual std::size_t streams() const = 0;
};

}  // namespace residency::server
