// What every route that asks a model does: find its endpoint, hold its caller to limits, submit,
// and count what was used.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "serve/endpoint.h"
#include "server/server_state.h"

namespace residency::server {

struct Asked {
  std::shared_ptr<serve::Endpoint> endpoint;
  std::string name;          // the deployment's
  std::int64_t version = 0;  // 0: as its traffic is split
};

/// The endpoint of a model id: a deployment's name, an ARN that ends with it, or "name@version".
/// kNotFound, kInvalidArgument.
Result<Asked> find_endpoint(const ServerState& state, const std::string& model_id);

struct Refused {
  Error error;
  std::int64_t retry_after_s = 0;  // 0: trying again does not help
};

/// Submits a chat in a caller's name. A refusal leaves `observer` alone.
std::optional<Refused> submit_chat(ServerState& state, const Asked& asked,
                                   const std::string& caller, serve::ChatRequest request,
                                   std::stop_token gone,
                                   std::shared_ptr<serve::ChatObserver> observer);

/// The same for Endpoint::ask's embeddings, whose tokens are counted too.
std::optional<Refused> ask_for_vectors(ServerState& state, const Asked& asked,
                                       const std::string& caller,
                                       const std::vector<std::string>& texts,
                                       std::function<void(Result<Json>)> done);

}  // namespace residency::server
