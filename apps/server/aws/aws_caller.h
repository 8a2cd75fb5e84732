// Who asks over the AWS APIs: a signature (SigV4) or an API key.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/http_message.h"
#include "server/server_state.h"

namespace residency::server {

/// The caller's name. A request signed with one of the access keys, or "authorization: Bearer" with
/// an API key. Without any keys at all, callers on this machine, however they sign.
/// kUnauthenticated or kPermissionDenied otherwise; `type` is then the AWS APIs' name of what is
/// wrong.
Result<std::string> aws_caller(const HttpRequest& request, const ServerState& state,
                               std::string_view service, std::string& type);

}  // namespace residency::server
