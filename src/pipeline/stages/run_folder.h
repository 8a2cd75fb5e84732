// RunFolder: what can be watched while a training runs, and what it cost. Plain files, since they
// hold numbers and no content; what belongs to the result is in the artifact.
#pragma once

#include <memory>
#include <string>

#include "base/env.h"
#include "train/run_plan.h"
#include "train/tracking/run_cost.h"
#include "train/train.h"

namespace residency::pipeline {

/// Writes steps.jsonl (time and speed of each step) and an event file for TensorBoard into the
/// run's folder, and what this process took to cost-TIME.json now and then: a job that was
/// interrupted has several. Losing one of them is no reason to lose the training.
class RunFolder final : public train::MetricSink {
 public:
  /// `folder` exists.
  RunFolder(Env& env, std::string folder);
  /// Writes plan.json: what the run is expected to take.
  void plan(const train::RunPlan& plan);
  void step(const train::StepMetrics& metrics) override;
  void end() { write_cost(); }

 private:
  void write_cost();
  double now_s() const { return static_cast<double>(env_.now_unix_ms()) / 1000; }
  static void append(std::unique_ptr<WritableFile>& file, std::string_view bytes);

  Env& env_;
  std::string folder_;
  train::CostMeter meter_;
  std::string cost_path_;
  double cost_written_s_ = 0;
  std::unique_ptr<WritableFile> steps_, events_;
};

/// What all processes of a run took together, from its folder. kNotFound where there is no figure.
Result<train::RunCost> read_run_cost(Env& env, const std::string& folder);

}  // namespace residency::pipeline
