#include "eval/eval_options.h"

#include <fmt/format.h>

#include "base/json.h"

namespace residency::eval {
namespace {

constexpr std::int64_t kTokensMax = 8192;
constexpr std::int64_t kItemsMax = 10'000'000;
constexpr std::int64_t kResamplesMax = 100'000;
constexpr std::size_t kChoicesMax = 1000;
constexpr std::size_t kStopsMax = 16;
constexpr std::size_t kGrammarBytesMax = 64u << 10;

std::string gbnf_literal(const std::string& text) {
  std::string literal = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') literal.push_back('\\');
    if (c == '\n') {
      literal += "\\n";
    } else {
      literal.push_back(c);
    }
  }
  return literal + "\"";
}

}  // namespace

std::string_view task_name(EvalTask task) {
  switch (task) {
    case EvalTask::kCodeF1:
      return "code_f1";
    case EvalTask::kMultipleChoice:
      return "multiple_choice";
    case EvalTask::kClassification:
      return "classification";
    case EvalTask::kExact:
      return "exact";
    case EvalTask::kEntities:
      return "entities";
    case EvalTask::kDecision:
      return "decision";
  }
  return "";
}

Result<EvalTask> task_named(std::string_view name) {
  for (const EvalTask task :
       {EvalTask::kCodeF1, EvalTask::kMultipleChoice, EvalTask::kClassification, EvalTask::kExact,
        EvalTask::kEntities, EvalTask::kDecision}) {
    if (name == task_name(task)) return task;
  }
  return invalid_input("unknown evaluation task");
}

Result<EvalOptions> EvalOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "eval.");
  EvalOptions options;
  const auto task = task_named(reader.choice(
      "task", {"code_f1", "multiple_choice", "classification", "exact", "entities", "decision"},
      "code_f1"));
  if (task.ok()) options.task = *task;
  options.choices = reader.texts("choices", {});
  if (options.choices.size() == 1 || options.choices.size() > kChoicesMax) {
    reader.problem("choices", fmt::format("must be 2 to {} texts", kChoicesMax));
  }
  for (const std::string& choice : options.choices) {
    if (choice.empty()) reader.problem("choices", "must not hold an empty text");
  }
  options.negative = reader.text("negative", "");
  if (!options.negative.empty() && options.task != EvalTask::kClassification)
    reader.problem("negative", "goes with the task classification");
  options.instruction = reader.text("instruction", "");
  if (options.instruction.size() > kGrammarBytesMax)
    reader.problem("instruction", fmt::format("must be at most {} bytes", kGrammarBytesMax));
  options.tokens_max = reader.integer("tokens_max", options.tokens_max, 1, kTokensMax);
  options.items_max = reader.integer("items_max", 0, 0, kItemsMax);
  options.seed = static_cast<std::uint64_t>(reader.integer("seed", 0, 0, INT64_MAX));
  options.resamples = reader.integer("resamples", options.resamples, 100, kResamplesMax);
  options.grammar = reader.text("grammar", "");
  const bool named =
      options.grammar.empty() || options.grammar == "codes" || options.grammar == "choices";
  if (!named && options.grammar.find("root") == std::string::npos) {
    reader.problem("grammar", "must be codes, choices or GBNF with a rule named root");
  }
  if (options.grammar.size() > kGrammarBytesMax) {
    reader.problem("grammar", fmt::format("must be at most {} bytes", kGrammarBytesMax));
  }
  options.stop = reader.texts("stop", {});
  if (options.stop.size() > kStopsMax) {
    reader.problem("stop", fmt::format("must be at most {} texts", kStopsMax));
  }
  for (const std::string& stop : options.stop) {
    if (stop.empty()) reader.problem("stop", "must not hold an empty text");
  }
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

std::string EvalOptions::canonical_json() const {
  return dump_json({{"task", task_name(task)},
                    {"choices", choices},
                    {"negative", negative},
                    {"instruction", instruction},
                    {"tokens_max", tokens_max},
                    {"items_max", items_max},
                    {"seed", seed},
                    {"resamples", resamples},
                    {"grammar", grammar},
                    {"stop", stop}});
}

std::string grammar_text(const EvalOptions& options, const std::vector<std::string>& choices) {
  if (options.grammar == "codes") {
    return "root ::= \" \"? code (\", \" code)*\n"
           "code ::= [A-Z] [0-9] [0-9A-Z] (\".\" [0-9A-Z] [0-9A-Z]? [0-9A-Z]? [0-9A-Z]?)?\n";
  }
  if (options.grammar != "choices") return options.grammar;
  std::string root = "root ::= \" \"? (";
  for (std::size_t i = 0; i < choices.size(); ++i) {
    root += (i == 0 ? "" : " | ") + gbnf_literal(choices[i]);
  }
  return root + ")\n";
}

}  // namespace residency::eval
