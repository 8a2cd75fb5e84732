#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <utility>

#include "dataset/dataset.h"
#include "eval/corpora/benchmarks.h"
#include "eval/corpora/examples.h"
#include "pipeline/stages/artifact_parts.h"
#include "pipeline/stages/file_digest.h"
#include "pipeline/stages/memory_lines.h"
#include "pipeline/stages/stages.h"
#include "pipeline/stages/synth_folder.h"

namespace residency::pipeline {
namespace {

/// Clean records out of a clean corpus artifact, vouched for by its id.
class ArtifactRecords final : public dataset::CleanRecordSource {
 public:
  ArtifactRecords(std::unique_ptr<LineSource> lines, std::string artifact)
      : lines_(std::move(lines)), artifact_(std::move(artifact)) {}

  Result<bool> next(deid::CleanRecord& record) override {
    std::string line;
    RESIDENCY_TRY(const bool more, lines_->next(line));
    if (!more) return false;
    RESIDENCY_TRY(record, deid::clean_record_from_json_line(line, artifact_));
    return true;
  }

 private:
  std::unique_ptr<LineSource> lines_;
  std::string artifact_;
};

struct Splits {
  MemoryLines train;
  MemoryLines validation;
  MemoryLines test;
};

Result<void> validate(const ConfigNode& options) {
  auto parsed = dataset::DatasetOptions::from_config(options);
  if (!parsed.ok()) return parsed.error();
  const auto& layouts = eval::corpora::layout_names();
  if (parsed->task == dataset::Task::kCorpus &&
      std::find(layouts.begin(), layouts.end(), parsed->layout) == layouts.end())
    return invalid_argument(
        fmt::format("dataset.layout must be one of {}", fmt::join(layouts, ", ")));
  // Refuses a benchmark that is not known.
  auto split = eval::corpora::official_split({parsed->benchmark, parsed->layout}, {});
  if (!split.ok()) return split.error();
  return {};
}

/// Calls `take` with every path of a public set, which it may change.
template <class Take>
Result<void> each_path(dataset::DatasetOptions& options, Take take) {
  std::vector<std::string*> paths{&options.path};
  for (auto& source : options.sources) paths.push_back(&source.path);
  for (auto* part : {&options.train_paths, &options.validation_paths, &options.test_paths})
    for (std::string& path : *part) paths.push_back(&path);
  for (std::string* path : paths) RESIDENCY_TRY_VOID(take(*path));
  return {};
}

bool is_synthetic(const std::string& path) { return path.rfind("synth:", 0) == 0; }

/// The digest of all that a public set is read from.
Result<std::string> sources_sha256(Env& env, const dataset::DatasetOptions& options) {
  auto paths = options.source_paths();
  // What synth made is known by its artifact, which is an input of the job.
  std::erase_if(paths, is_synthetic);
  if (paths.size() == 1) return tree_sha256(env, paths.front());
  std::string digests;
  for (const std::string& path : paths) {
    RESIDENCY_TRY(const std::string digest, tree_sha256(env, path));
    digests += (digests.empty() ? "" : "+") + digest;
  }
  return digests;
}

Result<std::string> fingerprint(store::Workspace& workspace, const ConfigNode& options) {
  RESIDENCY_TRY(const auto parsed, dataset::DatasetOptions::from_config(options));
  if (!parsed.is_public()) return std::string();
  return sources_sha256(workspace.env(), parsed);
}

/// What lets training take the set: the clean corpus's certificate, or the waiver.
Result<Json> clearance(StageContext& context, const dataset::DatasetOptions& options) {
  if (options.is_public()) {
    RESIDENCY_TRY(const std::string digest, sources_sha256(context.workspace.env(), options));
    return Json{{"waiver", {{"person", options.waiver.person}, {"reason", options.waiver.reason}}},
                {"source_sha256", digest}};
  }
  RESIDENCY_TRY(const auto corpus, context.input("corpus.clean"));
  return Json{{"certificate", json_member(corpus.properties, "certificate")}};
}

struct ReadParts {
  std::vector<dataset::GivenExample> given;
  std::uint64_t passed_over = 0;
};

/// Every split's files as the corpus' layout has them. More than a hundredth of bad records refuse
/// the corpus: what is scored must be what was released.
Result<ReadParts> read_corpus(StageContext& context, const dataset::DatasetOptions& options,
                              eval::corpora::ReadSplit& test) {
  eval::corpora::ExampleOptions read;
  read.layout = options.layout;
  read.types = options.types;
  read.format = options.format;
  ReadParts read_parts;
  auto& given = read_parts.given;
  read.set_path = options.set_path;
  test.benchmark = options.benchmark;
  test.layout = options.layout;
  test.given = !options.test_paths.empty();
  test.selected = !options.types.empty() || options.examples_max > 0;
  const bool all_given = options.split.train >= 1;
  const std::pair<const std::vector<std::string>*, std::optional<dataset::Split>> parts[] = {
      {&options.train_paths, all_given ? std::optional(dataset::Split::kTrain) : std::nullopt},
      {&options.validation_paths, dataset::Split::kValidation},
      {&options.test_paths, dataset::Split::kTest}};
  for (const auto& [paths, split] : parts) {
    for (const std::string& path : *paths) {
      context.progress.update(given.size(), 0, "records", "reading");
      read.test_part = paths == &options.test_paths;
      RESIDENCY_TRY(auto made, eval::corpora::corpus_examples(context.workspace.env(), path, read));
      if (made.notes.bad * 100 > made.examples.size()) {
        return invalid_input(fmt::format(
            "{} bad records beside {} good ones: {}{}", made.notes.bad, made.examples.size(), path,
            made.notes.problems.empty() ? "" : "\n" + made.notes.problems.front()));
      }
      read_parts.passed_over += made.notes.passed_over;
      const std::string part = paths == &options.train_paths  ? "train"
                               : paths == &options.test_paths ? "test"
                                                              : "dev";
      if (paths == &options.test_paths) test.bad += made.notes.bad;
      for (auto& example : made.examples) {
        example.id = part + "/" + example.id;
        // Documents of two parts may bear the same number.
        if (!example.patient.empty()) example.patient = part + "/" + example.patient;
        given.push_back({std::move(example), split});
      }
    }
  }
  return read_parts;
}

Result<std::vector<std::string>> run(StageContext& context) {
  RESIDENCY_TRY(auto options, dataset::DatasetOptions::from_config(context.options));
  std::vector<std::string> parents;
  RESIDENCY_TRY_VOID(each_path(options, [&](std::string& path) -> Result<void> {
    if (!is_synthetic(path)) return {};
    RESIDENCY_TRY(const auto source, context.input("source"));
    if (parents.empty()) parents.push_back(source.id);
    RESIDENCY_TRY(path, resolve_synth_path(context, path));
    return {};
  }));
  RESIDENCY_TRY(Json properties, clearance(context, options));
  Splits splits;
  const dataset::SplitSinks sinks{splits.train, splits.validation, splits.test};
  dataset::DatasetReport report;
  if (options.task == dataset::Task::kCorpus) {
    eval::corpora::ReadSplit read;
    RESIDENCY_TRY(auto parts, read_corpus(context, options, read));
    std::vector<const dataset::Example*> test;
    for (const auto& item : parts.given) {
      if (item.split == dataset::Split::kTest) test.push_back(&item.example);
    }
    RESIDENCY_TRY(const auto split, eval::corpora::official_split(read, test));
    properties["split"] = split.to_json();
    RESIDENCY_TRY(report,
                  dataset::build_given(options, std::move(parts.given), sinks, context.progress));
    if (parts.passed_over > 0) {
      report.records += parts.passed_over;
      report.left_out["no_label"] += parts.passed_over;
    }
  } else if (options.is_public()) {
    RESIDENCY_TRY(report,
                  dataset::build_public(options, context.workspace.env(), sinks, context.progress));
  } else {
    RESIDENCY_TRY(const auto corpus, context.input("corpus.clean"));
    RESIDENCY_TRY(auto lines, context.workspace.read_lines(corpus.id, "records.jsonl"));
    ArtifactRecords records(std::move(lines), corpus.id);
    RESIDENCY_TRY(report, dataset::build(options, records, sinks, context.progress));
    parents.push_back(corpus.id);
  }
  const auto canaries = dataset::make_canaries(options.canaries, options.format);
  for (const dataset::Example& example : dataset::canary_examples(canaries))
    RESIDENCY_TRY_VOID(splits.train.write(dataset::to_json_line(example)));
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  if (!canaries.empty())
    RESIDENCY_TRY_VOID(write_blob(*writer, "canaries.json", dataset::canaries_to_json(canaries)));
  RESIDENCY_TRY_VOID(write_blob(*writer, "train.jsonl", splits.train.bytes()));
  RESIDENCY_TRY_VOID(write_blob(*writer, "validation.jsonl", splits.validation.bytes()));
  RESIDENCY_TRY_VOID(write_blob(*writer, "test.jsonl", splits.test.bytes()));
  RESIDENCY_TRY_VOID(write_blob(*writer, "report.json", dump_json(report.to_json())));
  auto manifest = context.manifest("dataset", std::move(parents));
  manifest.counts = {{"train", static_cast<std::int64_t>(splits.train.lines())},
                     {"validation", static_cast<std::int64_t>(splits.validation.lines())},
                     {"test", static_cast<std::int64_t>(splits.test.lines())}};
  manifest.properties = std::move(properties);
  RESIDENCY_TRY(const auto committed, writer->commit(std::move(manifest)));
  return std::vector<std::string>{committed.id};
}

}  // namespace

Stage dataset_stage() {
  return {"dataset", "build training and test sets",
          1,         {"corpus.clean?", "source?"},
          validate,  fingerprint,
          run};
}

}  // namespace residency::pipeline
