// A user's own test or training set, described by a small YAML file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/result.h"
#include "eval/corpora/byte_source.h"
#include "eval/corpora/examples.h"

namespace residency::eval::corpora {

/// The description: what kind of set it is, and which field holds what.
struct OwnSet {
  enum class Kind : std::uint8_t { kMultipleChoice, kGeneration, kClassification, kExtraction };
  enum class Rows : std::uint8_t { kJsonl, kCsv, kTsv };

  Kind kind = Kind::kMultipleChoice;
  Rows rows = Rows::kJsonl;
  std::string id;                    // names of fields; "" where the set has none
  std::string text;                  // classification, extraction
  std::string question;              // multiple choice
  std::string context;               // multiple choice: before the question
  std::vector<std::string> choices;  // one field that holds all, or a field for each
  std::string answer;                // multiple choice: letter, number from 0 or the choice's text;
                       // generation: the gold text; classification: the label or labels
  std::int64_t answer_base = 0;  // what number the first choice has
  std::string entities;          // extraction: [{"start","end","type"}] or [{"text","type"}]
  bool byte_offsets = false;     // starts and ends count bytes, not code points
  std::string category;
  std::map<std::string, std::string> groups;  // "sex" to the field that holds it
  std::string prompt;                         // generation, multiple choice: with {{field}}
  std::string separator;                      // classification over rows: what parts several labels

  /// All problems at once.
  static Result<OwnSet> from_config(const ConfigNode& node);
};

/// Reads `source` as the description says. A bad record is left out and counted, named by line and
/// field.
Result<CorpusExamples> read_own_set(const OwnSet& set, ByteSource& source, std::string_view name,
                                    const ExampleOptions& options);

}  // namespace residency::eval::corpora
