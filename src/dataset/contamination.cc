#include "dataset/contamination.h"

#include <algorithm>
#include <string>

#include "dataset/keyed_hash.h"

namespace residency::dataset {
namespace {

bool is_word_byte(unsigned char c) {
  return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::vector<std::uint64_t> word_hashes(std::string_view text) {
  std::vector<std::uint64_t> hashes;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const unsigned char c = i < text.size() ? static_cast<unsigned char>(text[i]) : ' ';
    if (is_word_byte(c)) {
      word.push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
    } else if (!word.empty()) {
      hashes.push_back(siphash(0, 0, word));
      word.clear();
    }
  }
  return hashes;
}

std::uint64_t gram_hash(const std::vector<std::uint64_t>& words, std::size_t from,
                        std::size_t count) {
  std::string bytes;
  bytes.reserve(count * 8);
  for (std::size_t i = from; i < from + count; ++i) {
    for (int shift = 0; shift < 64; shift += 8) {
      bytes.push_back(static_cast<char>(words[i] >> shift));
    }
  }
  return siphash(0, 1, bytes);
}

}  // namespace

std::vector<std::uint64_t> text_grams(std::string_view text) {
  const auto words = word_hashes(text);
  std::vector<std::uint64_t> grams;
  if (words.empty()) return grams;
  if (words.size() < kGramWords) {
    grams.push_back(gram_hash(words, 0, words.size()));
    return grams;
  }
  for (std::size_t i = 0; i + kGramWords <= words.size(); ++i) {
    grams.push_back(gram_hash(words, i, kGramWords));
  }
  return grams;
}

void GramSet::add(const std::vector<std::uint64_t>& grams) {
  grams_.insert(grams_.end(), grams.begin(), grams.end());
}

void GramSet::seal() {
  std::sort(grams_.begin(), grams_.end());
  grams_.erase(std::unique(grams_.begin(), grams_.end()), grams_.end());
}

double GramSet::share(const std::vector<std::uint64_t>& grams) const {
  if (grams.empty()) return 0;
  const auto found = std::count_if(grams.begin(), grams.end(), [&](std::uint64_t gram) {
    return std::binary_search(grams_.begin(), grams_.end(), gram);
  });
  return static_cast<double>(found) / static_cast<double>(grams.size());
}

Json ContaminationReport::to_json() const {
  return {{"gram_words", kGramWords},      {"test_examples", test_examples},
          {"any_overlap", any_overlap},    {"half_overlap", half_overlap},
          {"most_overlap", most_overlap},  {"mean_overlap", mean_overlap},
          {"train_dropped", train_dropped}};
}

}  // namespace residency::dataset
