#include "server/routes/routes.h"

namespace residency::server {

void health(const HttpRequest&, const std::string&, ServerState&, std::shared_ptr<Reply> reply) {
  HttpResponse response;
  response.body = R"({"status":"ok"})";
  reply->send(std::move(response));
}

}  // namespace residency::server
