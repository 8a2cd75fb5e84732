#include "deid/detect/tokens.h"

#include <array>

#include "deid/detect/word_table.h"

namespace residency::deid {
namespace {

unsigned char byte(char c) { return static_cast<unsigned char>(c); }
bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_big(char c) { return c >= 'A' && c <= 'Z'; }

/// The bytes of the letter at `i`, 0 where there is none.
std::size_t letter_bytes(std::string_view text, std::size_t i) {
  const unsigned char c = byte(text[i]);
  if (is_small(text[i]) || is_big(text[i])) return 1;
  if (c >= 0xC3 && c <= 0xD4 && i + 1 < text.size() && byte(text[i + 1]) >= 0x80) return 2;
  if (c == 0xE1 && i + 2 < text.size()) return 3;
  if (c == 0xCC && i + 1 < text.size()) return 2;
  return 0;
}

bool capital_at(std::string_view text, std::size_t i) {
  if (is_big(text[i])) return true;
  const unsigned char c = byte(text[i]);
  if (c == 0xC3 && i + 1 < text.size()) return byte(text[i + 1]) <= 0x9E;
  if ((c == 0xC4 || c == 0xC5) && i + 1 < text.size()) {
    const unsigned code = ((c & 0x1Fu) << 6) | (byte(text[i + 1]) & 0x3Fu);
    const bool odd_is_big = (code >= 0x139 && code <= 0x148) || code >= 0x179;
    return (code % 2 == 1) == odd_is_big;
  }
  return false;
}

/// Bytes of an apostrophe or hyphen at `i` that may stand inside a word.
std::size_t joiner_bytes(std::string_view text, std::size_t i) {
  if (text[i] == '\'' || text[i] == '-') return 1;
  if (i + 3 <= text.size() && text.substr(i, 3) == "\xE2\x80\x99") return 3;
  return 0;
}

}  // namespace

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if (is_big(lower[i])) {
      lower[i] = static_cast<char>(lower[i] + 32);
    } else if (i + 1 < lower.size() && capital_at(lower, i)) {
      const int step = byte(lower[i]) == 0xC3 ? 0x20 : 1;
      if (step == 1 && byte(lower[i + 1]) == 0xBF) {
        lower[i] = static_cast<char>(byte(lower[i]) + 1);
        lower[i + 1] = static_cast<char>(0x80);
      } else {
        lower[i + 1] = static_cast<char>(byte(lower[i + 1]) + step);
      }
      ++i;
    }
  }
  return lower;
}

std::string fold(std::string_view text) {
  // Base letters of U+00E0 to U+00FF and U+0100 to U+017F.
  constexpr std::string_view kLatin1 = "aaaaaaaceeeeiiiidnooooo/ouuuuypy";
  constexpr std::string_view kExtended =
      "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllllllln"
      "nnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
  const std::string lower = to_lower(text);
  std::string folded;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    const unsigned char c = byte(lower[i]);
    if (c < 0x80 || i + 1 >= lower.size()) {
      folded += lower[i];
      continue;
    }
    const unsigned code = ((c & 0x1Fu) << 6) | (byte(lower[i + 1]) & 0x3Fu);
    if (c == 0xC3 && code >= 0xE0) {
      folded += kLatin1[code - 0xE0];
      ++i;
    } else if ((c == 0xC4 || c == 0xC5) && code - 0x100 < kExtended.size()) {
      folded += kExtended[code - 0x100];
      ++i;
    } else {
      folded += lower[i];
    }
  }
  return folded;
}

std::vector<Token> tokens_of(std::string_view text) {
  const WordTable& words = WordTable::embedded();
  std::vector<Token> tokens;
  tokens.reserve(text.size() / 5);
  for (std::size_t i = 0; i < text.size();) {
    std::size_t width = letter_bytes(text, i);
    if (width == 0) {
      ++i;
      continue;
    }
    Token token;
    token.begin = i;
    token.capital = capital_at(text, i);
    bool any_small = false;
    std::size_t after = 0;  // bytes of a closing 's
    while (i < text.size()) {
      width = letter_bytes(text, i);
      if (width == 0) {
        const std::size_t joiner = joiner_bytes(text, i);
        if (joiner == 0 || i + joiner >= text.size() || letter_bytes(text, i + joiner) == 0) break;
        const char next = text[i + joiner];
        const bool possessive =
            text[i] != '-' && (next == 's' || next == 'S') &&
            (i + joiner + 1 >= text.size() || letter_bytes(text, i + joiner + 1) == 0);
        if (possessive) {
          after = joiner + 1;
          break;
        }
        i += joiner;
        continue;
      }
      any_small = any_small || !capital_at(text, i);
      ++token.letters;
      i += width;
    }
    token.end = i;
    i += after;
    token.all_capitals = !any_small && token.letters >= 2;
    token.lower = to_lower(text.substr(token.begin, token.end - token.begin));
    token.flags = words.flags(word_hash(token.lower));
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace residency::deid
