#include "deid/detect/fold_text.h"

#include <algorithm>
#include <numeric>

namespace residency::deid {
namespace {

struct Letter {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
};

/// The code point at `i`; a byte that begins none stands for itself.
Letter letter_at(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) {
    return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u;
  };
  const unsigned c = byte(0);
  const auto tail = [&](std::size_t k) { return (byte(k) & 0xC0u) == 0x80u; };
  if (c >= 0xC2 && c < 0xE0 && tail(1)) return {((c & 0x1Fu) << 6) | (byte(1) & 0x3Fu), 2};
  if (c >= 0xE0 && c < 0xF0 && tail(1) && tail(2))
    return {((c & 0x0Fu) << 12) | ((byte(1) & 0x3Fu) << 6) | (byte(2) & 0x3Fu), 3};
  if (c >= 0xF0 && c < 0xF5 && tail(1) && tail(2) && tail(3))
    return {((c & 0x07u) << 18) | ((byte(1) & 0x3Fu) << 12) | ((byte(2) & 0x3Fu) << 6) |
                (byte(3) & 0x3Fu),
            4};
  return {c, 1};
}

constexpr char kGone = '\1';

/// The ASCII that a code point reads as everywhere; kGone for what is not seen; 0 for none.
char plain(std::uint32_t code) {
  if (code >= 0xFF01 && code <= 0xFF5E) return static_cast<char>(code - 0xFEE0);
  if (code >= 0x0660 && code <= 0x0669) return static_cast<char>('0' + (code - 0x0660));
  if (code >= 0x06F0 && code <= 0x06F9) return static_cast<char>('0' + (code - 0x06F0));
  if (code >= 0x0966 && code <= 0x096F) return static_cast<char>('0' + (code - 0x0966));
  if (code >= 0x1D7CE && code <= 0x1D7FF) return static_cast<char>('0' + (code - 0x1D7CE) % 10);
  if (code >= 0x2080 && code <= 0x2089) return static_cast<char>('0' + (code - 0x2080));
  if ((code >= 0x2000 && code <= 0x200A) || code == 0x202F || code == 0x205F || code == 0x3000 ||
      code == 0xA0)
    return ' ';
  if ((code >= 0x2010 && code <= 0x2015) || code == 0x2212 || code == 0xFE58 || code == 0xFE63)
    return '-';
  if ((code >= 0x200B && code <= 0x200F) || code == 0x2060 || code == 0xFEFF || code == 0xAD ||
      (code >= 0x202A && code <= 0x202E))
    return kGone;
  return 0;
}

/// The Latin letter that one of Cyrillic or Greek looks like; 0 for none.
char look_alike(std::uint32_t code) {
  struct Pair {
    std::uint32_t code;
    char letter;
  };
  static constexpr Pair kPairs[] = {
      {0x0391, 'A'}, {0x0392, 'B'}, {0x0395, 'E'}, {0x0396, 'Z'}, {0x0397, 'H'}, {0x0399, 'I'},
      {0x039A, 'K'}, {0x039C, 'M'}, {0x039D, 'N'}, {0x039F, 'O'}, {0x03A1, 'P'}, {0x03A4, 'T'},
      {0x03A5, 'Y'}, {0x03A7, 'X'}, {0x03BF, 'o'}, {0x0405, 'S'}, {0x0406, 'I'}, {0x0408, 'J'},
      {0x0410, 'A'}, {0x0412, 'B'}, {0x0415, 'E'}, {0x041A, 'K'}, {0x041C, 'M'}, {0x041D, 'H'},
      {0x041E, 'O'}, {0x0420, 'P'}, {0x0421, 'C'}, {0x0422, 'T'}, {0x0425, 'X'}, {0x0430, 'a'},
      {0x0435, 'e'}, {0x043E, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0443, 'y'}, {0x0445, 'x'},
      {0x0455, 's'}, {0x0456, 'i'}, {0x0458, 'j'}};
  for (const Pair& pair : kPairs) {
    if (pair.code == code) return pair.letter;
  }
  return 0;
}

bool digit(char c) { return c >= '0' && c <= '9'; }
bool ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char as_digit(char c) {
  if (c == 'O' || c == 'o') return '0';
  return c == 'l' || c == 'I' || c == '|' ? '1' : 0;
}
bool is_wordly(std::uint32_t code) {
  return code >= 0x80 ? (code >= 0x0370 && code <= 0x04FF)
                      : ascii_letter(static_cast<char>(code)) || digit(static_cast<char>(code));
}

/// Look-alikes in words that hold Latin letters or digits as well.
bool fold_words(std::string_view text, FoldedText& out) {
  bool changed = false;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    bool ascii = false;
    bool other = false;
    bool all_known = true;
    while (end < text.size()) {
      const Letter letter = letter_at(text, end);
      if (!is_wordly(letter.code)) break;
      if (letter.bytes == 1) {
        ascii = true;
      } else {
        other = true;
        all_known = all_known && look_alike(letter.code) != 0;
      }
      end += letter.bytes;
    }
    const bool mixed = ascii && other && all_known;
    if (end == i) end += letter_at(text, i).bytes;
    while (i < end) {
      const Letter letter = letter_at(text, i);
      const char same = mixed && letter.bytes > 1 ? look_alike(letter.code) : plain(letter.code);
      if (same == 0 || letter.bytes == 1) {
        for (std::size_t k = 0; k < letter.bytes; ++k) {
          out.at.push_back(static_cast<std::uint32_t>(i + k));
          out.text += text[i + k];
        }
      } else {
        changed = true;
        if (same != kGone) {
          out.at.push_back(static_cast<std::uint32_t>(i));
          out.text += same;
        }
      }
      i += letter.bytes;
    }
  }
  out.at.push_back(static_cast<std::uint32_t>(text.size()));
  return changed;
}

/// Where O, l and I stand in words of digits: "2O11", "l0/16", "6O1-555".
std::vector<std::size_t> letters_in_numbers(std::string_view text) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < text.size();) {
    const bool starts = digit(text[i]) || as_digit(text[i]) != 0;
    std::size_t end = i;
    if (starts) {
      std::size_t digits = 0;
      while (end < text.size() && (digit(text[end]) || as_digit(text[end]) != 0)) {
        digits += digit(text[end]) ? 1 : 0;
        ++end;
      }
      const bool whole = end >= text.size() || !ascii_letter(text[end]);
      // "O3/O7": its neighbour across a mark counts too.
      const bool beside = end + 1 < text.size() && (text[end] == '/' || text[end] == '-') &&
                          (digit(text[end + 1]) || as_digit(text[end + 1]) != 0);
      if (whole && (end - i >= 3 || beside) && digits >= 1 && digits < end - i &&
          (digits * 2 >= end - i || beside)) {
        for (std::size_t k = i; k < end; ++k) {
          if (!digit(text[k])) places.push_back(k);
        }
      }
    }
    // To the next word.
    while (end < text.size() && (ascii_letter(text[end]) || digit(text[end]))) ++end;
    i = std::max(end, i + 1);
  }
  return places;
}

}  // namespace

std::optional<FoldedText> fold_look_alikes(std::string_view text) {
  FoldedText folded;
  const bool any_high = std::any_of(text.begin(), text.end(),
                                    [](char c) { return static_cast<unsigned char>(c) >= 0xC2; });
  bool changed = false;
  if (any_high) {
    folded.text.reserve(text.size());
    folded.at.reserve(text.size() + 1);
    changed = fold_words(text, folded);
  }
  const std::vector<std::size_t> places = letters_in_numbers(any_high ? folded.text : text);
  if (!changed && places.empty()) return std::nullopt;
  if (!any_high) {
    folded.text = text;
    folded.at.resize(text.size() + 1);
    std::iota(folded.at.begin(), folded.at.end(), 0u);
  }
  for (const std::size_t place : places) folded.text[place] = as_digit(folded.text[place]);
  return folded;
}

}  // namespace residency::deid
