#include "deid/tagger/tag_tokens.h"

#include <algorithm>
#include <array>
#include <string>

#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15ull;
constexpr std::size_t kHeaderTokensMax = 6;

bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_big(char c) { return c >= 'A' && c <= 'Z'; }
bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// Bytes above ASCII that make no letters: no-break space, and the general punctuation block.
std::size_t mark_bytes(std::string_view text, std::size_t i) {
  const auto c = static_cast<unsigned char>(text[i]);
  if (c == 0xC2 && i + 1 < text.size()) return 2;
  if (c == 0xE2 && i + 2 < text.size()) return 3;
  return 0;
}

bool letter_at(std::string_view text, std::size_t i) {
  return is_small(text[i]) || is_big(text[i]) || (is_high(text[i]) && mark_bytes(text, i) == 0);
}

std::uint32_t part_hash(std::string_view part) {
  return static_cast<std::uint32_t>(word_hash(part) >> 32);
}

void read_word(std::string_view word, TagToken& token) {
  std::array<char, 64> buffer;
  bool high = false;
  std::size_t big = 0;
  std::size_t small = 0;
  const std::size_t kept = std::min(word.size(), buffer.size());
  for (std::size_t i = 0; i < kept; ++i) {
    const char c = word[i];
    big += is_big(c);
    small += is_small(c);
    high = high || is_high(c);
    buffer[i] = is_big(c) ? static_cast<char>(c + 32) : c;
  }
  std::string folded;
  std::string_view lower(buffer.data(), kept);
  bool first_big = is_big(word[0]);
  if (high) {
    folded = fold(word.substr(0, kept));
    const std::string plain = to_lower(word.substr(0, kept));
    first_big = first_big || (is_high(word[0]) && plain.substr(0, 2) != word.substr(0, 2));
    lower = folded;
  }
  token.word = word_hash(lower);
  token.prefix2 = part_hash(lower.substr(0, 2));
  token.prefix3 = part_hash(lower.substr(0, 3)) + 1;
  const auto suffix = [&](std::size_t n) {
    return lower.substr(lower.size() - std::min(n, lower.size()));
  };
  token.suffix2 = part_hash(suffix(2)) + 2;
  token.suffix3 = part_hash(suffix(3)) + 3;
  token.suffix4 = part_hash(suffix(4)) + 4;
  token.flags = WordTable::embedded().flags(token.word);
  if (first_big && word.size() == 1) {
    token.shape = kShapeInitial;
  } else if (first_big && small == 0 && !high) {
    token.shape = word.size() <= 3 ? kShapeShortUpper : kShapeUpper;
  } else if (first_big) {
    token.shape = big <= 1 ? kShapeCapital : kShapeMixed;
  } else {
    token.shape = big == 0 ? kShapeLower : kShapeMixed;
  }
}

/// What a number could be by its size: a month, a day, an age, a year, a time.
std::uint8_t number_kind(std::string_view digits) {
  const std::size_t length = std::min<std::size_t>(digits.size(), 12);
  std::uint32_t value = 0;
  for (const char c : digits.substr(0, 4)) value = 10 * value + static_cast<std::uint32_t>(c - '0');
  if (length == 1) return 0;
  if (length == 2)
    return digits[0] == '0' ? 1
           : value <= 12    ? 2
           : value <= 24    ? 3
           : value <= 31    ? 4
           : value <= 59    ? 5
           : value <= 89    ? 6
                            : 7;
  if (length == 3) return digits[0] == '0' ? 8 : value < 250 ? 9 : 10;
  const bool year = value >= 1900 && value < 2100;
  if (length == 4)
    return year ? 11 : value < 2400 && value % 100 < 60 ? (digits[0] == '0' ? 12 : 13) : 14;
  if (length == 8 && year) return 15;
  return static_cast<std::uint8_t>(11 + length);  // 16 to 23
}

void read_number(std::string_view digits, TagToken& token) {
  const std::size_t length = std::min<std::size_t>(digits.size(), 9);
  token.shape = static_cast<std::uint8_t>(8 + length);
  const bool year = length == 4 && (digits.substr(0, 2) == "19" || digits.substr(0, 2) == "20");
  token.word = length <= 2 ? word_hash(digits) : kMultiplier * (length + (year ? 64 : 32));
  token.prefix2 = part_hash(digits.substr(0, 1));
  token.number_kind = number_kind(digits);
}

/// What a whole line tells of its words.
void read_line(std::vector<TagToken>& tokens, std::size_t begin) {
  std::size_t capitals = 0, uppers = 0, lowers = 0;
  std::uint64_t header = 0;
  std::size_t header_end = begin;
  for (std::size_t i = begin; i < tokens.size(); ++i) {
    const std::uint8_t shape = tokens[i].shape;
    capitals += shape == kShapeCapital || shape == kShapeMixed;
    uppers += shape == kShapeUpper || shape == kShapeShortUpper;
    lowers += shape == kShapeLower;
    tokens[i].place = static_cast<std::uint8_t>(std::min<std::size_t>(i - begin, 4));
    if (header_end == begin && i > begin && i < begin + kHeaderTokensMax && shape == (128 | ':'))
      header_end = i;
  }
  for (std::size_t i = begin; i < header_end; ++i) header = header * 31 + tokens[i].word;
  std::uint8_t line_case = 0;
  if (capitals == 0 && lowers == 0 && uppers >= 2)
    line_case = 1;
  else if (capitals + uppers == 0)
    line_case = 2;
  else if (lowers == 0)
    line_case = 3;
  for (std::size_t i = begin; i < tokens.size(); ++i) {
    tokens[i].line_case = line_case;
    if (i > header_end && header_end > begin)
      tokens[i].header = static_cast<std::uint32_t>(header >> 32) | 1u;
  }
}

/// Marks the words that the text writes in lower case somewhere.
void mark_lower_elsewhere(std::vector<TagToken>& tokens) {
  constexpr std::size_t kBits = 1u << 16;
  std::vector<std::uint64_t> seen(kBits / 64, 0);
  for (const TagToken& token : tokens) {
    if (token.shape == kShapeLower && token.line_case != 2)
      seen[(token.word >> 48) / 64] |= 1ull << ((token.word >> 48) % 64);
  }
  for (TagToken& token : tokens) {
    token.lower_elsewhere =
        token.shape >= kShapeCapital && token.shape <= kShapeMixed &&
        ((seen[(token.word >> 48) / 64] >> ((token.word >> 48) % 64)) & 1u) != 0;
  }
}

}  // namespace

std::vector<TagToken> tag_tokens(std::string_view text) {
  std::vector<TagToken> tokens;
  tokens.reserve(text.size() / 4);
  std::size_t line = 0;
  std::uint8_t gap = 4;
  for (std::size_t i = 0; i < text.size();) {
    if (is_space(text[i])) {
      const bool line_end = text[i] == '\n';
      if (line_end) {
        read_line(tokens, line);
        line = tokens.size();
        gap = gap >= 3 ? 4 : 3;
      } else if (gap < 3) {
        gap = static_cast<std::uint8_t>(gap == 0 && text[i] == ' ' ? 1 : 2);
      }
      ++i;
      continue;
    }
    TagToken token;
    token.begin = static_cast<std::uint32_t>(i);
    token.gap = gap;
    gap = 0;
    std::size_t end = i + 1;
    if (is_ascii_digit(text[i])) {
      while (end < text.size() && is_ascii_digit(text[end])) ++end;
      read_number(text.substr(i, end - i), token);
    } else if (letter_at(text, i)) {
      while (end < text.size() && letter_at(text, end)) ++end;
      read_word(text.substr(i, end - i), token);
    } else {
      const std::size_t bytes = mark_bytes(text, i);
      end = i + std::max<std::size_t>(bytes, 1);
      token.shape = bytes == 0 ? static_cast<std::uint8_t>(128 | text[i]) : std::uint8_t{127};
      token.word = kMultiplier * (1000u + token.shape);
    }
    token.end = static_cast<std::uint32_t>(end);
    tokens.push_back(token);
    i = end;
  }
  read_line(tokens, line);
  mark_lower_elsewhere(tokens);
  return tokens;
}

}  // namespace residency::deid
