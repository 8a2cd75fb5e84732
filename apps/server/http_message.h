// HttpRequest and HttpResponse: a request and a response without their transport, so that routes
// and middleware are the same over HTTP/1.1 and whatever follows it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace residency::server {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string id;      // the request id, checked or made
  std::string method;  // as sent
  std::string path;    // raw, without the query
  std::string query;   // raw, without '?'
  Headers headers;     // names in lower case, in order
  std::string body;

  /// The first header of that lower-case name, "" where there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  Headers headers;
  std::string body;
};

/// How a response's body is delimited on HTTP/1.x.
enum class Framing : std::uint8_t { kLength, kChunked, kUntilClose };

/// Status line and headers of `response`, with date, x-request-id and connection.
std::string format_head(const HttpResponse& response, std::string_view request_id, Framing framing,
                        bool keep_alive, std::int64_t now_unix_ms);

/// One chunk of a chunked body; `bytes` must not be empty.
std::string format_chunk(std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// "Mon, 23 Nov 2026 16:18:10 GMT"
std::string format_http_date(std::int64_t unix_ms);

}  // namespace residency::server
