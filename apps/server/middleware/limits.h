// What breaks a connection's bounds, as a response.
#pragma once

#include <cstdint>

#include "server/http_message.h"
#include "server/server.h"

namespace residency::server {

enum class Breach : std::uint8_t {
  kHeaderBytes,  // 431
  kBodyBytes,    // 413
  kHeaderTime,   // 408
  kBodyTime,     // 408
  kNotHttp,      // 400
  kConnections,  // 503
};

/// Fixed text and the bound that was broken.
HttpResponse breach_response(Breach breach, const ServerOptions& options);

}  // namespace residency::server
