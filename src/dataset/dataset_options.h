// DatasetOptions: the `dataset` section of a recipe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/result.h"
#include "dataset/canaries.h"
#include "dataset/example.h"
#include "dataset/prompt_template.h"

namespace residency::dataset {

enum class Task : std::uint8_t {
  kIcd10Coding,  // notes -> ICD-10-CM codes of their encounter
  kTemplate,     // notes or rows -> whatever the templates say
  kPubmedqa,     // a public set in PubMedQA's own JSON
  kJsonl,        // a public set of prompt/completion or chat lines
  kCorpus,       // a public corpus as released (eval/corpora), its parts in files of their own
};

/// Shares of the patients (of the examples, where none names a patient); they sum to 1.
struct SplitOptions {
  double train = 0.8;
  double validation = 0.1;
  double test = 0.1;
  std::uint64_t seed = 0;
};

enum class LongText : std::uint8_t {
  kDrop,  // leave the record out
  kCut,   // keep the first text_characters_max characters
};

/// Who declared that a public set holds no patients, and why.
struct PublicWaiver {
  std::string person;
  std::string reason;
};

/// A file of a mixture.
struct WeightedSource {
  std::string path;
  double weight = 1;  // how often an epoch sees each of its training examples
};

struct DatasetOptions {
  Task task = Task::kIcd10Coding;
  Format format = Format::kChat;

  // Filters; an empty list takes all. For tasks over records.
  std::vector<std::string> kinds;  // "note", "resource", "row"
  std::vector<std::string> note_types;
  std::int64_t text_characters_min = 1;
  std::int64_t text_characters_max = 1'000'000;
  LongText too_long = LongText::kDrop;

  std::string system_text;  // templates as written, for canonical_json
  std::string prompt_text;
  std::string completion_text;
  PromptTemplate system;
  PromptTemplate prompt;
  PromptTemplate completion;

  std::int64_t examples_max = 0;  // 0: all; else a sample by seed
  SplitOptions split;
  /// Of training examples with exactly the label `label` at most so many are kept for each other
  /// one, drawn by seed; "": all.
  std::string downsample_label;
  double downsample_ratio = 1;
  /// Training examples with a larger share of their 13-grams in the test set are dropped.
  double train_overlap_max = 1;
  /// Made-up secrets put into the training examples, for the measure of what a model gives away.
  CanaryOptions canaries;

  // For corpora as released: files or folders of each split. What validation or test has
  // no files for is drawn from the training files, as `split` says.
  std::string layout;
  std::string set_path;            // layout own: the description of the set
  std::string benchmark;           // whose published test split the test files are; "": none
  std::vector<std::string> types;  // of entities; empty: all
  std::vector<std::string> train_paths;
  std::vector<std::string> validation_paths;
  std::vector<std::string> test_paths;

  /// Which of a conversation's answers are trained where no message says: the last, or all.
  bool all_turns = false;

  // For public sets.
  std::string path;
  std::vector<WeightedSource> sources;  // jsonl: in place of `path`
  PublicWaiver waiver;
  std::int64_t invalid_lines_max = 0;  // bad lines that are skipped before the set is refused

  bool is_public() const {
    return task == Task::kPubmedqa || task == Task::kJsonl || task == Task::kCorpus;
  }
  /// The files and folders that a public set is read from.
  std::vector<std::string> source_paths() const;

  static Result<DatasetOptions> from_config(const ConfigNode& node);
  /// All that decides the examples, in one form.
  std::string canonical_json() const;
};

/// "icd10_coding", "template", "pubmedqa", "jsonl", "corpus".
std::string_view task_name(Task task);

}  // namespace residency::dataset
