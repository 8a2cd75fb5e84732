#include "cli/commands/eval_score.h"

#include <fmt/format.h>
#include <set>

#include "base/env.h"
#include "eval/eval.h"
#include "eval/finish_scores.h"
#include "eval/given_predictions.h"

namespace residency::cli {
namespace {

constexpr std::uint64_t kBytesMax = 1ull << 30;

eval::TagScheme scheme_named(const std::string& name) {
  if (name == "iob2") return eval::TagScheme::kStrictIob2;
  if (name == "iobes") return eval::TagScheme::kStrictIobes;
  if (name == "bilou") return eval::TagScheme::kStrictBilou;
  return eval::TagScheme::kLenient;
}

}  // namespace

void EvalScoreCommand::add_to(CLI::App& eval) {
  app_ = eval.add_subcommand(
      "score",
      "score predictions that any program made, as ours are scored: JSON lines, or columns "
      "with the gold and the predicted tag last");
  common_.add_to(*app_, false);
  app_->add_option("file", file_, "the predictions")->required();
  app_->add_option("--task", task_, "as eval.task in a recipe")->capture_default_str();
  app_->add_option("--columns", scheme_,
                   "the file has columns; tags are read as conlleval does (lenient) or strictly as "
                   "iob2, iobes or bilou")
      ->check(CLI::IsMember({"lenient", "iob2", "iobes", "bilou"}));
  app_->add_option("--negative", negative_, "classification: the label that says nothing holds");
  app_->add_option("--choices", choices_, "multiple choice: in the order of the log-probabilities")
      ->delimiter(',');
  app_->add_option("--code-table", code_table_, "code_f1: a file of the codes that there are");
  app_->add_option("--resamples", resamples_, "of the bootstrap")->check(CLI::Range(100, 100'000));
  app_->add_option("--seed", seed_, "of the bootstrap");
}

int EvalScoreCommand::run() {
  const auto work = [&]() -> Result<eval::ModelScores> {
    Env& env = Env::posix();
    eval::EvalOptions options;
    const auto task = eval::task_named(task_);
    if (!task.ok()) return invalid_argument("no such task: " + task_.substr(0, 32));
    options.task = *task;
    if (!scheme_.empty() && options.task != eval::EvalTask::kEntities)
      return invalid_argument("--columns goes with the task entities");
    options.negative = negative_;
    options.choices = choices_;
    options.resamples = resamples_;
    options.seed = seed_;
    RESIDENCY_TRY(const std::string bytes, env.read_file(file_, kBytesMax));
    eval::ModelScores scores;
    scores.task = options.task;
    scores.negative = negative_;
    scores.choices = choices_;
    RESIDENCY_TRY(scores.predictions,
                  scheme_.empty()
                      ? eval::read_given_predictions(bytes, options.task, file_)
                      : eval::read_prediction_columns(bytes, scheme_named(scheme_), file_));
    scores.items = scores.items_in_set = scores.predictions.size();
    std::set<std::string> labels;
    for (const auto& prediction : scores.predictions)
      labels.insert(prediction.labels.begin(), prediction.labels.end());
    scores.label_count = labels.size();
    scores.template_use = "unknown";
    scores.options_json = options.canonical_json();
    if (!code_table_.empty()) {
      RESIDENCY_TRY(const std::string table, env.read_file(code_table_, kBytesMax));
      RESIDENCY_TRY(const auto codes, eval::CodeTable::parse(table, code_table_));
      eval::check_codes(codes, scores);
    }
    eval::fill_metrics(options, scores);
    return scores;
  };
  const auto scores = work();
  if (!scores.ok()) return fail(scores.error(), common_.json);
  if (common_.json) {
    print_json(scores->to_json());
  } else {
    fmt::print("{}", eval::render_table(*scores));
  }
  return 0;
}

}  // namespace residency::cli
