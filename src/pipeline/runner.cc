#include "pipeline/runner.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "crypto/sha256.h"
#include "pipeline/stage.h"

namespace residency::pipeline {
namespace {

/// The id comes from the key, so a job that was cut off is found again under the same id.
std::string job_id(const std::string& key) { return "j-" + key.substr(0, 12); }

bool outputs_exist(store::Workspace& workspace, const store::Job& job) {
  return std::all_of(job.outputs.begin(), job.outputs.end(),
                     [&](const std::string& id) { return workspace.has_artifact(id); });
}

Result<void> check_inputs(store::Workspace& workspace, const Step& step, const Stage& stage,
                          const std::vector<std::string>& inputs) {
  std::vector<std::string> kinds;
  for (const std::string& id : inputs) {
    RESIDENCY_TRY(const auto manifest, workspace.manifest(id));
    kinds.push_back(manifest.kind);
  }
  for (std::string_view needed : stage.takes) {
    if (needed.back() == '?') continue;
    if (std::find(kinds.begin(), kinds.end(), needed) == kinds.end()) {
      return failed_precondition(
          fmt::format("step {} needs an artifact of kind: {}", step.name, needed));
    }
  }
  return {};
}

}  // namespace

const std::vector<std::string>* RunOutcome::outputs_of(std::string_view step) const {
  for (const StepOutcome& outcome : steps) {
    if (outcome.step == step) return &outcome.outputs;
  }
  return nullptr;
}

Result<std::string> job_key(store::Workspace& workspace, const Step& step,
                            const std::vector<std::string>& inputs) {
  RESIDENCY_TRY(const Stage* stage, find_stage(step.stage));
  RESIDENCY_TRY(const std::string outside, stage->fingerprint(workspace, step.options));
  return crypto::sha256_hex(fmt::format("{}\n{}\n{}\n{}\n{}", step.stage, stage->version,
                                        step.options.canonical_json(), fmt::join(inputs, ","),
                                        outside));
}

Result<StepOutcome> run_step(store::Workspace& workspace, Executor& executor, const Step& step,
                             const std::vector<std::string>& inputs, Progress& progress) {
  RESIDENCY_TRY(const Stage* stage, find_stage(step.stage));
  RESIDENCY_TRY_VOID(check_inputs(workspace, step, *stage, inputs));
  RESIDENCY_TRY(const std::string key, job_key(workspace, step, inputs));
  RESIDENCY_TRY(auto found, workspace.find_job(key));
  StepOutcome outcome{step.name, job_id(key), false, {}, 0};
  if (found && found->state == store::JobState::kDone && outputs_exist(workspace, *found)) {
    outcome.reused = true;
    outcome.outputs = found->outputs;
    return outcome;
  }
  Env& env = workspace.env();
  store::Job job = found ? *found : store::Job{};
  job.id = outcome.job;
  job.key = key;
  job.stage = step.stage;
  job.name = step.name;
  job.state = store::JobState::kRunning;
  job.options_json = step.options.canonical_json();
  job.inputs = inputs;
  job.error_code.clear();
  job.error_message.clear();
  job.started_ms = env.now_unix_ms();
  job.attempts += 1;
  RESIDENCY_TRY_VOID(workspace.save_job(job));
  auto outputs = executor.run(job, progress);
  job.ended_ms = env.now_unix_ms();
  if (!outputs.ok()) {
    const bool stopped = outputs.error().code() == ErrorCode::kCancelled;
    job.state = stopped ? store::JobState::kCancelled : store::JobState::kFailed;
    job.error_code = traits(outputs.error().code()).name;
    job.error_message = outputs.error().message();
    if (auto saved = workspace.save_job(job); !saved.ok()) {
      log(LogLevel::kError, "pipeline", "the state of a failed job could not be saved",
          {{"job", Label(job.id)}});
    }
    return outputs.error();
  }
  job.state = store::JobState::kDone;
  job.outputs = *outputs;
  RESIDENCY_TRY_VOID(workspace.save_job(job));
  outcome.outputs = *std::move(outputs);
  outcome.seconds = static_cast<double>(job.ended_ms - job.started_ms) / 1000.0;
  return outcome;
}

Result<RunOutcome> run_steps(store::Workspace& workspace, Executor& executor,
                             const std::vector<Step>& steps, Progress& progress,
                             const RunListener& listener) {
  RunOutcome outcome;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    std::vector<std::string> inputs;
    for (const std::string& earlier : step.inputs) {
      const auto* outputs = outcome.outputs_of(earlier);
      if (outputs != nullptr) inputs.insert(inputs.end(), outputs->begin(), outputs->end());
    }
    if (listener.started) listener.started(step, i + 1, steps.size());
    auto ended = run_step(workspace, executor, step, inputs, progress);
    if (!ended.ok()) return ended.error().with_context("step " + step.name);
    if (listener.ended) listener.ended(*ended);
    outcome.steps.push_back(*std::move(ended));
    if (progress.cancelled()) return cancelled("stopped after step " + step.name);
  }
  return outcome;
}

}  // namespace residency::pipeline
