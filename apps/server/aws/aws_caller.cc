#include "server/aws/aws_caller.h"

#include "base/env.h"
#include "server/aws/sigv4.h"

namespace residency::server {

Result<std::string> aws_caller(const HttpRequest& request, const ServerState& state,
                               std::string_view service, std::string& type) {
  const std::string_view authorization = request.header("authorization");
  const bool is_signed = authorization.starts_with("AWS4-");
  const bool no_keys = state.api_keys.empty() && state.access_keys.empty();
  type = "AccessDeniedException";
  if (!is_signed && authorization.empty() && !no_keys) {
    type = "MissingAuthenticationTokenException";
    return Error(ErrorCode::kUnauthenticated, "Missing Authentication Token");
  }
  // An API key, or nobody's: then only this machine may ask.
  if (no_keys || (!is_signed && !state.api_keys.empty())) return state.api_keys.authorize(request);
  if (!is_signed) {
    type = "UnrecognizedClientException";
    return Error(ErrorCode::kUnauthenticated, "the API key is not known");
  }
  const auto parsed = parse_sigv4(authorization);
  if (!parsed.ok()) {
    type = "IncompleteSignatureException";
    return parsed.error();
  }
  const AccessKey* key = state.access_keys.find(parsed->access_key_id);
  if (key == nullptr) {
    type = "UnrecognizedClientException";
    return Error(ErrorCode::kUnauthenticated,
                 "The security token included in the request is invalid.");
  }
  const auto verified =
      verify_sigv4(request, *parsed, key->secret, service, Env::posix().now_unix_ms());
  if (!verified.ok()) {
    type = "InvalidSignatureException";
    return verified.error();
  }
  return key->name;
}

}  // namespace residency::server
