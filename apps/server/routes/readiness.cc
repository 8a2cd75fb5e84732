#include "server/routes/routes.h"

namespace residency::server {

void readiness(const HttpRequest&, const std::string&, ServerState& state,
               std::shared_ptr<Reply> reply) {
  HttpResponse response;
  if (state.draining) {
    response.status = 503;
    response.body = R"({"status":"draining"})";
  } else if (state.endpoints.list().empty()) {
    response.status = 503;
    response.body = R"({"status":"no endpoint"})";
  } else {
    response.body = R"({"status":"ready"})";
  }
  reply->send(std::move(response));
}

}  // namespace residency::server
