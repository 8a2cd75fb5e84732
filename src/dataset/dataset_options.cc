#include "dataset/dataset_options.h"

#include <cmath>
#include <fmt/format.h>
#include <set>

#include "base/json.h"

namespace residency::dataset {
namespace {

constexpr std::int64_t kCharactersMax = 16 << 20;
constexpr std::int64_t kExamplesMax = 10'000'000;
constexpr std::size_t kSourcesMax = 100;
constexpr std::size_t kTemplateBytesMax = 64u << 10;
constexpr std::size_t kWaiverPersonBytesMax = 128;
constexpr std::size_t kWaiverReasonBytesMin = 8;
constexpr std::size_t kWaiverReasonBytesMax = 2000;

constexpr std::string_view kIcd10Prompt = "{{text}}\n\nICD-10-CM codes:";
constexpr std::string_view kIcd10Completion = "{{codes}}";

const std::vector<std::string_view>& places() {
  static const std::vector<std::string_view> kPlaces{"text",  "structured",    "note_type",
                                                     "codes", "code_displays", "medications"};
  return kPlaces;
}

PromptTemplate read_template(ConfigReader& reader, std::string_view key, std::string_view fallback,
                             std::string& text) {
  text = reader.text(key, fallback);
  if (text.size() > kTemplateBytesMax) {
    reader.problem(key, fmt::format("must be at most {} bytes", kTemplateBytesMax));
    return {};
  }
  auto parsed = PromptTemplate::parse(text, places());
  if (parsed.ok()) return std::move(parsed).value();
  reader.problem(key, parsed.error().message());
  return {};
}

void read_split(ConfigReader& reader, SplitOptions& split) {
  ConfigReader child(reader.child("split"), "split.");
  split.train = child.number("train", split.train, 0, 1);
  split.validation = child.number("validation", split.validation, 0, 1);
  split.test = child.number("test", split.test, 0, 1);
  split.seed = static_cast<std::uint64_t>(child.integer("seed", 0, 0, INT64_MAX));
  if (std::abs(split.train + split.validation + split.test - 1) > 1e-6) {
    child.problem("train", "plus validation plus test must be 1");
  }
  reader.absorb(child.finish());
}

void read_record_options(ConfigReader& reader, DatasetOptions& options) {
  options.kinds = reader.texts("kinds", {"note"});
  for (const std::string& kind : options.kinds) {
    static const std::set<std::string_view> kKinds{"note", "resource", "row", "message",
                                                   "document"};
    if (!kKinds.contains(kind)) {
      reader.problem("kinds", "must be a list of: note, resource, row, message, document");
    }
  }
  options.note_types = reader.texts("note_types", {});
  options.text_characters_min = reader.integer("text_characters_min", 1, 1, kCharactersMax);
  options.text_characters_max =
      reader.integer("text_characters_max", options.text_characters_max, 1, kCharactersMax);
  if (options.text_characters_max < options.text_characters_min) {
    reader.problem("text_characters_max", "must not be below text_characters_min");
  }
  options.too_long = reader.choice("too_long", {"drop", "cut"}, "drop") == "cut" ? LongText::kCut
                                                                                 : LongText::kDrop;
  const bool icd = options.task == Task::kIcd10Coding;
  options.system = read_template(reader, "system", "", options.system_text);
  options.prompt = read_template(reader, "prompt", icd ? kIcd10Prompt : "", options.prompt_text);
  options.completion =
      read_template(reader, "completion", icd ? kIcd10Completion : "", options.completion_text);
  if (options.prompt_text.empty()) reader.problem("prompt", "is required");
  if (options.completion_text.empty()) reader.problem("completion", "is required");
  if (options.format == Format::kCompletion && !options.system_text.empty()) {
    reader.problem("system", "needs format chat");
  }
}

void read_canaries(ConfigReader& reader, DatasetOptions& options) {
  if (!reader.has("canaries")) return;
  auto read = CanaryOptions::from_config(reader.child("canaries"));
  if (!read.ok()) return reader.absorb(read.error());
  options.canaries = *read;
}

void read_downsample(ConfigReader& reader, DatasetOptions& options) {
  if (!reader.has("downsample")) return;
  ConfigReader child(reader.child("downsample"), "downsample.");
  options.downsample_label = child.text_required("label");
  options.downsample_ratio = child.number("ratio", 1, 0.001, 1000);
  reader.absorb(child.finish());
}

/// `path`, or `mix: [{path, weight}]`.
void read_sources(ConfigReader& reader, DatasetOptions& options) {
  if (options.task != Task::kJsonl || !reader.has("mix")) {
    options.path = reader.text_required("path");
    return;
  }
  for (const ConfigNode& item : reader.child("mix").items()) {
    ConfigReader source(item, "mix.");
    WeightedSource read;
    read.path = source.text_required("path");
    read.weight = source.number("weight", 1, 0.001, 1000);
    reader.absorb(source.finish());
    options.sources.push_back(std::move(read));
  }
  if (options.sources.empty() || options.sources.size() > kSourcesMax)
    reader.problem("mix", fmt::format("must be a list of 1 to {} files", kSourcesMax));
}

void read_corpus_options(ConfigReader& reader, DatasetOptions& options) {
  options.layout = reader.text_required("layout");
  options.types = reader.texts("types", {});
  options.benchmark = reader.text("benchmark", "");
  if (options.layout == "own" || reader.has("set")) {
    ConfigReader set(reader.child("set"), "dataset.set.");
    options.set_path = set.text_required("path");
    reader.absorb(set.finish());
    if (options.layout != "own") reader.problem("set", "goes with the layout own");
  }
  ConfigReader files(reader.child("files"), "files.");
  options.train_paths = files.texts("train", {});
  options.validation_paths = files.texts("validation", {});
  options.test_paths = files.texts("test", {});
  if (options.train_paths.empty() && options.test_paths.empty())
    files.problem("train", "or test must name a file or folder");
  reader.absorb(files.finish());
}

/// Official parts stand: what has files is not drawn from the training files.
void keep_given_parts(DatasetOptions& options) {
  if (!options.test_paths.empty()) options.split.test = 0;
  if (!options.validation_paths.empty()) options.split.validation = 0;
  options.split.train = 1 - options.split.validation - options.split.test;
}

void read_public_options(ConfigReader& reader, DatasetOptions& options) {
  if (options.task == Task::kCorpus) {
    read_corpus_options(reader, options);
  } else {
    read_sources(reader, options);
  }
  ConfigReader waiver(reader.child("waiver"), "waiver.");
  options.waiver.person = waiver.text_required("person");
  options.waiver.reason = waiver.text_required("reason");
  if (options.waiver.person.size() > kWaiverPersonBytesMax) {
    waiver.problem("person", fmt::format("must be at most {} bytes", kWaiverPersonBytesMax));
  }
  if (!options.waiver.reason.empty() && (options.waiver.reason.size() < kWaiverReasonBytesMin ||
                                         options.waiver.reason.size() > kWaiverReasonBytesMax)) {
    waiver.problem("reason", fmt::format("must be {} to {} bytes", kWaiverReasonBytesMin,
                                         kWaiverReasonBytesMax));
  }
  reader.absorb(waiver.finish());
  if (options.task == Task::kJsonl) {
    options.invalid_lines_max = reader.integer("invalid_lines_max", 0, 0, kExamplesMax);
    options.all_turns = reader.choice("turns", {"last", "all"}, "last") == "all";
  }
}

}  // namespace

std::string_view task_name(Task task) {
  switch (task) {
    case Task::kIcd10Coding:
      return "icd10_coding";
    case Task::kTemplate:
      return "template";
    case Task::kPubmedqa:
      return "pubmedqa";
    case Task::kJsonl:
      return "jsonl";
    case Task::kCorpus:
      return "corpus";
  }
  return "";
}

Result<DatasetOptions> DatasetOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "dataset.");
  DatasetOptions options;
  const std::string task = reader.choice(
      "task", {"icd10_coding", "template", "pubmedqa", "jsonl", "corpus"}, "icd10_coding");
  for (Task known :
       {Task::kIcd10Coding, Task::kTemplate, Task::kPubmedqa, Task::kJsonl, Task::kCorpus}) {
    if (task == task_name(known)) options.task = known;
  }
  const std::string format = reader.choice("format", {"chat", "completion"}, "chat");
  options.format = format == "completion" ? Format::kCompletion : Format::kChat;
  if (options.is_public()) {
    read_public_options(reader, options);
  } else {
    read_record_options(reader, options);
  }
  options.examples_max = reader.integer("examples_max", 0, 0, kExamplesMax);
  read_downsample(reader, options);
  options.train_overlap_max = reader.number("train_overlap_max", 1, 0, 1);
  read_split(reader, options.split);
  if (options.task == Task::kCorpus) keep_given_parts(options);
  read_canaries(reader, options);
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

std::vector<std::string> DatasetOptions::source_paths() const {
  std::vector<std::string> paths;
  for (const WeightedSource& source : sources) paths.push_back(source.path);
  if (!paths.empty()) return paths;
  if (task != Task::kCorpus) return {path};
  for (const auto* part : {&train_paths, &validation_paths, &test_paths})
    paths.insert(paths.end(), part->begin(), part->end());
  if (!set_path.empty()) paths.push_back(set_path);
  return paths;
}

std::string DatasetOptions::canonical_json() const {
  Json json = {
      {"task", task_name(task)},
      {"format", format == Format::kChat ? "chat" : "completion"},
      {"examples_max", examples_max},
      {"train_overlap_max", train_overlap_max},
      {"split",
       {{"train", split.train},
        {"validation", split.validation},
        {"test", split.test},
        {"seed", split.seed}}},
  };
  if (canaries.count > 0)
    json["canaries"] = {
        {"count", canaries.count}, {"repeats", canaries.repeats}, {"seed", canaries.seed}};
  if (!downsample_label.empty())
    json["downsample"] = {{"label", downsample_label}, {"ratio", downsample_ratio}};
  if (is_public()) {
    json["path"] = path;
    json["waiver"] = {{"person", waiver.person}, {"reason", waiver.reason}};
    json["invalid_lines_max"] = invalid_lines_max;
    if (all_turns) json["turns"] = "all";
    for (const WeightedSource& source : sources)
      json["mix"].push_back({{"path", source.path}, {"weight", source.weight}});
    if (task == Task::kCorpus) {
      json["layout"] = layout;
      json["types"] = types;
      if (!set_path.empty()) json["set"] = {{"path", set_path}};
      if (!benchmark.empty()) json["benchmark"] = benchmark;
      json["files"] = {
          {"train", train_paths}, {"validation", validation_paths}, {"test", test_paths}};
    }
  } else {
    json["kinds"] = kinds;
    json["note_types"] = note_types;
    json["text_characters_min"] = text_characters_min;
    json["text_characters_max"] = text_characters_max;
    json["too_long"] = too_long == LongText::kDrop ? "drop" : "cut";
    json["system"] = system_text;
    json["prompt"] = prompt_text;
    json["completion"] = completion_text;
  }
  return dump_json(json);
}

}  // namespace residency::dataset
