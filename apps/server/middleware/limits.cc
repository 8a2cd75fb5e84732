#include "server/middleware/limits.h"

#include <string>

#include "server/middleware/error_response.h"

namespace residency::server {

HttpResponse breach_response(Breach breach, const ServerOptions& options) {
  switch (breach) {
    case Breach::kHeaderBytes:
      return error_response(431,
                            invalid_argument("the request's headers are over the bound of " +
                                             std::to_string(options.header_bytes_max) + " bytes"));
    case Breach::kBodyBytes:
      return error_response(413,
                            invalid_argument("the request's body is over the bound of " +
                                             std::to_string(options.body_bytes_max) + " bytes"));
    case Breach::kHeaderTime:
      return error_response(408,
                            invalid_argument("the request's headers took longer than " +
                                             std::to_string(options.header_timeout_ms) + " ms"));
    case Breach::kBodyTime:
      return error_response(408, invalid_argument("the request's body took longer than " +
                                                  std::to_string(options.body_timeout_ms) + " ms"));
    case Breach::kConnections:
      return error_response(503, resource_exhausted("connections are at their bound of " +
                                                    std::to_string(options.connections_max)));
    case Breach::kNotHttp:
      break;
  }
  return error_response(400, invalid_argument("this is not an HTTP/1.1 request"));
}

}  // namespace residency::server
