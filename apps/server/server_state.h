// ServerState: what the connections and routes of one running server share.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "serve/desk.h"
#include "serve/endpoint_table.h"
#include "server/aws/access_keys.h"
#include "server/aws/comprehend_medical.h"
#include "server/middleware/auth.h"
#include "server/server.h"

namespace residency::server {

/// Touched by the server's own thread only, but for `endpoints`.
struct ServerState {
  ServerState(ServerOptions server_options, serve::EndpointTable& table, ApiKeys keys,
              ServerServices more)
      : options(std::move(server_options)),
        endpoints(table),
        api_keys(std::move(keys)),
        access_keys(std::move(more.access_keys)),
        comprehend_medical(std::move(more.comprehend_medical)),
        guardrails(std::move(more.guardrails)),
        meter(std::move(more.meter)),
        guard_desk(1) {}

  const ServerOptions options;
  serve::EndpointTable& endpoints;
  const ApiKeys api_keys;
  const AccessKeys access_keys;
  const std::shared_ptr<ComprehendMedical> comprehend_medical;  // null: not served
  const std::shared_ptr<const serve::Guardrails> guardrails;  // null: ApplyGuardrail is not served
  const std::shared_ptr<serve::Meter> meter;                  // null: nobody is metered
  serve::Desk guard_desk;
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
