#include "server/router.h"

#include <array>
#include <string>

#include "server/aws/bedrock_runtime.h"
#include "server/middleware/error_response.h"
#include "server/routes/routes.h"

namespace residency::server {
namespace {

constexpr std::array<Route, 7> kRoutes{{
    {"POST", "/v1/chat/completions", false, &chat_completions},
    {"POST", "/v1/completions", false, &completions},
    {"POST", "/v1/embeddings", false, &embeddings},
    {"GET", "/v1/models", false, &list_models},
    {"GET", "/metrics", false, &metrics},
    {"GET", "/healthz", true, &health},
    {"GET", "/readyz", true, &readiness},
}};

bool method_fits(const Route& route, std::string_view method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

}  // namespace

std::string_view dispatch(const HttpRequest& request, ServerState& state,
                          std::shared_ptr<Reply> reply) {
  if (state.comprehend_medical != nullptr && is_comprehend_medical(request))
    return state.comprehend_medical->handle(request, std::move(reply));
  if (is_bedrock_runtime(request)) return bedrock_runtime(request, state, std::move(reply));
  for (const Route& route : kRoutes) {
    if (route.path != request.path) continue;
    if (!method_fits(route, request.method)) {
      auto refused =
          error_response(405, invalid_argument("the method must be " + std::string(route.method)));
      refused.headers.emplace_back("allow", route.method == "GET" ? "GET, HEAD" : route.method);
      reply->send(std::move(refused));
      return route.path;
    }
    std::string caller;
    if (!route.open) {
      auto allowed = state.api_keys.authorize(request);
      if (!allowed.ok()) {
        reply->send(error_response(allowed.error()));
        return route.path;
      }
      caller = *std::move(allowed);
    }
    route.handler(request, caller, state, std::move(reply));
    return route.path;
  }
  reply->send(error_response(not_found("no such path; see docs/serve.md for the routes")));
  return "other";
}

}  // namespace residency::server
