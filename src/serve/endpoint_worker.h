// The process of an endpoint: answers what comes over its wire until the wire ends.
#pragma once

#include <functional>

#include "base/result.h"
#include "serve/endpoint.h"
#include "serve/wire.h"

namespace residency::serve {

/// Opens what the first message describes ({"workspace", "name", "versions": [deploy::to_json's],
/// "options", "filter": "mask"|"block"|"detect"|"off", "guardrail": read_policy_source's or
/// nothing}).
using EndpointOpener = std::function<Result<std::unique_ptr<Endpoint>>(const Json& description)>;

/// The opener of real endpoints.
EndpointOpener workspace_endpoint_opener();

/// Messages in:  {"op": "chat", "id", "request"}, {"op": "cancel", "id"},
///               {"op": "ask", "id", "question"}
/// Messages out: {"ready": true} or {"failed": error}; then {"id", "text"}, {"id", "done": answer},
///               {"id", "error": error}, {"id", "told": json}
/// Returns the process's exit status.
int run_endpoint_worker(Wire& wire, const EndpointOpener& opener);

}  // namespace residency::serve
