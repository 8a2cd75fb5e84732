// The routes, one file each.
#pragma once

#include <memory>
#include <string>

#include "server/http_message.h"
#include "server/reply.h"
#include "server/server_state.h"

namespace residency::server {

/// POST /v1/chat/completions
void chat_completions(const HttpRequest& request, const std::string& caller, ServerState& state,
                      std::shared_ptr<Reply> reply);
/// POST /v1/completions
void completions(const HttpRequest& request, const std::string& caller, ServerState& state,
                 std::shared_ptr<Reply> reply);
/// POST /v1/embeddings
void embeddings(const HttpRequest& request, const std::string& caller, ServerState& state,
                std::shared_ptr<Reply> reply);
/// GET /v1/models
void list_models(const HttpRequest& request, const std::string& caller, ServerState& state,
                 std::shared_ptr<Reply> reply);
/// GET /healthz: the process runs.
void health(const HttpRequest& request, const std::string& caller, ServerState& state,
            std::shared_ptr<Reply> reply);
/// GET /readyz: there is an endpoint, and the server is not draining.
void readiness(const HttpRequest& request, const std::string& caller, ServerState& state,
               std::shared_ptr<Reply> reply);
/// GET /metrics: Prometheus text.
void metrics(const HttpRequest& request, const std::string& caller, ServerState& state,
             std::shared_ptr<Reply> reply);

}  // namespace residency::server
