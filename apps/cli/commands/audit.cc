#include <fmt/format.h>

#include "audit/audit_log.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"

namespace residency::cli {
namespace {

int verify_log(audit::AuditLog& log, bool json) {
  auto report = log.verify();
  if (!report.ok()) return fail(report.error(), json);
  if (json) {
    print_json({{"intact", report->intact},
                {"events", report->events},
                {"first_bad_seq", report->first_bad_seq},
                {"damage", report->damage}});
  } else if (report->intact) {
    fmt::print("intact: {} events\n", report->events);
  }
  if (report->intact) return 0;
  fmt::print(stderr, "error: the audit log was changed: {} at event {}\n", report->damage,
             report->first_bad_seq);
  return 1;
}

int show_tail(audit::AuditLog& log, std::size_t limit, bool json) {
  auto events = log.tail(limit);
  if (!events.ok()) return fail(events.error(), json);
  for (const std::string& event : *events) fmt::print("{}\n", event);
  return 0;
}

}  // namespace

int audit_command(const Words& words) {
  CLI::App app{"The audit log: who did what to which artifact."};
  app.require_subcommand(1);
  CommonOptions common;
  auto* verify = app.add_subcommand(
      "verify",
      "check the chain, the tree and the signature: exit status 1 where any byte was changed");
  common.add_to(*verify);
  auto* tail = app.add_subcommand("tail", "print the newest events");
  common.add_to(*tail);
  std::size_t limit = 20;
  tail->add_option("-n,--lines", limit, "how many")->capture_default_str();
  if (auto ended = parse(app, words)) return *ended;
  auto workspace = open_workspace(common);
  if (!workspace.ok()) return fail(workspace.error(), common.json);
  auto log = audit::AuditLog::open(**workspace);
  if (!log.ok()) {
    if (!verify->parsed()) return fail(log.error(), common.json);
    return fail(log.error().with_context("the audit log cannot be verified"), common.json);
  }
  return verify->parsed() ? verify_log(**log, common.json) : show_tail(**log, limit, common.json);
}

}  // namespace residency::cli
