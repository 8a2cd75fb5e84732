#include "eval/answer_reader.h"

#include <algorithm>

namespace residency::eval {
namespace {

constexpr std::size_t kCategoryLength = 3;
constexpr std::size_t kCodeLengthMax = 7;  // without its dot

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool is_letter(char c) { return to_upper(c) >= 'A' && to_upper(c) <= 'Z'; }
bool is_word(char c) {
  return is_digit(c) || is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// The code that `word` is, or "".
std::string as_code(std::string_view word) {
  std::string code;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '.') {
      if (code.size() != kCategoryLength) return "";
      continue;
    }
    code.push_back(to_upper(word[i]));
  }
  const bool shape =
      code.size() >= kCategoryLength && code.size() <= kCodeLengthMax && is_letter(code[0]) &&
      is_digit(code[1]) &&
      std::all_of(code.begin(), code.end(), [](char c) { return is_digit(c) || is_letter(c); });
  if (!shape) return "";
  if (code.size() > kCategoryLength) code.insert(code.begin() + kCategoryLength, '.');
  return code;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return to_upper(x) == to_upper(y);
         });
}

}  // namespace

std::vector<std::string> read_codes_in_order(std::string_view text) {
  std::vector<std::string> codes;
  std::size_t at = 0;
  while (at < text.size()) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    // A dot belongs to the word where a letter or digit follows it.
    while (end < text.size() && (is_word(text[end]) || (text[end] == '.' && end + 1 < text.size() &&
                                                        is_word(text[end + 1])))) {
      ++end;
    }
    std::string code = as_code(text.substr(at, end - at));
    if (!code.empty() && std::find(codes.begin(), codes.end(), code) == codes.end())
      codes.push_back(std::move(code));
    at = end;
  }
  return codes;
}

std::vector<std::string> read_codes(std::string_view text) {
  auto codes = read_codes_in_order(text);
  std::sort(codes.begin(), codes.end());
  return codes;
}

std::string code_category(std::string_view code) {
  return std::string(code.substr(0, kCategoryLength));
}

std::optional<std::string> read_label(std::string_view text,
                                      const std::vector<std::string>& labels) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (at > 0 && is_word(text[at - 1])) continue;
    const std::string* best = nullptr;
    for (const std::string& label : labels) {
      const bool fits = !label.empty() && at + label.size() <= text.size() &&
                        equal_ignoring_case(text.substr(at, label.size()), label) &&
                        (at + label.size() == text.size() || !is_word(text[at + label.size()]));
      if (fits && (best == nullptr || label.size() > best->size())) best = &label;
    }
    if (best != nullptr) return *best;
  }
  return std::nullopt;
}

std::string squeeze(std::string_view text) {
  std::string squeezed;
  bool space = false;
  for (const char c : text) {
    if (is_space(c)) {
      space = !squeezed.empty();
      continue;
    }
    if (space) squeezed.push_back(' ');
    space = false;
    squeezed.push_back(c);
  }
  return squeezed;
}

}  // namespace residency::eval
