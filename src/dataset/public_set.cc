// build_public(): PubMedQA and JSONL files to splits, under a named person's waiver.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "base/json.h"
#include "dataset/build.h"
#include "deid/waiver.h"

namespace residency::dataset {
namespace {

constexpr std::size_t kProblemsShownMax = 20;
constexpr std::size_t kContextsMax = 1000;

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

/// The words that a leak of test text would repeat: all that is shown to the model.
void fill_grams(Candidate& candidate) {
  std::string text;
  const auto& messages = candidate.example.messages;
  const bool labelled = is_text_alone(candidate.example.format);
  for (std::size_t i = 0; i + (labelled ? 0 : 1) < messages.size(); ++i) {
    if (messages[i].role != "system") text += messages[i].content + "\n";
  }
  candidate.grams = text_grams(text);
}

bool is_digits(const std::string& text) {
  return !text.empty() && text.size() <= 16 &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

/// One item of ori_pqal.json. The prompt is the one of lm-evaluation-harness' task pubmedqa
/// (preprocess_pubmedqa.py), so that scores compare.
Result<Candidate> pubmedqa_item(const std::string& id, const Json& item, Format format) {
  if (!item.is_object()) return invalid_input("must be an object");
  const Json& contexts = json_member(item, "CONTEXTS");
  if (!contexts.is_array() || contexts.empty() || contexts.size() > kContextsMax) {
    return invalid_input(fmt::format("CONTEXTS must be a list of 1 to {} texts", kContextsMax));
  }
  std::string abstract_text;
  for (const Json& context : contexts) {
    if (!context.is_string()) return invalid_input("CONTEXTS must be a list of texts");
    abstract_text += (abstract_text.empty() ? "" : "\n") + context.get<std::string>();
  }
  const std::string question = json_text(item, "QUESTION");
  if (question.empty()) return invalid_input("QUESTION must be a text");
  const std::string answer = json_text(item, "final_decision");
  if (answer != "yes" && answer != "no" && answer != "maybe") {
    return invalid_input("final_decision must be yes, no or maybe");
  }
  Candidate candidate;
  Example& example = candidate.example;
  example.id = "pubmedqa-" + id;
  example.format = format;
  example.labels = {answer};
  example.messages.push_back(
      {"user", fmt::format("Abstract: {}\nQuestion: {}\nAnswer:", abstract_text, question)});
  // In a completion the answer continues the line, so it begins with the space between words.
  example.messages.push_back({"assistant", format == Format::kChat ? answer : " " + answer});
  RESIDENCY_TRY_VOID(check_example(example));
  fill_grams(candidate);
  return candidate;
}

Result<std::vector<Candidate>> read_pubmedqa(const DatasetOptions& options, std::string_view text,
                                             DatasetReport& report) {
  const std::string file = file_name(options.path);
  const auto items = parse_json(text);
  if (!items.ok()) return items.error().with_context(file);
  if (!items->is_object()) return invalid_input("must be an object of items by id: " + file);
  std::vector<Candidate> candidates;
  for (const auto& [id, item] : items->items()) {
    ++report.records;
    const std::string where =
        fmt::format("{}: item {}", file, is_digits(id) ? id : std::to_string(report.records));
    if (!is_digits(id)) return invalid_input("id must be a PubMed number: " + where);
    auto candidate = pubmedqa_item(id, item, options.format);
    if (!candidate.ok()) return candidate.error().with_context(where);
    candidates.push_back(std::move(candidate).value());
  }
  return candidates;
}

/// Where no message says which answers are trained, all are.
void train_all_turns(Example& example) {
  const bool said =
      std::any_of(example.messages.begin(), example.messages.end(),
                  [](const Message& message) { return message.weight != TurnWeight::kUnsaid; });
  if (said || example.format != Format::kChat) return;
  for (Message& message : example.messages) {
    if (message.role == "assistant") message.weight = TurnWeight::kTrained;
  }
}

Result<Candidate> jsonl_line(std::string_view line, std::uint64_t number, Format format) {
  if (line.size() > kLineBytesMax) {
    return invalid_input(fmt::format("line is longer than {} bytes", kLineBytesMax));
  }
  RESIDENCY_TRY(auto example, example_from_json_line(line));
  if (format == Format::kCompletion && !is_text_alone(example.format)) example.format = format;
  RESIDENCY_TRY_VOID(check_example(example));
  if (example.id.empty()) example.id = fmt::format("line-{}", number);
  Candidate candidate;
  candidate.example = std::move(example);
  fill_grams(candidate);
  return candidate;
}

/// Adds the examples of one file. `prefix` stands before ids that the file does not give.
Result<void> read_jsonl(const DatasetOptions& options, const WeightedSource& source,
                        const std::string& prefix, std::string_view text, DatasetReport& report,
                        std::vector<Candidate>& candidates) {
  const std::string file = file_name(source.path);
  std::uint64_t number = 0;
  std::uint64_t bad = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    ++report.records;
    auto candidate = jsonl_line(line, number, options.format);
    if (candidate.ok()) {
      candidate->weight = source.weight;
      candidate->example.id = prefix + candidate->example.id;
      if (options.all_turns) train_all_turns(candidate->example);
      candidates.push_back(std::move(candidate).value());
      continue;
    }
    ++bad;
    ++report.left_out["invalid"];
    if (report.rejected.size() < DatasetReport::kRejectedShownMax) {
      report.rejected.push_back({number, candidate.error().message()});
    }
  }
  if (bad <= static_cast<std::uint64_t>(options.invalid_lines_max)) return {};
  std::string problems;
  for (std::size_t i = 0; i < report.rejected.size() && i < kProblemsShownMax; ++i) {
    problems +=
        fmt::format("\n{}:{}: {}", file, report.rejected[i].line, report.rejected[i].reason);
  }
  return invalid_input(fmt::format("{} of {} lines are not examples (invalid_lines_max is {}):{}",
                                   bad, report.records, options.invalid_lines_max, problems));
}

}  // namespace

Result<DatasetReport> build_given(const DatasetOptions& options, std::vector<GivenExample> given,
                                  SplitSinks sinks, Progress& progress) {
  DatasetReport report;
  report.task = task_name(options.task);
  report.waiver_person = options.waiver.person;
  report.waiver_reason = options.waiver.reason;
  report.records = given.size();
  std::vector<Candidate> candidates;
  for (GivenExample& item : given) {
    Candidate candidate;
    candidate.example = std::move(item.example);
    candidate.split = item.split;
    fill_grams(candidate);
    candidates.push_back(std::move(candidate));
  }
  RESIDENCY_TRY_VOID(assemble(options, std::move(candidates), sinks, report, progress));
  return report;
}

Result<DatasetReport> build_public(const DatasetOptions& options, Env& env, SplitSinks sinks,
                                   Progress& progress) {
  if (!options.is_public() || options.task == Task::kCorpus) {
    return invalid_argument("a public set is one of the tasks pubmedqa, jsonl; not: " +
                            std::string(task_name(options.task)));
  }
  DatasetReport report;
  report.task = task_name(options.task);
  report.waiver_person = options.waiver.person;
  report.waiver_reason = options.waiver.reason;
  progress.update(0, 0, "records", "reading");
  std::vector<Candidate> candidates;
  std::vector<WeightedSource> sources = options.sources;
  if (sources.empty()) sources.push_back({options.path, 1});
  for (std::size_t i = 0; i < sources.size(); ++i) {
    RESIDENCY_TRY(auto bytes, env.read_file(sources[i].path));
    RESIDENCY_TRY(
        const auto text,
        deid::waive(std::move(bytes), deid::Waiver{options.waiver.person, options.waiver.reason}));
    if (options.task == Task::kPubmedqa) {
      RESIDENCY_TRY(candidates, read_pubmedqa(options, text.str(), report));
      continue;
    }
    const std::string prefix = sources.size() == 1 ? "" : fmt::format("{}/", i + 1);
    RESIDENCY_TRY_VOID(read_jsonl(options, sources[i], prefix, text.str(), report, candidates));
  }
  progress.update(report.records, report.records, "records", "reading");
  RESIDENCY_TRY_VOID(assemble(options, std::move(candidates), sinks, report, progress));
  return report;
}

}  // namespace residency::dataset
