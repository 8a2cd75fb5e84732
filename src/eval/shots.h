// Few-shot examples: which, and how they stand before an item.
#pragma once

#include <string>
#include <vector>

#include "base/line_io.h"
#include "base/result.h"
#include "dataset/example.h"
#include "eval/eval_options.h"
#include "eval/python_random.h"
#include "infer/engine.h"

namespace residency::eval {

/// Draws shots item after item, as lm-evaluation-harness does: the first of the pool, or a random
/// sample for each item from Random(shots_seed) of Python.
class Shots {
 public:
  /// `pool` in its file's order. kInvalidInput where it has fewer than options.shots examples or
  /// one without an answer that can be shown.
  static Result<Shots> make(const EvalOptions& options, std::vector<dataset::Example> pool);

  bool empty() const { return count_ == 0; }
  std::vector<const dataset::Example*> next();

 private:
  Shots(std::vector<dataset::Example> pool, std::size_t count, bool random, std::uint32_t seed)
      : pool_(std::move(pool)), count_(count), random_(random), numbers_(seed) {}

  std::vector<dataset::Example> pool_;
  std::size_t count_;
  bool random_;
  PythonRandom numbers_;
};

/// A completion's prompt behind its shots, as the harness has it: the task's description once, then
/// each shot's prompt and answer and an empty line, then the prompt.
std::string shots_prompt(const std::vector<const dataset::Example*>& shots,
                         const dataset::Example& item);

/// Examples out of lines of JSON; the error names `name` and the line.
Result<std::vector<dataset::Example>> read_pool(LineSource& lines, const std::string& name);

}  // namespace residency::eval
