#include "serve/serve.h"

#include <condition_variable>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <unistd.h>

#include "audit/audit_log.h"
#include "base/log.h"
#include "cli/access_key_state.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "deploy/deploy.h"
#include "serve/chat_json.h"
#include "serve/fleet.h"
#include "serve/phi_guardrail.h"
#include "serve/policy_guardrail.h"
#include "serve/process_endpoint.h"
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
  std::vector<std::string> guardrails;  // [NAME=]POLICY
};

using ServeOptions = std::pair<server::ServerOptions, serve::EndpointOptions>;

Result<ServeOptions> serve_options(const ServeFlags& flags) {
  ConfigNode node;
  if (!flags.config_file.empty()) {
    RESIDENCY_TRY(const auto yaml, Env::posix().read_file(flags.config_file, 1u << 20));
    RESIDENCY_TRY(node, ConfigNode::parse(yaml, flags.config_file));
  }
  ServeOptions made;
  for (const auto& [key, member] : node.members()) {
    if (key != "endpoint") continue;
    RESIDENCY_TRY(made.second, serve::EndpointOptions::from_config(member));
  }
  RESIDENCY_TRY(made.first, server::ServerOptions::from_config(node));
  auto& options = made.first;
  if (!flags.address.empty()) options.address = flags.address;
  if (flags.port >= 0) options.port = flags.port;
  if (!flags.api_keys_file.empty()) options.api_keys_file = flags.api_keys_file;
  return made;
}

/// What the records say is to be served.
Result<std::vector<serve::FleetEntry>> fleet_entries(store::Workspace& workspace,
                                                     audit::AuditLog& log) {
  deploy::Registry registry(workspace, log);
  deploy::EndpointSettingsStore settings(workspace, log);
  RESIDENCY_TRY(auto histories, registry.list());
  std::vector<serve::FleetEntry> entries;
  for (auto& history : histories) {
    serve::FleetEntry entry;
    RESIDENCY_TRY(entry.settings, settings.get(history.name));
    entry.history = std::move(history);
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// The policies of endpoints by name; "" is for those that have none of their own.
using PolicySources = std::map<std::string, Json>;

Result<PolicySources> policy_sources(const ServeFlags& flags) {
  PolicySources sources;
  for (const std::string& flag : flags.guardrails) {
    const auto equals = flag.find('=');
    const bool named = equals != std::string::npos;
    const std::string name = named ? flag.substr(0, equals) : "";
    RESIDENCY_TRY(auto source,
                  serve::read_policy_source(Env::posix(), named ? flag.substr(equals + 1) : flag));
    if (!sources.emplace(name, std::move(source)).second) {
      return invalid_argument(named ? "--guardrail: given twice for " + name
                                    : "--guardrail: given twice for all endpoints");
    }
  }
  return sources;
}

/// Starts the process of an endpoint.
serve::PartFactory part_factory(const std::string& workspace_root, const ServeFlags& flags,
                                const serve::EndpointOptions& options,
                                const PolicySources& policies) {
  return [workspace_root, filter = flags.filter_mode, options, policies](
             const std::vector<deploy::Deployment>& versions, std::int64_t idle_ms) {
    serve::ProcessEndpointOptions process;
    process.command = {program_path(), "endpoint-worker"};
    Json list = Json::array();
    for (const auto& version : versions) list.push_back(deploy::to_json(version));
    process.description = {{"workspace", workspace_root},
                           {"name", versions.front().name},
                           {"versions", std::move(list)},
                           {"options", serve::to_json(options)},
                           {"filter", filter}};
    auto policy = policies.find(versions.front().name);
    if (policy == policies.end()) policy = policies.find("");
    if (policy != policies.end()) process.description["guardrail"] = policy->second;
    process.idle_ms = idle_ms;
    process.on_failure = [](const Error& error) {
      fmt::print(stderr, "error: {}\n", error.message());
    };
    return serve::start_process_endpoint(versions, options, std::move(process), idle_ms > 0);
  };
}

/// Keeps the endpoints equal to the records, and what was used in the records, until it is
/// destroyed.
class Keeper {
 public:
  Keeper(store::Workspace& workspace, audit::AuditLog& log, serve::Fleet& fleet,
         serve::Meter& meter)
      : workspace_(workspace), log_(log), fleet_(fleet), meter_(meter) {}
  ~Keeper() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    save_usage();
  }

  Result<void> refresh() {
    RESIDENCY_TRY(const auto entries, fleet_entries(workspace_, log_));
    for (const std::string& name : fleet_.refresh(entries)) {
      fmt::print(stderr, "endpoint {} changed\n", name);
    }
    return {};
  }
  void start() {
    thread_ = std::thread([this] { work(); });
  }

 private:
  void work() {
    constexpr std::chrono::milliseconds kPause{500};
    constexpr int kRoundsBetweenSaves = 20;
    for (int round = 1;; ++round) {
      {
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, kPause, [&] { return closed_; })) return;
      }
      if (const auto done = refresh(); !done.ok()) {
        log(LogLevel::kWarning, "serve", "the records could not be read",
            {{"code", Label(traits(done.error().code()).name)}});
      }
      if (round % kRoundsBetweenSaves == 0) save_usage();
    }
  }

  void save_usage() {
    const auto lines = meter_.lines();
    if (lines.empty() || lines == saved_) return;
    Json list = Json::array();
    for (const auto& line : lines) list.push_back(serve::to_json(line));
    if (workspace_.put_record("usage", id_, list).ok()) saved_ = lines;
  }

  store::Workspace& workspace_;
  audit::AuditLog& log_;
  serve::Fleet& fleet_;
  serve::Meter& meter_;
  const std::string id_ = format_utc(Env::posix().now_unix_ms()) + "-" + std::to_string(::getpid());
  std::vector<serve::UsageLine> saved_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  std::thread thread_;
};

/// A merged model stands on no base that others share.
std::function<bool(const deploy::Deployment&)> alone_in(store::Workspace& workspace) {
  return [&workspace](const deploy::Deployment& deployment) {
    if (deployment.model_artifact.empty()) return false;
    const auto manifest = workspace.manifest(deployment.model_artifact);
    return !manifest.ok() || manifest->kind == "model";
  };
}

/// What earlier servers have counted, for the budgets of today.
Result<void> load_usage(store::Workspace& workspace, serve::Meter& meter) {
  RESIDENCY_TRY(const auto records, workspace.list_records("usage"));
  std::vector<serve::UsageLine> lines;
  for (const auto& [name, list] : records) {
    for (const Json& value : list) {
      RESIDENCY_TRY(auto line, serve::usage_line_from_json(value));
      lines.push_back(std::move(line));
    }
  }
  meter.load(lines);
  return {};
}

/// What the server offers beside its endpoints.
Result<server::ServerServices> open_services(store::Workspace& workspace, const ServeFlags& flags,
                                             const PolicySources& policies,
                                             std::shared_ptr<serve::Meter> meter) {
  server::ServerServices services;
  services.meter = std::move(meter);
  RESIDENCY_TRY(services.access_keys, read_access_keys(workspace));
  if (!services.access_keys.empty()) {
    RESIDENCY_TRY(auto detector, deid::Detector::open());
    const std::size_t threads = std::max(1u, std::thread::hardware_concurrency());
    fmt::print(stderr, "DetectPHI is ready for {} access keys\n",
               services.access_keys.list().size());
    services.comprehend_medical = std::make_shared<server::ComprehendMedical>(
        std::move(detector), services.access_keys, threads);
  }
  guard::GuardOptions guard_options;
  if (flags.filter_mode != "off") {
    RESIDENCY_TRY(guard_options.mode, guard::filter_mode_named(flags.filter_mode));
  }
  RESIDENCY_TRY(services.guardrails, serve::phi_guardrails(guard_options));
  for (const auto& [name, source] : policies) {
    RESIDENCY_TRY(auto policy, serve::policy_of_source(source));
    fmt::print(stderr, "guardrail {} version {} (sha256 {:.12}) for {}\n", policy.name,
               policy.version, policy.sha256, name.empty() ? "all other endpoints" : name);
    RESIDENCY_TRY(auto guardrail, serve::policy_guardrail(std::move(policy)));
    services.guardrails =
        serve::with_guardrail(std::move(guardrail), std::move(services.guardrails));
  }
  return services;
}

/// Until every endpoint that is to run has started or failed.
void wait_until_ready(const serve::EndpointTable& endpoints) {
  for (const auto& endpoint : endpoints.list()) {
    while (endpoint->state() == "starting") {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const auto& deployment = endpoint->deployment();
    fmt::print(stderr, "endpoint {} version {} is {}\n", deployment.name, deployment.version,
               endpoint->state());
  }
}

int serve_workspace(store::Workspace& workspace, const ServeFlags& flags,
                    const server::ServerOptions& options,
                    const serve::EndpointOptions& endpoint_options) {
  const auto failed = [&](const Error& error) { return fail(error, flags.common.json); };
  auto log = audit::AuditLog::open(workspace);
  if (!log.ok()) return failed(log.error());
  const auto policies = policy_sources(flags);
  if (!policies.ok()) return failed(policies.error());
  serve::EndpointTable endpoints;
  const auto meter = std::make_shared<serve::Meter>();
  if (auto loaded = load_usage(workspace, *meter); !loaded.ok()) return failed(loaded.error());
  serve::Fleet fleet(endpoints, meter,
                     part_factory(workspace.root(), flags, endpoint_options, *policies),
                     alone_in(workspace));
  Keeper keeper(workspace, **log, fleet, *meter);
  if (auto opened = keeper.refresh(); !opened.ok()) return failed(opened.error());
  auto services = open_services(workspace, flags, *policies, meter);
  if (!services.ok()) return failed(services.error());
  if (endpoints.list().empty() && services->comprehend_medical == nullptr) {
    return failed(
        failed_precondition("nothing is deployed: see residency deploy create, or run a "
                            "recipe with a deploy section; for DetectPHI alone make a "
                            "key with residency keys aws create"));
  }
  for (const auto& [name, source] : *policies) {
    if (name.empty() || endpoints.find(name).ok()) continue;
    return failed(failed_precondition("--guardrail: nothing is deployed as " + name));
  }
  wait_until_ready(endpoints);
  keeper.start();
  const auto listening = [&](std::uint16_t port) {
    fmt::print("serving on http://{}:{}\n", options.address, port);
    std::fflush(stdout);
  };
  auto served =
      server::run_server(options, endpoints, std::stop_token(), listening, *std::move(services));
  return served.ok() ? 0 : failed(served.error());
}

}  // namespace

int serve_command(const Words& words) {
  CLI::App app{
      "Serves every active deployment, each in a process of its own: OpenAI's chat completions, "
      "completions, embeddings and models; Bedrock Runtime's InvokeModel, Converse (streaming "
      "too), "
      "CountTokens and ApplyGuardrail; /healthz, /readyz, /metrics. HTTP/1.1 and HTTP/2 on one "
      "port. What comes out passes a PHI filter. Where there are access keys (residency keys aws "
      "create), also Comprehend Medical's DetectPHI. Deploying, promoting, splitting and "
      "withdrawing take effect while it runs."};
  ServeFlags flags;
  flags.common.add_to(app);
  app.add_option("-c,--config", flags.config_file,
                 "a YAML file of server options, with endpoint options under `endpoint`");
  app.add_option("--address", flags.address, "the address to listen on (default 127.0.0.1)");
  app.add_option("-p,--port", flags.port, "the port (default 8080; 0: any that is free)");
  app.add_option("--api-keys", flags.api_keys_file, "a file of API keys; required beyond loopback");
  app.add_option("--phi-filter", flags.filter_mode, "mask, block, detect or off")
      ->capture_default_str()
      ->check(CLI::IsMember({"mask", "block", "detect", "off"}));
  app.add_option("--guardrail", flags.guardrails,
                 "NAME=POLICY or POLICY: a guardrail policy (a file or a preset of residency guard "
                 "policies) for the deployment NAME, or for all that have none of their own")
      ->allow_extra_args(false);
  if (auto ended = parse(app, words)) return *ended;
  auto options = serve_options(flags);
  if (!options.ok()) return fail(options.error(), flags.common.json);
  auto workspace = open_workspace(flags.common);
  if (!workspace.ok()) return fail(workspace.error(), flags.common.json);
  return serve_workspace(**workspace, flags, options->first, options->second);
}

}  // namespace residency::cli
