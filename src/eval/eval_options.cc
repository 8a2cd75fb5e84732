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
constexpr std::int64_t kShotsMax = 64;
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

void read_shots(ConfigReader& reader, EvalOptions& options) {
  if (!reader.has("shots")) return;
  // `shots: 5`, or a map that also says which.
  const ConfigNode node = reader.child("shots");
  if (!node.is_map()) {
    options.shots = reader.integer("shots", 0, 0, kShotsMax);
    return;
  }
  ConfigReader shots(node, "eval.shots.");
  options.shots = shots.integer("count", 0, 0, kShotsMax);
  options.shots_from = shots.choice("from", {"train", "validation"}, "train") == "train"
                           ? ShotsFrom::kTrain
                           : ShotsFrom::kValidation;
  options.shots_random = shots.choice("order", {"random", "first"}, "random") == "random";
  options.shots_seed = shots.integer("seed", options.shots_seed, 0, UINT32_MAX);
  reader.absorb(shots.finish());
}

/// `code_table: {path: FILE}`; `general_text: builtin`, `none` or `{path: FILE}`.
void read_files(ConfigReader& reader, EvalOptions& options) {
  if (reader.has("code_table")) {
    ConfigReader table(reader.child("code_table"), "eval.code_table.");
    options.code_table = table.text_required("path");
    reader.absorb(table.finish());
    if (options.task != EvalTask::kCodeF1)
      reader.problem("code_table", "goes with the task code_f1");
  }
  if (!reader.has("general_text")) return;
  const ConfigNode node = reader.child("general_text");
  if (!node.is_map()) {
    options.general_text = reader.choice("general_text", {"builtin", "none"}, "builtin");
    return;
  }
  ConfigReader text(node, "eval.general_text.");
  options.general_text = text.text_required("path");
  reader.absorb(text.finish());
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
    case EvalTask::kGeneration:
      return "generation";
  }
  return "";
}

Result<EvalTask> task_named(std::string_view name) {
  for (const EvalTask task :
       {EvalTask::kCodeF1, EvalTask::kMultipleChoice, EvalTask::kClassification, EvalTask::kExact,
        EvalTask::kEntities, EvalTask::kGeneration, EvalTask::kDecision}) {
    if (name == task_name(task)) return task;
  }
  return invalid_input("unknown evaluation task");
}

Result<EvalOptions> EvalOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "eval.");
  EvalOptions options;
  const auto task = task_named(reader.choice("task",
                                             {"code_f1", "multiple_choice", "classification",
                                              "exact", "entities", "generation", "decision"},
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
  const bool named = options.grammar.empty() || options.grammar == "codes" ||
                     options.grammar == "choices" || options.grammar == "entities";
  if (!named && options.grammar.find("root") == std::string::npos) {
    reader.problem("grammar", "must be codes, choices, entities or GBNF with a rule named root");
  }
  if (options.grammar == "entities" && options.task != EvalTask::kEntities)
    reader.problem("grammar", "entities goes with the task entities");
  if (options.grammar == "choices" && options.task == EvalTask::kCodeF1 && options.choices.empty())
    reader.problem("grammar", "choices for code_f1 needs the codes in eval.choices");
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
  read_shots(reader, options);
  options.repeat_items = reader.integer("repeat_items", options.repeat_items, 0, kItemsMax);
  read_files(reader, options);
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
                    {"stop", stop},
                    {"shots",
                     {{"count", shots},
                      {"from", shots_from == ShotsFrom::kTrain ? "train" : "validation"},
                      {"order", shots_random ? "random" : "first"},
                      {"seed", shots_seed}}},
                    {"repeat_items", repeat_items},
                    {"code_table", code_table.empty() ? "none" : "file"},
                    {"general_text",
                     general_text == "builtin" || general_text == "none" ? general_text : "file"}});
}

std::string grammar_text(const EvalOptions& options, const std::vector<std::string>& choices) {
  if (options.grammar == "codes") {
    return "root ::= \" \"? code (\", \" code)*\n"
           "code ::= [A-Z] [0-9] [0-9A-Z] (\".\" [0-9A-Z] [0-9A-Z]? [0-9A-Z]? [0-9A-Z]?)?\n";
  }
  if (options.grammar != "choices" && options.grammar != "entities") return options.grammar;
  std::string any;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    any += (i == 0 ? "" : " | ") + gbnf_literal(choices[i]);
  }
  if (options.grammar == "entities") {
    // At most forty lines of at most 80 characters: the answer comes to an end.
    return "root ::= \"none\" | line line{0,39}\nline ::= type \": \" words \"\\n\"\n"
           "type ::= " +
           any + "\nwords ::= [^\\n: ] [^\\n:]{0,79}\n";
  }
  if (options.task == EvalTask::kCodeF1)
    return "root ::= \" \"? code (\", \" code)*\ncode ::= " + any + "\n";
  return "root ::= \" \"? (" + any + ")\n";
}

}  // namespace residency::eval
