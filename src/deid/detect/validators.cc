#include "deid/detect/validators.h"

#include <algorithm>
#include <array>
#include <vector>

namespace residency::deid {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

/// The numbers that stand in `text`; nothing where one is longer than 14 digits.
std::vector<int> numbers_of(std::string_view text, std::vector<std::size_t>& widths) {
  std::vector<int> numbers;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_digit(text[i])) {
      ++i;
      continue;
    }
    int value = 0;
    const std::size_t begin = i;
    for (; i < text.size() && is_digit(text[i]); ++i) {
      if (i - begin < 8) value = value * 10 + (text[i] - '0');
    }
    numbers.push_back(value);
    widths.push_back(i - begin);
  }
  return numbers;
}

bool has_letter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return upper(c) >= 'A' && upper(c) <= 'Z' && upper(c) != 'T' && upper(c) != 'Z';
  });
}

bool day_fits(int month, int day) {
  constexpr std::array<int, 13> kDays{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month >= 1 && month <= 12 && day >= 1 && day <= kDays[static_cast<std::size_t>(month)];
}

}  // namespace

std::string digits_of(std::string_view text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), is_digit);
  return digits;
}

bool luhn_holds(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (std::size_t i = digits.size(); i-- > 0;) {
    if (!is_digit(digits[i])) return false;
    int value = digits[i] - '0';
    if (twice) value = value > 4 ? value * 2 - 9 : value * 2;
    sum += value;
    twice = !twice;
  }
  return !digits.empty() && sum % 10 == 0;
}

bool npi_holds(std::string_view digits) {
  return digits.size() == 10 && (digits[0] == '1' || digits[0] == '2') &&
         luhn_holds("80840" + std::string(digits));
}

bool dea_holds(std::string_view text) {
  if (text.size() != 9) return false;
  std::array<int, 7> d{};
  for (std::size_t i = 0; i < 7; ++i) {
    if (!is_digit(text[i + 2])) return false;
    d[i] = text[i + 2] - '0';
  }
  return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6];
}

bool vin_holds(std::string_view text) {
  constexpr std::string_view kLetters = "ABCDEFGHJKLMNPRSTUVWXYZ";
  constexpr std::string_view kValues = "12345678123457923456789";
  constexpr std::array<int, 17> kWeights{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
  if (text.size() != 17 || std::none_of(text.begin(), text.end(), is_digit)) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    const char c = upper(text[i]);
    const std::size_t letter = kLetters.find(c);
    if (!is_digit(c) && letter == std::string_view::npos) return false;
    sum += kWeights[i] * (is_digit(c) ? c - '0' : kValues[letter] - '0');
  }
  const char check = upper(text[8]);
  return check == (sum % 11 == 10 ? 'X' : static_cast<char>('0' + sum % 11)) || has_letter(text);
}

bool ssn_holds(std::string_view text) {
  const std::string d = digits_of(text);
  return d.size() == 9 && d[0] != '9' && d.compare(0, 3, "000") != 0 &&
         d.compare(0, 3, "666") != 0 && d.compare(3, 2, "00") != 0 && d.compare(5, 4, "0000") != 0;
}

bool ipv4_holds(std::string_view text) {
  std::vector<std::size_t> widths;
  const std::vector<int> n = numbers_of(text, widths);
  return n.size() == 4 && n[0] > 0 &&
         std::all_of(n.begin(), n.end(), [](int v) { return v <= 255; });
}

bool date_holds(std::string_view text) {
  std::vector<std::size_t> widths;
  const std::vector<int> n = numbers_of(text, widths);
  if (n.empty()) return false;
  if (has_letter(text)) return (n[0] >= 1 && n[0] <= 31) || n[0] > 1800;
  if (widths[0] >= 8) {
    const std::string d = digits_of(text);
    return day_fits(std::stoi(d.substr(4, 2)), std::stoi(d.substr(6, 2)));
  }
  if (n.size() < 3) return false;
  if (widths[0] == 4) return day_fits(n[1], n[2]) || day_fits(n[2], n[1]);
  return day_fits(n[0], n[1]) || day_fits(n[1], n[0]);
}

bool passes(Check check, std::string_view text) {
  switch (check) {
    case Check::kNone:
      return true;
    case Check::kSsn:
      return ssn_holds(text);
    case Check::kNpi:
      return npi_holds(text);
    case Check::kDea:
      return dea_holds(text);
    case Check::kVin:
      return vin_holds(text);
    case Check::kIpv4:
      return ipv4_holds(text);
    case Check::kDate:
      return date_holds(text);
    case Check::kPhone: {
      const std::size_t digits = digits_of(text).size();
      return digits >= 10 && digits <= 21;
    }
    case Check::kPlainAge: {
      const std::string d = digits_of(text);
      return !d.empty() && d.size() <= 3 && std::stoi(d) <= 120;
    }
    case Check::kThreeDigits:
      return digits_of(text).size() >= 3;
    case Check::kHasDigit:
      return std::any_of(text.begin(), text.end(), is_digit);
  }
  return false;
}

}  // namespace residency::deid
