#include "pipeline/stages/run_folder.h"

#include <fmt/format.h>

#include "base/log.h"
#include "train/tracking/tensorboard_events.h"

namespace residency::pipeline {
namespace {

constexpr double kCostIntervalS = 10;
constexpr std::string_view kCostPrefix = "cost-";

}  // namespace

RunFolder::RunFolder(Env& env, std::string folder) : env_(env), folder_(std::move(folder)) {
  auto steps = env_.open_append(folder_ + "/steps.jsonl");
  if (steps.ok()) steps_ = *std::move(steps);
  // TensorBoard shows all event files of a folder as one run, so a resumed job starts another.
  const auto began_ms = env_.now_unix_ms();
  cost_path_ = fmt::format("{}/{}{}.json", folder_, kCostPrefix, began_ms);
  cost_written_s_ = now_s();
  auto events = env_.create(fmt::format("{}/events.out.tfevents.{}", folder_, began_ms));
  if (events.ok()) events_ = *std::move(events);
  append(events_, train::tensorboard_header(now_s()));
}

void RunFolder::append(std::unique_ptr<WritableFile>& file, std::string_view bytes) {
  if (file != nullptr && !file->append(bytes).ok()) file.reset();
}

void RunFolder::plan(const train::RunPlan& plan) {
  const Json json{{"memory_bytes", plan.estimate.memory_bytes},
                  {"memory_available_bytes", plan.memory_available},
                  {"trained_values", plan.estimate.trained_values},
                  {"gigaflops_per_token", plan.estimate.gigaflops_per_token},
                  {"tokens", plan.tokens},
                  {"seconds", plan.seconds}};
  if (!env_.write_file_atomic(folder_ + "/plan.json", dump_json(json) + "\n").ok())
    log(LogLevel::kWarning, "train", "the plan of a training could not be written");
}

void RunFolder::step(const train::StepMetrics& metrics) {
  append(steps_, dump_json({{"step", metrics.step},
                            {"seconds", metrics.seconds},
                            {"tokens_per_second", metrics.tokens_per_second}}) +
                     "\n");
  std::vector<std::pair<std::string_view, double>> scalars{
      {"loss/train", metrics.loss},
      {"learning_rate", metrics.learning_rate},
      {"gradient_norm", metrics.gradient_norm},
      {"tokens_per_second", metrics.tokens_per_second}};
  if (metrics.validation_loss) scalars.emplace_back("loss/validation", *metrics.validation_loss);
  append(events_, train::tensorboard_scalars(now_s(), metrics.step, scalars));
  if (now_s() - cost_written_s_ >= kCostIntervalS) write_cost();
}

void RunFolder::write_cost() {
  cost_written_s_ = now_s();
  if (!env_.write_file_atomic(cost_path_, dump_json(meter_.cost().to_json()) + "\n").ok()) {
    log(LogLevel::kWarning, "train", "the cost of a training could not be written");
  }
}

Result<train::RunCost> read_run_cost(Env& env, const std::string& folder) {
  RESIDENCY_TRY(const auto entries, env.list(folder));
  train::RunCost sum;
  bool any = false;
  for (const DirEntry& entry : entries) {
    if (!entry.name.starts_with(kCostPrefix) || !entry.name.ends_with(".json")) continue;
    RESIDENCY_TRY(const std::string text, env.read_file(folder + "/" + entry.name));
    RESIDENCY_TRY(const Json json, parse_json(text));
    RESIDENCY_TRY(const auto cost, train::RunCost::from_json(json));
    sum.add(cost);
    any = true;
  }
  if (!any) return not_found("no cost was kept for this run: " + folder);
  return sum;
}

}  // namespace residency::pipeline
