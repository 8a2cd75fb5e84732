// server: the endpoints of serve behind HTTP/1.1 and HTTP/2 on one port.
// Takes: a table of endpoints, an address, limits, API keys, access keys. Gives: the OpenAI routes,
// Bedrock Runtime's, the model list, health, readiness and metrics.
// Keeps: connections and counters, in memory, while it runs.
// Must never: log or count by what is asked or answered, answer a stranger from another machine
// without a key, or let one connection hold more than its bounds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/config.h"
#include "base/result.h"
#include "serve/endpoint_table.h"
#include "serve/guardrail.h"
#include "serve/meter.h"
#include "server/aws/access_keys.h"

namespace residency::server {

class ComprehendMedical;

struct ServerOptions {
  std::string address = "127.0.0.1";  // an IP address, or "localhost"
  int port = 8080;                    // 0: any that is free
  std::string api_keys_file;          // required beyond loopback; see ApiKeys
  std::int64_t body_bytes_max = 4 << 20;
  int header_bytes_max = 16 << 10;
  int connections_max = 256;
  int requests_per_connection_max = 10'000;
  std::int64_t idle_timeout_ms = 75'000;    // between requests
  std::int64_t header_timeout_ms = 10'000;  // from a request's first byte to its last header
  std::int64_t body_timeout_ms = 30'000;    // from the last header to the body's end
  std::int64_t write_timeout_ms = 30'000;   // for each piece of an answer
  std::int64_t drain_timeout_ms = 30'000;   // after a stop: for what is being answered
  bool handle_signals = true;               // SIGTERM and SIGINT ask for a stop

  /// Keys are the members' names, without handle_signals; `endpoint` is read past.
  static Result<ServerOptions> from_config(const ConfigNode& node);
};

/// What a server offers beside its endpoints; all may be missing.
struct ServerServices {
  std::shared_ptr<ComprehendMedical> comprehend_medical;  // DetectPHI (aws/comprehend_medical.h)
  AccessKeys access_keys;                                 // who may sign Bedrock's requests
  std::shared_ptr<const serve::Guardrails> guardrails;    // of ApplyGuardrail
  std::shared_ptr<serve::Meter> meter;                    // limits, budgets and usage by caller
};

/// Serves until `stop` or a signal asks for an end, then takes no more connections, answers what
/// was asked, and returns. `listening` is called once, with the port. kInvalidArgument
/// where the address is not loopback and no API keys are given; kIoError where the port is taken.
Result<void> run_server(const ServerOptions& options, serve::EndpointTable& endpoints,
                        std::stop_token stop,
                        const std::function<void(std::uint16_t port)>& listening,
                        ServerServices services = {});

}  // namespace residency::server
