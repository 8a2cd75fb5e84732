#include <ctime>

#include "serve/openai_chat.h"
#include "server/routes/routes.h"

namespace residency::server {
namespace {

/// Seconds since 1970 of "2026-11-23T10:00:00.123Z"; 0 where it is not one.
std::int64_t unix_seconds(const std::string& utc) {
  std::tm parts{};
  if (::strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return 0;
  return ::timegm(&parts);
}

}  // namespace

void list_models(const HttpRequest&, const std::string&, ServerState& state,
                 std::shared_ptr<Reply> reply) {
  std::vector<serve::ModelLine> lines;
  for (const auto& endpoint : state.endpoints.list()) {
    const deploy::Deployment& deployment = endpoint->deployment();
    lines.push_back({deployment.name, unix_seconds(deployment.created_at)});
  }
  HttpResponse response;
  response.body = serve::format_model_list(lines);
  reply->send(std::move(response));
}

}  // namespace residency::server
