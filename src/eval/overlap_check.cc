#include "eval/overlap_check.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <unordered_map>

#include "dataset/contamination.h"
#include "dataset/keyed_hash.h"

namespace residency::eval {
namespace {

using dataset::Example;

constexpr std::size_t kBands = 16;
constexpr std::size_t kRows = 4;
constexpr double kMostGrams = 0.8;
using Signature = std::array<std::uint64_t, kBands * kRows>;
using Shingles = std::vector<std::uint64_t>;  // sorted and unique

/// What the model is shown of an example: all but the answer.
std::string shown(const Example& example) {
  std::string text;
  const std::size_t answer = dataset::is_text_alone(example.format) ? 0 : 1;
  for (std::size_t i = 0; i + answer < example.messages.size(); ++i) {
    if (example.messages[i].role != "system") text += example.messages[i].content + "\n";
  }
  return text;
}

Shingles shingles_of(std::string_view text) {
  std::vector<std::uint64_t> words;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool in_word = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
                         static_cast<unsigned char>(c) >= 0x80;
    if (in_word) {
      word.push_back(lower);
    } else if (!word.empty()) {
      words.push_back(dataset::siphash(1, 0, word));
      word.clear();
    }
  }
  Shingles shingles;
  const std::size_t run = std::min(kShingleWords, words.size());
  for (std::size_t i = 0; run > 0 && i + run <= words.size(); ++i) {
    std::uint64_t hash = 0;
    for (std::size_t k = 0; k < run; ++k)
      hash = dataset::derived_seed(hash, "shingle", words[i + k]);
    shingles.push_back(hash);
  }
  std::sort(shingles.begin(), shingles.end());
  shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
  return shingles;
}

/// The smallest of each of 64 hashes: h_i(x) = a_i x + b_i over 64 bits, mixed.
Signature signature_of(const Shingles& shingles) {
  Signature signature;
  signature.fill(std::numeric_limits<std::uint64_t>::max());
  for (const std::uint64_t shingle : shingles) {
    for (std::size_t i = 0; i < signature.size(); ++i) {
      std::uint64_t mixed = shingle ^ (0x9e3779b97f4a7c15ull * (i + 1));
      mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
      signature[i] = std::min(signature[i], mixed ^ (mixed >> 31));
    }
  }
  return signature;
}

std::uint64_t band_of(const Signature& signature, std::size_t band) {
  std::uint64_t hash = band;
  for (std::size_t row = 0; row < kRows; ++row)
    hash = (hash ^ signature[band * kRows + row]) * 0x100000001b3ull + (hash >> 29);
  return hash;
}

double jaccard(const Shingles& a, const Shingles& b) {
  Shingles both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  const std::size_t any = a.size() + b.size() - both.size();
  return any == 0 ? 0 : static_cast<double>(both.size()) / static_cast<double>(any);
}

/// The test items, to be asked whether a training text is nearly one of them.
class NearItems {
 public:
  explicit NearItems(const std::vector<Example>& items) : near_(items.size(), false) {
    for (const Example& item : items) shingles_.push_back(shingles_of(shown(item)));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Signature signature = signature_of(shingles_[i]);
      for (std::size_t band = 0; band < kBands; ++band)
        buckets_[band_of(signature, band)].push_back(i);
    }
  }

  void meet(std::string_view text) {
    const Shingles shingles = shingles_of(text);
    if (shingles.empty()) return;
    const Signature signature = signature_of(shingles);
    for (std::size_t band = 0; band < kBands; ++band) {
      const auto bucket = buckets_.find(band_of(signature, band));
      if (bucket == buckets_.end()) continue;
      for (const std::size_t i : bucket->second) {
        if (!near_[i] && jaccard(shingles, shingles_[i]) >= kNearDuplicate) near_[i] = true;
      }
    }
  }

  bool is_near(std::size_t item) const { return near_[item]; }

 private:
  std::vector<Shingles> shingles_;
  std::vector<bool> near_;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> buckets_;
};

}  // namespace

Result<TrainingOverlap> check_overlap(LineSource& training, const std::vector<Example>& items,
                                      std::vector<bool>& touched) {
  TrainingOverlap overlap;
  overlap.known = true;
  overlap.test_items = items.size();
  touched.assign(items.size(), false);
  dataset::GramSet trained;
  NearItems near(items);
  std::string line;
  while (true) {
    RESIDENCY_TRY(const bool more, training.next(line));
    if (!more) break;
    ++overlap.train_examples;
    const auto example = dataset::example_from_json_line(line);
    if (!example.ok())
      return example.error().with_context(
          fmt::format("training set line {}", overlap.train_examples));
    const std::string text = shown(*example);
    trained.add(dataset::text_grams(text));
    near.meet(text);
  }
  trained.seal();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const double share = trained.share(dataset::text_grams(shown(items[i])));
    overlap.any_gram += share > 0 ? 1 : 0;
    overlap.most_grams += share >= kMostGrams ? 1 : 0;
    overlap.near_duplicates += near.is_near(i) ? 1 : 0;
    touched[i] = share >= kMostGrams || near.is_near(i);
    if (touched[i] && overlap.ids.size() < TrainingOverlap::kIdsMax)
      overlap.ids.push_back(items[i].id);
  }
  return overlap;
}

}  // namespace residency::eval
