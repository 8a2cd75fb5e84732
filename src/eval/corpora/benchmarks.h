// The benchmarks that are known: what their published test splits hold, and where they are.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataset/example.h"
#include "eval/score_facts.h"

namespace residency::eval::corpora {

struct BenchmarkFile {
  std::string name;
  std::string url;
  std::string sha256;                        // "" where none is known
  std::map<std::string, std::string> holds;  // members of an archive and their SHA-256
};

struct Benchmark {
  std::string name;
  std::vector<std::string> layouts;
  std::uint64_t items = 0;                      // of the published test split
  std::uint64_t choices = 0;                    // of each question; 0: not said
  std::map<std::string, std::uint64_t> labels;  // gold labels, or entities by type; empty: not said
  std::uint64_t labels_sum = 0;                 // of all types; 0: not said
  std::map<std::string, std::uint64_t> categories;
  std::string licence;
  std::vector<BenchmarkFile> files;
};

/// data/eval/benchmarks.yaml, as it was linked in.
Result<std::vector<Benchmark>> known_benchmarks();
/// The same from text.
Result<std::vector<Benchmark>> parse_benchmarks(std::string_view yaml, const std::string& name);

/// What was read as a test split.
struct ReadSplit {
  std::string benchmark;  // as the recipe names it; "" for none
  std::string layout;
  bool given = false;     // the split's own files, not a part of the training files
  bool selected = false;  // some types of entities alone, or examples_max
  std::uint64_t bad = 0;  // records that could not be read
};

/// Says whether `test` is the whole published split of the benchmark, with every reason why not.
/// kInvalidArgument for a benchmark that is not known.
Result<OfficialSplit> official_split(const ReadSplit& read,
                                     const std::vector<const dataset::Example*>& test);

}  // namespace residency::eval::corpora
