#include "eval/text_overlap.h"

#include <algorithm>
#include <map>

namespace residency::eval {
namespace {

/// Decodes UTF-8; a byte that begins no code point stands for itself.
std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> points;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = lead < 0x80    ? 1
                         : lead >= 0xF0 ? 4
                         : lead >= 0xE0 ? 3
                         : lead >= 0xC0 ? 2
                                        : 1;
    if (i + length > text.size()) length = 1;
    char32_t point = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k)
      point = (point << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    points.push_back(point);
    i += length;
  }
  return points;
}

/// What Python's str.split() splits at.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

std::vector<char32_t> without_spaces(std::string_view text) {
  auto points = code_points(text);
  points.erase(std::remove_if(points.begin(), points.end(), is_space), points.end());
  return points;
}

std::vector<std::string> rouge_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (char32_t c : code_points(text)) {
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
    if (c == 0x212A)
      c = 'k';  // the two others whose lower case is, or begins with, an ASCII letter
    const bool dotted_i = c == 0x130;
    if (dotted_i) c = 'i';
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word.push_back(static_cast<char>(c));
      if (dotted_i) end_word();
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

std::size_t common_subsequence(const std::vector<std::string>& a,
                               const std::vector<std::string>& b) {
  std::vector<std::size_t> before(b.size() + 1, 0);
  std::vector<std::size_t> row(b.size() + 1, 0);
  for (const std::string& word : a) {
    for (std::size_t j = 0; j < b.size(); ++j)
      row[j + 1] = word == b[j] ? before[j] + 1 : std::max(row[j], before[j + 1]);
    std::swap(before, row);
  }
  return before[b.size()];
}

std::map<std::u32string, std::uint64_t> grams(const std::vector<char32_t>& text, std::size_t n) {
  std::map<std::u32string, std::uint64_t> counts;
  for (std::size_t i = 0; i + n <= text.size(); ++i) {
    const auto from = text.begin() + static_cast<std::ptrdiff_t>(i);
    ++counts[std::u32string(from, from + static_cast<std::ptrdiff_t>(n))];
  }
  return counts;
}

}  // namespace

double rouge_l(std::string_view reference, std::string_view written) {
  const auto wanted = rouge_words(reference);
  const auto given = rouge_words(written);
  if (wanted.empty() || given.empty()) return 0;
  const auto common = static_cast<double>(common_subsequence(wanted, given));
  const double precision = common / static_cast<double>(given.size());
  const double recall = common / static_cast<double>(wanted.size());
  return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

CharacterGrams character_grams(std::string_view reference, std::string_view written) {
  const auto wanted = without_spaces(reference);
  const auto given = without_spaces(written);
  CharacterGrams counts;
  for (std::size_t n = 1; n <= CharacterGrams::kOrders; ++n) {
    auto& count = counts.orders[n - 1];
    const auto gold = grams(wanted, n);
    for (const auto& [gram, number] : gold) count.reference += number;
    for (const auto& [gram, number] : grams(given, n)) {
      count.written += number;
      const auto found = gold.find(gram);
      if (found != gold.end()) count.both += std::min(number, found->second);
    }
    // As sacrebleu has it: an order that the reference is too short for does not count.
    if (gold.empty()) count.written = 0;
  }
  return counts;
}

double chrf(const CharacterGrams& sums) {
  constexpr double kBetaSquared = 4;
  double precision = 0;
  double recall = 0;
  std::size_t orders = 0;
  for (const auto& count : sums.orders) {
    if (count.written == 0 || count.reference == 0) continue;
    precision += static_cast<double>(count.both) / static_cast<double>(count.written);
    recall += static_cast<double>(count.both) / static_cast<double>(count.reference);
    ++orders;
  }
  if (orders == 0) return 0;
  precision /= static_cast<double>(orders);
  recall /= static_cast<double>(orders);
  if (precision + recall == 0) return 0;
  return (1 + kBetaSquared) * precision * recall / (kBetaSquared * precision + recall);
}

}  // namespace residency::eval
