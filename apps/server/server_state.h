// ServerState: what the connections and routes of one running server share.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "serve/endpoint_table.h"
#include "server/aws/comprehend_medical.h"
#include "server/middleware/auth.h"
#include "server/server.h"

namespace residency::server {

/// Touched by the server's own thread only, but for `endpoints`.
struct ServerState {
  ServerState(ServerOptions server_options, serve::EndpointTable& table, ApiKeys keys,
              std::shared_ptr<ComprehendMedical> medical)
      : options(std::move(server_options)),
        endpoints(table),
        api_keys(std::move(keys)),
        comprehend_medical(std::move(medical)) {}

  const ServerOptions options;
  serve::EndpointTable& endpoints;
  const ApiKeys api_keys;
  const std::shared_ptr<ComprehendMedical> comprehend_medical;  // null: not served
  bool draining = false;

  // Counters. Routes are table entries, never raw paths, so that callers cannot make new series.
  std::map<std::pair<std::string_view, int>, std::uint64_t> responses;  // by route and status
  std::map<std::string_view, double> response_seconds;                  // by route
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t clients_gone = 0;
};

}  // namespace residency::server
