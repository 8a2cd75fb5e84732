#include "dataset/assemble.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>

#include "dataset/keyed_hash.h"

namespace residency::dataset {
namespace {

constexpr std::array<std::string_view, 3> kSplitNames{"train", "validation", "test"};

std::size_t index_of(Split split) { return static_cast<std::size_t>(split); }

/// The patient, or where the source names none, the example itself.
std::string group_of(const Example& example) {
  return example.patient.empty() ? "example:" + example.id : "patient:" + example.patient;
}

/// What makes two examples the same: all that the model is shown.
std::string shown_text(const Example& example) {
  std::string text;
  // Of a labelled text the last message is the text.
  const std::size_t shown = example.messages.size() - (is_text_alone(example.format) ? 0 : 1);
  for (std::size_t i = 0; i < shown; ++i) {
    text += example.messages[i].role + '\0' + example.messages[i].content + '\0';
  }
  return text;
}

/// Of examples that show the same text the first stays. What a corpus itself puts into its test
/// part stays whole, as released, and its texts are in no other part.
void drop_duplicates(std::vector<Candidate>& candidates, DatasetReport& report) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;  // 128 bits of the text
  const auto digest = [](const Candidate& candidate) {
    const std::string text = shown_text(candidate.example);
    return std::pair(siphash(0, 2, text), siphash(0, 3, text));
  };
  const auto is_test = [](const Candidate& candidate) { return candidate.split == Split::kTest; };
  for (const Candidate& candidate : candidates) {
    if (is_test(candidate)) seen.insert(digest(candidate));
  }
  const auto duplicate = [&](const Candidate& candidate) {
    return !is_test(candidate) && !seen.insert(digest(candidate)).second;
  };
  const auto kept = std::remove_if(candidates.begin(), candidates.end(), duplicate);
  const auto dropped = static_cast<std::uint64_t>(candidates.end() - kept);
  if (dropped > 0) report.left_out["duplicate"] += dropped;
  candidates.erase(kept, candidates.end());
}

/// A sample that does not depend on the order: the smallest keyed hashes of the ids stay.
void sample(const DatasetOptions& options, std::vector<Candidate>& candidates,
            DatasetReport& report) {
  const auto wanted = static_cast<std::size_t>(options.examples_max);
  if (wanted == 0 || candidates.size() <= wanted) return;
  std::vector<std::tuple<double, std::string, std::size_t>> drawn;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::string& id = candidates[i].example.id;
    drawn.emplace_back(keyed_fraction(options.split.seed, "examples_max", id), id, i);
  }
  std::sort(drawn.begin(), drawn.end());
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < wanted; ++i) indices.push_back(std::get<2>(drawn[i]));
  std::sort(indices.begin(), indices.end());
  std::vector<Candidate> kept;
  for (const std::size_t index : indices) kept.push_back(std::move(candidates[index]));
  report.left_out["over_examples_max"] += candidates.size() - wanted;
  candidates = std::move(kept);
}

using Sides = std::array<std::vector<Candidate>, 3>;

/// The largest hash of a group on `side`, with the group; what is moved first when another side
/// stays empty. Nothing where the side holds fewer than two groups.
std::optional<std::pair<double, std::string>> last_group(const SplitOptions& options,
                                                         const std::vector<Candidate>& side) {
  std::set<std::pair<double, std::string>> groups;
  for (const Candidate& candidate : side) {
    std::string group = group_of(candidate.example);
    const double at = keyed_fraction(options.seed, "split", group);
    groups.emplace(at, std::move(group));
  }
  if (groups.size() < 2) return std::nullopt;
  return *groups.rbegin();
}

/// Gives each side that was asked for at least one patient, from the largest side: among few
/// patients the draw may leave a side out.
void fill_empty_sides(const SplitOptions& options, Sides& sides) {
  const std::array<double, 3> shares{options.train, options.validation, options.test};
  for (std::size_t side = 0; side < sides.size(); ++side) {
    if (shares[side] <= 0 || !sides[side].empty()) continue;
    auto& largest = *std::max_element(sides.begin(), sides.end(), [](auto& left, auto& right) {
      return left.size() < right.size();
    });
    const auto moved = last_group(options, largest);
    if (!moved) continue;
    const auto stay = std::stable_partition(largest.begin(), largest.end(), [&](auto& candidate) {
      return group_of(candidate.example) != moved->second;
    });
    sides[side].assign(std::make_move_iterator(stay), std::make_move_iterator(largest.end()));
    largest.erase(stay, largest.end());
  }
}

/// Leaves out training examples of a label that there are too many of.
void downsample(const DatasetOptions& options, std::vector<Candidate>& train,
                DatasetReport& report) {
  if (options.downsample_label.empty()) return;
  const auto common = [&](const Candidate& candidate) {
    return candidate.example.labels == std::vector<std::string>{options.downsample_label};
  };
  const auto many = static_cast<std::size_t>(std::count_if(train.begin(), train.end(), common));
  const double wanted = options.downsample_ratio * static_cast<double>(train.size() - many);
  if (static_cast<double>(many) <= wanted) return;
  std::vector<double> drawn;
  for (const Candidate& candidate : train) {
    if (common(candidate))
      drawn.push_back(keyed_fraction(options.split.seed, "downsample", candidate.example.id));
  }
  const auto last = drawn.begin() + static_cast<std::ptrdiff_t>(wanted);
  std::nth_element(drawn.begin(), last, drawn.end());
  const double bound = *last;
  const auto kept = std::remove_if(train.begin(), train.end(), [&](const Candidate& candidate) {
    return common(candidate) &&
           keyed_fraction(options.split.seed, "downsample", candidate.example.id) >= bound;
  });
  report.left_out["downsampled"] += static_cast<std::uint64_t>(train.end() - kept);
  train.erase(kept, train.end());
}

/// Each training example as often as its weight says; a fraction is drawn by seed.
void repeat_by_weight(const DatasetOptions& options, std::vector<Candidate>& train,
                      DatasetReport& report) {
  const bool plain = std::all_of(train.begin(), train.end(),
                                 [](const Candidate& candidate) { return candidate.weight == 1; });
  if (plain) return;
  std::vector<Candidate> repeated;
  for (Candidate& candidate : train) {
    const double whole = std::floor(candidate.weight);
    const double drawn = keyed_fraction(options.split.seed, "weight", candidate.example.id);
    const auto copies =
        static_cast<std::size_t>(whole) + (drawn < candidate.weight - whole ? 1 : 0);
    if (copies == 0) ++report.left_out["weight"];
    for (std::size_t i = 0; i < copies; ++i) repeated.push_back(candidate);
  }
  train = std::move(repeated);
}

/// Measures how much of the test set stands in the training set, after leaving out the training
/// examples that hold more of it than allowed.
void check_contamination(const DatasetOptions& options, Sides& sides, DatasetReport& report) {
  auto& train = sides[index_of(Split::kTrain)];
  const auto& test = sides[index_of(Split::kTest)];
  if (options.train_overlap_max < 1) {
    GramSet held;
    for (const Candidate& candidate : test) held.add(candidate.grams);
    held.seal();
    const auto kept = std::remove_if(train.begin(), train.end(), [&](const Candidate& candidate) {
      return held.share(candidate.grams) > options.train_overlap_max;
    });
    report.contamination.train_dropped = static_cast<std::uint64_t>(train.end() - kept);
    if (kept != train.end()) {
      report.left_out["overlaps_test"] += report.contamination.train_dropped;
    }
    train.erase(kept, train.end());
  }
  GramSet trained;
  for (const Candidate& candidate : train) trained.add(candidate.grams);
  trained.seal();
  double total = 0;
  for (const Candidate& candidate : test) {
    const double share = trained.share(candidate.grams);
    total += share;
    report.contamination.any_overlap += share > 0 ? 1 : 0;
    report.contamination.half_overlap += share >= 0.5 ? 1 : 0;
    report.contamination.most_overlap += share >= 0.8 ? 1 : 0;
  }
  report.contamination.test_examples = test.size();
  if (!test.empty()) report.contamination.mean_overlap = total / static_cast<double>(test.size());
}

/// Fills in the splits of the report; kInternal where a patient is on two sides.
Result<void> describe(const Sides& sides, DatasetReport& report) {
  std::set<std::string> groups_before;
  std::set<std::string> train_labels;
  for (std::size_t side = 0; side < sides.size(); ++side) {
    SplitReport& split = report.splits[std::string(kSplitNames[side])];
    std::set<std::string> groups;
    std::set<std::string> labels;
    for (const Candidate& candidate : sides[side]) {
      ++split.examples;
      split.labels += candidate.example.labels.size();
      labels.insert(candidate.example.labels.begin(), candidate.example.labels.end());
      if (!candidate.example.category.empty()) ++split.categories[candidate.example.category];
      groups.insert(group_of(candidate.example));
    }
    split.patients = groups.size();
    split.distinct_labels = labels.size();
    for (const std::string& group : groups) {
      if (!groups_before.insert(group).second) {
        return internal_error("a patient is on two sides of the split");
      }
    }
    if (side == index_of(Split::kTrain)) train_labels = labels;
    if (side == index_of(Split::kTest)) {
      report.test_labels_unseen_in_train =
          static_cast<std::uint64_t>(std::count_if(labels.begin(), labels.end(), [&](auto& label) {
            return train_labels.count(label) == 0;
          }));
    }
  }
  return {};
}

Result<void> check_not_empty(const SplitOptions& options, const Sides& sides) {
  if (options.train > 0 && sides[index_of(Split::kTrain)].empty()) {
    return invalid_input("no example left for the split: train (too few patients?)");
  }
  if (options.test > 0 && sides[index_of(Split::kTest)].empty()) {
    return invalid_input("no example left for the split: test (too few patients?)");
  }
  return {};
}

Result<void> write_side(const std::vector<Candidate>& side, LineSink& sink, Progress& progress) {
  std::uint64_t written = 0;
  for (const Candidate& candidate : side) {
    if (progress.cancelled()) return cancelled("dataset stopped");
    RESIDENCY_TRY_VOID(sink.write(to_json_line(candidate.example)));
    progress.update(++written, side.size(), "examples", "writing");
  }
  return {};
}

}  // namespace

Split split_of(const SplitOptions& options, std::string_view group) {
  const double at = keyed_fraction(options.seed, "split", group);
  if (at < options.train) return Split::kTrain;
  // A share of 0 stays empty whatever the sum's rounding.
  if (options.test <= 0) return options.validation > 0 ? Split::kValidation : Split::kTrain;
  return at < options.train + options.validation ? Split::kValidation : Split::kTest;
}

Result<void> assemble(const DatasetOptions& options, std::vector<Candidate> candidates,
                      SplitSinks sinks, DatasetReport& report, Progress& progress) {
  drop_duplicates(candidates, report);
  sample(options, candidates, report);
  Sides sides;
  for (Candidate& candidate : candidates) {
    const Split split =
        candidate.split.value_or(split_of(options.split, group_of(candidate.example)));
    sides[index_of(split)].push_back(std::move(candidate));
  }
  fill_empty_sides(options.split, sides);
  downsample(options, sides[index_of(Split::kTrain)], report);
  repeat_by_weight(options, sides[index_of(Split::kTrain)], report);
  check_contamination(options, sides, report);
  RESIDENCY_TRY_VOID(check_not_empty(options.split, sides));
  RESIDENCY_TRY_VOID(describe(sides, report));
  RESIDENCY_TRY_VOID(write_side(sides[index_of(Split::kTrain)], sinks.train, progress));
  RESIDENCY_TRY_VOID(write_side(sides[index_of(Split::kValidation)], sinks.validation, progress));
  return write_side(sides[index_of(Split::kTest)], sinks.test, progress);
}

}  // namespace residency::dataset
