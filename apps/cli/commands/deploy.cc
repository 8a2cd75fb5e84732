#include "deploy/deploy.h"

#include <fmt/format.h>
#include <map>
#include <tuple>

#include "audit/audit_log.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/stage_run.h"
#include "serve/meter.h"

namespace residency::cli {
namespace {

int list(const CommonOptions& common, deploy::Registry& registry) {
  auto histories = registry.list();
  if (!histories.ok()) return fail(histories.error(), common.json);
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& history : *histories) {
    all.push_back(deploy::to_json(history));
    for (const auto& version : history.versions) {
      rows.push_back({history.name, std::to_string(version.version),
                      std::string(deploy::state_name(version.state)), version.model_artifact,
                      version.gate_passed ? "passed" : "overridden", version.created_at});
    }
  }
  if (common.json) {
    print_json(all);
  } else {
    fmt::print("{}", render_table({"NAME", "VERSION", "STATE", "MODEL", "GATE", "MADE"}, rows));
  }
  return 0;
}

int show(const CommonOptions& common, const Result<deploy::Deployment>& deployment) {
  if (!deployment.ok()) return fail(deployment.error(), common.json);
  if (common.json) {
    print_json(deploy::to_json(*deployment));
  } else {
    fmt::print("{} now answers with version {}: {}\n", deployment->name, deployment->version,
               deployment->model_artifact);
  }
  return 0;
}

struct CreateFlags {
  StageRunOptions run;
  std::string name;
  std::string base;
  std::string adapter;
  std::string report;
  std::string person;
  std::string reason;

  void add_to(CLI::App& app) {
    run.add_to(app);
    app.add_option("name", name, "the name callers ask for")->required();
    app.add_option("--base", base, "a base artifact's id")->required();
    app.add_option("--adapter", adapter, "an adapter artifact's id");
    app.add_option("--report", report, "the report of its gate");
    app.add_option("--override-by", person, "who lets it through against its gate");
    app.add_option("--override-reason", reason, "and why; the audit log keeps that it was done");
  }

  int create() {
    for (const std::string& input : {base, adapter, report}) {
      if (!input.empty()) run.inputs.push_back(input);
    }
    Json flags{{"name", name}};
    if (!person.empty() || !reason.empty())
      flags["override"] = {{"person", person}, {"reason", reason}};
    return run_stage("deploy", run, flags);
  }
};

/// The flags of the verbs that change how a deployment is served.
struct SettingsFlags {
  std::vector<std::string> shares;
  std::string shadow;
  std::string idle;
  std::int64_t requests_per_minute = -1;
  std::int64_t tokens_per_minute = -1;
  std::int64_t tokens_per_day = -1;
};

Result<std::int64_t> number_of(const std::string& text, const std::string& what) {
  const bool digits = !text.empty() && text.size() <= 9 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits) return invalid_argument(what + ": give a whole number, not: " + text);
  return std::stoll(text);
}

/// "1=90" and the like.
Result<std::vector<deploy::TrafficShare>> shares_of(const std::vector<std::string>& words) {
  std::vector<deploy::TrafficShare> shares;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) {
      return invalid_argument("traffic: write VERSION=SHARE, as in 1=90, not: " + word);
    }
    deploy::TrafficShare share;
    RESIDENCY_TRY(share.version, number_of(word.substr(0, equals), "traffic version"));
    RESIDENCY_TRY(share.weight, number_of(word.substr(equals + 1), "traffic share"));
    shares.push_back(share);
  }
  return shares;
}

Result<void> apply(const SettingsFlags& flags, deploy::EndpointSettings& settings) {
  if (!flags.shares.empty()) {
    RESIDENCY_TRY(settings.traffic, shares_of(flags.shares));
  }
  if (flags.shadow == "off") {
    settings.shadow = 0;
  } else if (!flags.shadow.empty()) {
    RESIDENCY_TRY(settings.shadow, number_of(flags.shadow, "shadow"));
  }
  if (flags.idle == "off") {
    settings.idle_s = 0;
  } else if (!flags.idle.empty()) {
    RESIDENCY_TRY(settings.idle_s, number_of(flags.idle, "idle-s"));
  }
  if (flags.requests_per_minute >= 0) settings.requests_per_minute = flags.requests_per_minute;
  if (flags.tokens_per_minute >= 0) settings.tokens_per_minute = flags.tokens_per_minute;
  if (flags.tokens_per_day >= 0) settings.tokens_per_day = flags.tokens_per_day;
  return {};
}

int show_settings(const CommonOptions& common, const std::string& name,
                  const Result<deploy::EndpointSettings>& settings) {
  if (!settings.ok()) return fail(settings.error(), common.json);
  if (common.json) {
    Json value = settings->to_json();
    value["name"] = name;
    print_json(value);
    return 0;
  }
  std::string traffic;
  for (const auto& share : settings->traffic) {
    traffic += fmt::format(" {}={}", share.version, share.weight);
  }
  const auto bound = [](std::int64_t value) {
    return value == 0 ? std::string("none") : std::to_string(value);
  };
  fmt::print(
      "{}\n  traffic:{}\n  shadow: {}\n  idle-s: {}\n  requests per minute: {}\n  tokens per "
      "minute: {}\n  tokens per day: {}\n",
      name, traffic.empty() ? " the active version" : traffic, bound(settings->shadow),
      bound(settings->idle_s), bound(settings->requests_per_minute),
      bound(settings->tokens_per_minute), bound(settings->tokens_per_day));
  return 0;
}

Result<deploy::EndpointSettings> change_settings(deploy::Registry& registry,
                                                 deploy::EndpointSettingsStore& store,
                                                 const std::string& name,
                                                 const SettingsFlags& flags) {
  RESIDENCY_TRY(const auto history, registry.history(name));
  RESIDENCY_TRY(auto settings, store.get(name));
  RESIDENCY_TRY_VOID(apply(flags, settings));
  RESIDENCY_TRY_VOID(store.put(history, settings));
  return settings;
}

/// One version answers again: a split would go on sending requests to the others.
Result<void> end_split(deploy::Registry& registry, deploy::EndpointSettingsStore& store,
                       const std::string& name) {
  RESIDENCY_TRY(auto settings, store.get(name));
  if (settings.traffic.empty()) return {};
  RESIDENCY_TRY(const auto history, registry.history(name));
  settings.traffic.clear();
  return store.put(history, settings);
}

int usage(const CommonOptions& common, store::Workspace& workspace, const std::string& only) {
  const auto records = workspace.list_records("usage");
  if (!records.ok()) return fail(records.error(), common.json);
  std::map<std::tuple<std::string, std::string, std::string>, serve::UsageLine> sums;
  for (const auto& [name, list] : *records) {
    for (const Json& value : list) {
      const auto line = serve::usage_line_from_json(value);
      if (!line.ok()) return fail(line.error(), common.json);
      if (!only.empty() && line->endpoint != only) continue;
      auto& sum = sums[{line->day, line->endpoint, line->caller}];
      sum.endpoint = line->endpoint;
      sum.caller = line->caller;
      sum.day = line->day;
      sum.usage.requests += line->usage.requests;
      sum.usage.prompt_tokens += line->usage.prompt_tokens;
      sum.usage.cached_tokens += line->usage.cached_tokens;
      sum.usage.completion_tokens += line->usage.completion_tokens;
    }
  }
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, line] : sums) {
    all.push_back(serve::to_json(line));
    rows.push_back({line.day, line.endpoint, line.caller, std::to_string(line.usage.requests),
                    std::to_string(line.usage.prompt_tokens),
                    std::to_string(line.usage.cached_tokens),
                    std::to_string(line.usage.completion_tokens)});
  }
  if (common.json) {
    print_json(all);
  } else {
    fmt::print("{}", render_table({"DAY", "NAME", "CALLER", "REQUESTS", "PROMPT", "OF IT KEPT",
                                   "COMPLETION"},
                                  rows));
  }
  return 0;
}

/// The verbs under `deploy`, but for create.
struct Verbs {
  CommonOptions common;
  std::string name;
  std::int64_t version = 0;
  SettingsFlags settings;
  std::vector<CLI::App*> changing;

  void add_to(CLI::App& app) {
    auto* list = app.add_subcommand("list", "all names and versions");
    auto* promote = app.add_subcommand("promote", "make a version the one that answers");
    auto* rollback = app.add_subcommand("rollback", "go back to the version before");
    auto* withdraw = app.add_subcommand("withdraw", "serve the name no longer");
    auto* split = app.add_subcommand("split", "give versions shares of the requests");
    auto* shadow = app.add_subcommand("shadow", "ask a version too, without using its answers");
    auto* scale = app.add_subcommand("scale", "end an endpoint's process while nobody asks");
    auto* limit = app.add_subcommand("limit", "bound what each caller may use");
    auto* show = app.add_subcommand("show", "how a name is served");
    auto* used = app.add_subcommand("usage", "what callers have used, by day");
    for (auto* verb : {list, promote, rollback, withdraw, split, shadow, scale, limit, show, used})
      common.add_to(*verb);
    for (auto* verb : {promote, rollback, withdraw, split, shadow, scale, limit, show})
      verb->add_option("name", name, "the deployment's name")->required();
    used->add_option("name", name, "of this deployment alone");
    promote->add_option("version", version, "which version")->required();
    split->add_option("shares", settings.shares, "VERSION=SHARE, as in 1=90 2=10")->required();
    shadow->add_option("version", settings.shadow, "which version, or off")->required();
    scale->add_option("--idle-s", settings.idle, "after so many seconds without requests, or off")
        ->required();
    limit->add_option("--requests-per-minute", settings.requests_per_minute, "0: no bound");
    limit->add_option("--tokens-per-minute", settings.tokens_per_minute, "0: no bound");
    limit->add_option("--tokens-per-day", settings.tokens_per_day, "the budget; 0: no bound");
    changing = {split, shadow, scale, limit};
  }

  int run(CLI::App& app, store::Workspace& workspace, audit::AuditLog& log) {
    deploy::Registry registry(workspace, log);
    deploy::EndpointSettingsStore store(workspace, log);
    if (app.got_subcommand("list")) return list(common, registry);
    if (app.got_subcommand("usage")) return usage(common, workspace, name);
    if (app.got_subcommand("show")) {
      const auto known = registry.history(name);
      if (!known.ok()) return fail(known.error(), common.json);
      return show_settings(common, name, store.get(name));
    }
    auto lock = workspace.lock_for_writing();
    if (!lock.ok()) return fail(lock.error(), common.json);
    for (auto* verb : changing) {
      if (verb->parsed())
        return show_settings(common, name, change_settings(registry, store, name, settings));
    }
    if (app.got_subcommand("withdraw")) return withdrawn(registry.withdraw(name));
    auto active =
        app.got_subcommand("promote") ? registry.promote(name, version) : registry.rollback(name);
    if (active.ok()) {
      if (auto ended = end_split(registry, store, name); !ended.ok())
        return fail(ended.error(), common.json);
    }
    return show(common, active);
  }

  int withdrawn(const Result<deploy::Deployment>& deployment) const {
    if (!deployment.ok()) return fail(deployment.error(), common.json);
    if (common.json) {
      print_json(deploy::to_json(*deployment));
    } else {
      fmt::print("{} is served no longer; residency deploy promote brings it back\n", name);
    }
    return 0;
  }
};

}  // namespace

int deploy_command(const Words& words) {
  CLI::App app{"Deployments: which model answers under which name."};
  app.require_subcommand(1);
  CreateFlags create;
  create.add_to(*app.add_subcommand("create", "put a model that passed its gate behind a name"));
  Verbs verbs;
  verbs.add_to(app);
  if (auto ended = parse(app, words)) return *ended;
  if (app.got_subcommand("create")) return create.create();
  auto workspace = open_workspace(verbs.common);
  if (!workspace.ok()) return fail(workspace.error(), verbs.common.json);
  auto log = audit::AuditLog::open(**workspace);
  if (!log.ok()) return fail(log.error(), verbs.common.json);
  return verbs.run(app, **workspace, **log);
}

}  // namespace residency::cli
