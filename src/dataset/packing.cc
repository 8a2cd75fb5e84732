#include "dataset/packing.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "dataset/keyed_hash.h"

namespace residency::dataset {
namespace {

/// Leaves of a max-tree hold each bin's free places; first_fit() finds the leftmost bin with room
/// in O(log bins), so that packing stays linear in practice.
class FreePlaces {
 public:
  explicit FreePlaces(std::size_t bins_max) {
    while (leaves_ < bins_max) leaves_ *= 2;
    tree_.assign(2 * leaves_, 0);
  }

  void set(std::size_t bin, std::size_t free) {
    std::size_t node = leaves_ + bin;
    tree_[node] = free;
    for (node /= 2; node >= 1; node /= 2) {
      tree_[node] = std::max(tree_[2 * node], tree_[2 * node + 1]);
    }
  }

  std::size_t free(std::size_t bin) const { return tree_[leaves_ + bin]; }

  /// The leftmost bin with `needed` free places, or `none`.
  std::size_t first_fit(std::size_t needed, std::size_t none) const {
    if (tree_[1] < needed) return none;
    std::size_t node = 1;
    while (node < leaves_) node = tree_[2 * node] >= needed ? 2 * node : 2 * node + 1;
    return node - leaves_;
  }

 private:
  std::size_t leaves_ = 1;
  std::vector<std::size_t> tree_;
};

/// First-fit-decreasing over one window. Ties keep the shuffled order.
void pack_window(std::vector<std::size_t> window, const std::vector<std::size_t>& lengths,
                 std::size_t places, std::vector<std::vector<std::size_t>>& sequences) {
  std::stable_sort(window.begin(), window.end(),
                   [&](std::size_t a, std::size_t b) { return lengths[a] > lengths[b]; });
  FreePlaces free(window.size());
  std::vector<std::vector<std::size_t>> bins;
  for (const std::size_t example : window) {
    const std::size_t needed = lengths[example] - 1;
    std::size_t bin = free.first_fit(needed, bins.size());
    if (bin == bins.size()) {
      bins.emplace_back();
      free.set(bin, places);
    }
    bins[bin].push_back(example);
    free.set(bin, free.free(bin) - needed);
  }
  for (auto& bin : bins) sequences.push_back(std::move(bin));
}

}  // namespace

std::vector<std::size_t> epoch_order(std::size_t count, std::uint64_t seed, std::uint64_t epoch) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  RandomStream random(derived_seed(seed, "epoch order", epoch));
  shuffle(order, random);
  return order;
}

Result<std::vector<std::vector<std::size_t>>> pack_plan(const std::vector<std::size_t>& lengths,
                                                        const PackOptions& options,
                                                        std::uint64_t epoch) {
  if (options.tokens_max == 0 || options.tokens_max > kSequenceTokensMax ||
      options.window_examples == 0) {
    return invalid_argument(
        fmt::format("a sequence has 1 to {} places and a window at least one example: {}, {}",
                    kSequenceTokensMax, options.tokens_max, options.window_examples));
  }
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] > options.tokens_max + 1) {
      return invalid_argument(
          fmt::format("example does not fit a sequence of {} places: {}", options.tokens_max, i));
    }
  }
  std::vector<std::vector<std::size_t>> sequences;
  std::vector<std::size_t> window;
  const auto order = epoch_order(lengths.size(), options.seed, epoch);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (lengths[order[i]] >= 2) window.push_back(order[i]);
    if (!window.empty() && (window.size() == options.window_examples || i + 1 == order.size())) {
      pack_window(std::move(window), lengths, options.tokens_max, sequences);
      window.clear();
    }
  }
  // First-fit-decreasing leaves the long examples first: steps must not be sorted by length.
  RandomStream random(derived_seed(options.seed, "sequence order", epoch));
  shuffle(sequences, random);
  return sequences;
}

PackedSequence pack_sequence(const std::vector<TokenizedExample>& examples,
                             const std::vector<std::size_t>& members) {
  PackedSequence sequence;
  sequence.segment_starts.push_back(0);
  for (const std::size_t member : members) {
    const TokenizedExample& example = examples[member];
    for (std::size_t i = 0; i + 1 < example.tokens.size(); ++i) {
      sequence.tokens.push_back(example.tokens[i]);
      sequence.targets.push_back(example.loss[i + 1] != 0 ? example.tokens[i + 1] : -1);
      sequence.positions.push_back(static_cast<std::int32_t>(i));
    }
    sequence.segment_starts.push_back(sequence.tokens.size());
    sequence.examples.push_back(member);
  }
  return sequence;
}

Result<std::vector<PackedSequence>> pack(const std::vector<TokenizedExample>& examples,
                                         const PackOptions& options, std::uint64_t epoch) {
  std::vector<std::size_t> lengths;
  lengths.reserve(examples.size());
  for (const auto& example : examples) lengths.push_back(example.tokens.size());
  RESIDENCY_TRY(const auto plan, pack_plan(lengths, options, epoch));
  std::vector<PackedSequence> sequences;
  sequences.reserve(plan.size());
  for (const auto& members : plan) sequences.push_back(pack_sequence(examples, members));
  return sequences;
}

}  // namespace residency::dataset
