#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/terminal_progress.h"

namespace residency::cli {
namespace {

std::string state_name(store::JobState state) {
  switch (state) {
    case store::JobState::kPending:
      return "pending";
    case store::JobState::kRunning:
      return "running";
    case store::JobState::kDone:
      return "done";
    case store::JobState::kFailed:
      return "failed";
    case store::JobState::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

Json to_json(const store::Job& job) {
  return {{"id", job.id},
          {"stage", job.stage},
          {"name", job.name},
          {"state", state_name(job.state)},
          {"inputs", job.inputs},
          {"outputs", job.outputs},
          {"attempts", job.attempts},
          {"error_code", job.error_code},
          {"error_message", job.error_message},
          {"started_at", job.started_ms == 0 ? "" : format_utc(job.started_ms)},
          {"ended_at", job.ended_ms == 0 ? "" : format_utc(job.ended_ms)}};
}

int list_jobs(store::Workspace& workspace, bool json) {
  auto jobs = workspace.list_jobs();
  if (!jobs.ok()) return fail(jobs.error(), json);
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const store::Job& job : *jobs) {
    all.push_back(to_json(job));
    const double seconds = static_cast<double>(job.ended_ms - job.started_ms) / 1000.0;
    rows.push_back(
        {job.id, job.name, state_name(job.state), std::to_string(job.attempts),
         job.ended_ms > job.started_ms ? format_duration(seconds) : "",
         job.error_code.empty() ? fmt::format("{}", fmt::join(job.outputs, " ")) : job.error_code});
  }
  if (json) {
    print_json(all);
  } else {
    fmt::print("{}", render_table({"JOB", "STEP", "STATE", "TRIES", "TIME", "RESULT"}, rows));
  }
  return 0;
}

int show_job(store::Workspace& workspace, const std::string& id, bool json) {
  auto job = workspace.find_job(id);
  if (!job.ok()) return fail(job.error(), json);
  if (!*job) return fail(not_found("no such job: " + id), json);
  Json shown = to_json(**job);
  auto options = parse_json((*job)->options_json);
  shown["options"] = options.ok() ? *options : Json();
  print_json(shown);
  return 0;
}

}  // namespace

int jobs_command(const Words& words) {
  CLI::App app{"Lists the workspace's jobs, or shows one."};
  CommonOptions common;
  common.add_to(app);
  std::string id;
  app.add_option("job", id, "a job's id: shows it whole");
  if (auto ended = parse(app, words)) return *ended;
  auto workspace = open_workspace(common);
  if (!workspace.ok()) return fail(workspace.error(), common.json);
  return id.empty() ? list_jobs(**workspace, common.json) : show_job(**workspace, id, common.json);
}

}  // namespace residency::cli
