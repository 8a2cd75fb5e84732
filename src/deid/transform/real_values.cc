#include "deid/transform/real_values.h"

#include <algorithm>
#include <numeric>

#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

constexpr int kHashes = 4;
constexpr int kFirstYear = 1900;
constexpr std::size_t kRunDigitsMax = 24;  // a longer run of digits is no number of anything

std::uint64_t mixed(std::uint64_t x) {
  // The finaliser of splitmix64 (S. Vigna, public domain).
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

/// FNV-1a of 64 bits, then mixed: the same on every machine.
std::uint64_t hash_of(std::string_view value) {
  std::uint64_t hash = 0xCBF29CE484222325ull;
  for (const char c : value) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return mixed(hash);
}

bool has_digit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_ascii_digit);
}

bool parts_number(char c) {
  return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/' || c == '+';
}

}  // namespace

std::string letters_and_digits(std::string_view text) {
  std::string key;
  for (const char c : to_lower(text)) {
    if ((c >= 'a' && c <= 'z') || is_ascii_digit(c) || static_cast<unsigned char>(c) >= 0x80)
      key += c;
  }
  return key;
}

RealValues::RealValues(unsigned bits_log2)
    : bits_((std::size_t{1} << bits_log2) / 64), mask_((std::uint64_t{1} << bits_log2) - 1) {}

void RealValues::put(std::string_view value) {
  const std::uint64_t hash = hash_of(value);
  const std::uint64_t step = mixed(hash) | 1;
  for (int i = 0; i < kHashes; ++i) {
    const std::uint64_t bit = (hash + static_cast<std::uint64_t>(i) * step) & mask_;
    bits_[bit >> 6] |= std::uint64_t{1} << (bit & 63);
  }
}

bool RealValues::holds(std::string_view value) const {
  const std::uint64_t hash = hash_of(value);
  const std::uint64_t step = mixed(hash) | 1;
  for (int i = 0; i < kHashes; ++i) {
    const std::uint64_t bit = (hash + static_cast<std::uint64_t>(i) * step) & mask_;
    if ((bits_[bit >> 6] >> (bit & 63) & 1) == 0) return false;
  }
  return true;
}

void RealValues::add_text(std::string_view text) {
  for (const Token& token : tokens_of(text)) {
    const std::string word = fold(token.lower);
    put(word);
    if (word.find('-') == std::string::npos) continue;
    for (std::size_t from = 0; from < word.size();) {
      const std::size_t hyphen = std::min(word.find('-', from), word.size());
      if (hyphen > from) put(std::string_view(word).substr(from, hyphen - from));
      from = hyphen + 1;
    }
  }
  add_runs(text);
  count_years(text);
}

void RealValues::add_runs(std::string_view text) {
  // What blanks part, where it holds a digit: "SN-OG093725", "123-45-6789".
  for (std::size_t from = 0; from < text.size();) {
    while (from < text.size() && is_space(text[from])) ++from;
    std::size_t end = from;
    while (end < text.size() && !is_space(text[end])) ++end;
    const std::string_view run = text.substr(from, end - from);
    if (has_digit(run)) {
      put(letters_and_digits(run));
      for (std::size_t at = 0; at < run.size();) {
        const auto inside = [&](std::size_t i) {
          const char c = run[i];
          return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
        };
        std::size_t stop = at;
        while (stop < run.size() && inside(stop)) ++stop;
        if (stop > at && has_digit(run.substr(at, stop - at)))
          put(letters_and_digits(run.substr(at, stop - at)));
        at = stop + 1;
      }
    }
    from = end;
  }
  // Digits that blanks and punctuation part: "(503) 537-0751".
  for (std::size_t from = 0; from < text.size();) {
    if (!is_ascii_digit(text[from])) {
      ++from;
      continue;
    }
    std::string digits;
    std::size_t end = from;
    while (end < text.size() && (is_ascii_digit(text[end]) || parts_number(text[end]))) {
      if (is_ascii_digit(text[end])) digits += text[end];
      ++end;
    }
    if (digits.size() <= kRunDigitsMax) put(digits);
    from = end;
  }
}

void RealValues::count_years(std::string_view text) {
  for (std::size_t i = 0; i + 7 <= text.size(); ++i) {
    if (text[i] != '1' && text[i] != '2') continue;
    if (i > 0 && is_ascii_digit(text[i - 1])) continue;
    if (text[i + 4] != '-' || !is_ascii_digit(text[i + 5]) || !is_ascii_digit(text[i + 6]) ||
        !std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i),
                     text.begin() + static_cast<std::ptrdiff_t>(i + 4), is_ascii_digit))
      continue;
    int year = 0;
    for (std::size_t at = i; at < i + 4; ++at) year = year * 10 + (text[at] - '0');
    if (year >= kFirstYear && year < kFirstYear + static_cast<int>(years_.size()))
      ++years_[static_cast<std::size_t>(year - kFirstYear)];
  }
}

void RealValues::add_json(const Json& value) {
  if (value.is_string()) return add_text(value.get_ref<const std::string&>());
  if (value.is_number_integer()) return put(value.dump());
  if (!value.is_structured()) return;
  for (const Json& item : value) add_json(item);
}

bool RealValues::has_all_words(std::string_view text) const {
  const auto tokens = tokens_of(text);
  return !tokens.empty() && std::all_of(tokens.begin(), tokens.end(), [&](const Token& token) {
    return has_word(fold(token.lower));
  });
}

bool RealValues::has_value(std::string_view text) const { return holds(letters_and_digits(text)); }

int RealValues::latest_year() const {
  const std::uint64_t all = std::accumulate(years_.begin(), years_.end(), std::uint64_t{0});
  for (std::size_t i = years_.size(); i-- > 0;) {
    if (years_[i] > 0 && years_[i] * 1000 >= all) return kFirstYear + static_cast<int>(i);
  }
  return 0;
}

}  // namespace residency::deid
