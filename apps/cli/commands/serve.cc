#include "serve/serve.h"

#include <fmt/format.h>
#include <memory>
#include <stop_token>
#include <thread>

#include "audit/audit_log.h"
#include "cli/access_key_state.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "deploy/deploy.h"
#include "serve/phi_output_filter.h"
#include "server/aws/comprehend_medical.h"
#include "server/server.h"

namespace residency::cli {
namespace {

struct ServeFlags {
  CommonOptions common;
  std::string config_file;
  std::string address;
  int port = -1;
  std::string api_keys_file;
  std::string filter_mode = "mask";
};

Result<server::ServerOptions> server_options(const ServeFlags& flags) {
  ConfigNode node;
  if (!flags.config_file.empty()) {
    RESIDENCY_TRY(const auto yaml, Env::posix().read_file(flags.config_file, 1u << 20));
    RESIDENCY_TRY(node, ConfigNode::parse(yaml, flags.config_file));
  }
  RESIDENCY_TRY(auto options, server::ServerOptions::from_config(node));
  if (!flags.address.empty()) options.address = flags.address;
  if (flags.port >= 0) options.port = flags.port;
  if (!flags.api_keys_file.empty()) options.api_keys_file = flags.api_keys_file;
  return options;
}

/// Loads every active deployment.
Result<void> open_endpoints(store::Workspace& workspace, const ServeFlags& flags,
                            serve::EndpointTable& endpoints) {
  RESIDENCY_TRY(const auto log, audit::AuditLog::open(workspace));
  deploy::Registry registry(workspace, *log);
  RESIDENCY_TRY(const auto histories, registry.list());
  guard::GuardOptions guard_options;
  RESIDENCY_TRY(guard_options.mode, guard::filter_mode_named(flags.filter_mode));
  RESIDENCY_TRY(const auto filter, serve::phi_output_filter_factory(guard_options));
  for (const auto& history : histories) {
    const deploy::Deployment* active = history.find(history.active);
    if (active == nullptr) continue;
    RESIDENCY_TRY(auto endpoint, serve::Endpoint::open(workspace, *active, {},
                                                       serve::llama_engine_factory(), filter));
    endpoints.put(std::move(endpoint));
    fmt::print(stderr, "endpoint {} version {} is ready\n", active->name, active->version);
  }
  return {};
}

/// DetectPHI, for whoever has an access key; none where there are no keys.
Result<std::shared_ptr<server::ComprehendMedical>> open_comprehend_medical(
    store::Workspace& workspace) {
  RESIDENCY_TRY(auto keys, read_access_keys(workspace));
  if (keys.empty()) return std::shared_ptr<server::ComprehendMedical>();
  RESIDENCY_TRY(auto detector, deid::Detector::open());
  const std::size_t threads = std::max(1u, std::thread::hardware_concurrency());
  fmt::print(stderr, "DetectPHI is ready for {} access keys\n", keys.list().size());
  return std::make_shared<server::ComprehendMedical>(std::move(detector), std::move(keys), threads);
}

}  // namespace

int serve_command(const Words& words) {
  CLI::App app{
      "Serves every active deployment: POST /v1/chat/completions (streaming too), GET /v1/models, "
      "/healthz, /readyz, /metrics. What comes out passes a PHI filter. Where there are access "
      "keys "
      "(residency keys aws create), also Comprehend Medical's DetectPHI."};
  ServeFlags flags;
  flags.common.add_to(app);
  app.add_option("-c,--config", flags.config_file, "a YAML file of server options");
  app.add_option("--address", flags.address, "the address to listen on (default 127.0.0.1)");
  app.add_option("-p,--port", flags.port, "the port (default 8080; 0: any that is free)");
  app.add_option("--api-keys", flags.api_keys_file, "a file of API keys; required beyond loopback");
  app.add_option("--phi-filter", flags.filter_mode, "mask or block")->capture_default_str();
  if (auto ended = parse(app, words)) return *ended;
  auto options = server_options(flags);
  if (!options.ok()) return fail(options.error(), flags.common.json);
  auto workspace = open_workspace(flags.common);
  if (!workspace.ok()) return fail(workspace.error(), flags.common.json);
  serve::EndpointTable endpoints;
  if (auto opened = open_endpoints(**workspace, flags, endpoints); !opened.ok())
    return fail(opened.error(), flags.common.json);
  auto medical = open_comprehend_medical(**workspace);
  if (!medical.ok()) return fail(medical.error(), flags.common.json);
  if (endpoints.list().empty() && *medical == nullptr) {
    return fail(failed_precondition("nothing is deployed: see residency deploy create, or run a "
                                    "recipe with a deploy section; for DetectPHI alone make a key "
                                    "with residency keys aws create"),
                flags.common.json);
  }
  const auto listening = [&](std::uint16_t port) {
    fmt::print("serving on http://{}:{}\n", options->address, port);
    std::fflush(stdout);
  };
  auto served =
      server::run_server(*options, endpoints, std::stop_token(), listening, *std::move(medical));
  return served.ok() ? 0 : fail(served.error(), flags.common.json);
}

}  // namespace residency::cli
