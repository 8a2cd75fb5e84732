// What users give to evaluation: predictions, tables of codes, sets with their description, tags in
// columns. The first byte chooses.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/config.h"
#include "eval/code_table.h"
#include "eval/corpora/benchmarks.h"
#include "eval/corpora/own_set.h"
#include "eval/given_predictions.h"
#include "eval/prediction.h"
#include "eval/scorer.h"
#include "eval/text_overlap.h"

namespace {

using namespace residency::eval;

void score_all(const residency::Result<std::vector<Prediction>>& predictions, EvalTask task) {
  if (!predictions.ok()) return;
  const Scorer scorer(task, *predictions, {"a", "b"});
  const auto values = scorer.values(std::vector<std::uint32_t>(predictions->size(), 1));
  if (values.size() != scorer.names().size()) __builtin_trap();
  for (const Prediction& prediction : *predictions) {
    if (!prediction_from_json_line(to_json_line(prediction)).ok()) __builtin_trap();
  }
}

/// The description before a NUL, the data after it.
void read_own(std::string_view text) {
  const std::size_t half = text.find('\0');
  if (half == std::string_view::npos) return;
  const auto node = residency::ConfigNode::parse(text.substr(0, half), "fuzz");
  if (!node.ok()) return;
  const auto set = corpora::OwnSet::from_config(*node);
  if (!set.ok()) return;
  corpora::TextBytes bytes(text.substr(half + 1), 7);
  const auto made = corpora::read_own_set(*set, bytes, "fuzz", {});
  if (!made.ok()) return;
  for (const auto& example : made->examples) {
    if (!residency::dataset::check_example(example).ok()) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      score_all(read_given_predictions(text, EvalTask::kCodeF1, "fuzz"), EvalTask::kCodeF1);
      break;
    case 1:
      score_all(read_given_predictions(text, EvalTask::kEntities, "fuzz"), EvalTask::kEntities);
      break;
    case 2:
      score_all(read_given_predictions(text, EvalTask::kMultipleChoice, "fuzz"),
                EvalTask::kMultipleChoice);
      break;
    case 3:
      score_all(read_given_predictions(text, EvalTask::kGeneration, "fuzz"), EvalTask::kGeneration);
      break;
    case 4:
      score_all(read_prediction_columns(text, static_cast<TagScheme>(size % 4), "fuzz"),
                EvalTask::kEntities);
      break;
    case 5: {
      const auto table = CodeTable::parse(text, "fuzz");
      if (table.ok() && table->size() == 0) __builtin_trap();
      break;
    }
    case 6:
      read_own(text);
      break;
    default: {
      const auto known = corpora::parse_benchmarks(text, "fuzz");
      (void)known.ok();
      const std::size_t half = text.size() / 2;
      const double rouge = rouge_l(text.substr(0, half), text.substr(half));
      const double overlap = chrf(character_grams(text.substr(0, half), text.substr(half)));
      if (!(rouge >= 0 && rouge <= 1 && overlap >= 0 && overlap <= 1 + 1e-9)) __builtin_trap();
      break;
    }
  }
  return 0;
}
