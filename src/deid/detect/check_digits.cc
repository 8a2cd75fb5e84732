#include "deid/detect/check_digits.h"

#include <algorithm>
#include <array>
#include <string>

#include "deid/detect/validators.h"

namespace residency::deid {
namespace {

constexpr std::size_t kCharactersMax = 34;   // of an IBAN
constexpr std::size_t kCharactersMin = 9;    // of a DEA number
constexpr std::size_t kBeforeDigitMax = 12;  // a VIN's first letters
constexpr std::size_t kDigitsMin = 3;        // of a VIN, within what follows

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
bool separates(char c) { return c == ' ' || c == '-' || c == '.' || c == '/' || c == '_'; }

/// A run of letters and digits in groups that one separator parts.
struct Run {
  std::string squeezed;             // upper case
  std::vector<std::size_t> at;      // of each character
  std::vector<std::size_t> groups;  // their lengths

  bool digits_only(std::size_t from = 0) const {
    return squeezed.size() > from &&
           std::all_of(squeezed.begin() + static_cast<std::ptrdiff_t>(from), squeezed.end(), digit);
  }
  bool one_by_one() const {
    return groups.size() > 1 &&
           std::all_of(groups.begin(), groups.end(), [](std::size_t n) { return n == 1; });
  }
  /// Few groups of several, or one by one: no row of a table.
  bool shaped() const { return groups.size() <= 5 || one_by_one(); }
  bool in_fours() const {
    return groups.size() == 1 || one_by_one() ||
           std::all_of(groups.begin(), groups.end() - 1, [](std::size_t n) { return n == 4; });
  }
};

/// The run of `count` groups from `begin`; false where there are no more.
bool add_group(std::string_view text, std::size_t& at, char& separator, Run& run) {
  if (!run.groups.empty()) {
    if (at + 1 >= text.size() || !separates(text[at])) return false;
    if (separator == 0) separator = text[at];
    if (text[at] != separator || !(digit(text[at + 1]) || letter(text[at + 1]))) return false;
    ++at;
  }
  const std::size_t begin = at;
  while (at < text.size() && (digit(text[at]) || letter(text[at]))) {
    run.squeezed += upper(text[at]);
    run.at.push_back(at);
    if (run.squeezed.size() > kCharactersMax) return false;
    ++at;
  }
  if (at == begin) return false;
  run.groups.push_back(at - begin);
  return true;
}

bool card_holds(std::string_view d) {
  if (d.size() < 13 || d.size() > 19 || !luhn_holds(d)) return false;
  return d[0] == '4' || d[0] == '5' || d[0] == '6' || d.substr(0, 2) == "34" ||
         d.substr(0, 2) == "37" || d.substr(0, 2) == "35" || d.substr(0, 2) == "30" ||
         d.substr(0, 2) == "36" || d.substr(0, 2) == "38" || d[0] == '2';
}

bool strict_vin(std::string_view vin) {
  // Letters and digits both, and the check digit itself: vin_holds() lets others pass.
  constexpr std::string_view kLetters = "ABCDEFGHJKLMNPRSTUVWXYZ";
  constexpr std::string_view kValues = "12345678123457923456789";
  constexpr std::array<int, 17> kWeights{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
  int sum = 0;
  int letters = 0;
  for (std::size_t i = 0; i < vin.size(); ++i) {
    const std::size_t place = kLetters.find(vin[i]);
    if (!digit(vin[i]) && place == std::string_view::npos) return false;
    letters += digit(vin[i]) ? 0 : 1;
    sum += kWeights[i] * (digit(vin[i]) ? vin[i] - '0' : kValues[place] - '0');
  }
  return letters >= 1 && letters <= 14 &&
         vin[8] == (sum % 11 == 10 ? 'X' : static_cast<char>('0' + sum % 11));
}

/// Digits among the next letters, digits and separators.
std::size_t digits_near(std::string_view text, std::size_t at) {
  std::size_t digits = 0;
  const std::size_t end = std::min(text.size(), at + 24);
  for (; at < end && (digit(text[at]) || letter(text[at]) || separates(text[at])); ++at)
    digits += digit(text[at]) ? 1 : 0;
  return digits;
}

struct Found {
  PhiClass phi_class;
  std::string_view rule;
};

/// What the run is as a whole.
const Found* identify(const Run& run) {
  static constexpr Found kNpi{PhiClass::kLicense, "npi_check"};
  static constexpr Found kDea{PhiClass::kLicense, "dea_check"};
  static constexpr Found kVin{PhiClass::kVehicle, "vin_check"};
  static constexpr Found kCard{PhiClass::kAccount, "card_check"};
  static constexpr Found kIban{PhiClass::kAccount, "iban_check"};
  static constexpr Found kNhs{PhiClass::kOtherId, "nhs_check"};
  static constexpr Found kAadhaar{PhiClass::kOtherId, "aadhaar_check"};
  const std::string& s = run.squeezed;
  const bool one = run.groups.size() == 1 || run.one_by_one();
  if (run.digits_only()) {
    if (!run.shaped()) return nullptr;
    if (s.size() == 10 && npi_holds(s)) return &kNpi;
    if (s.size() == 10 && nhs_number_holds(s) &&
        (one || run.groups == std::vector<std::size_t>{3, 3, 4}))
      return &kNhs;
    if (s.size() == 12 && s[0] >= '2' && run.in_fours() && run.groups.size() > 1 &&
        verhoeff_holds(s))
      return &kAadhaar;
    const bool card_groups =
        run.in_fours() || run.groups == std::vector<std::size_t>{4, 6, 5} || one;
    if (card_groups && card_holds(s)) return &kCard;
    return nullptr;
  }
  if (s.size() == 9 && letter(s[0]) && (letter(s[1]) || s[1] == '9') && run.digits_only(2) &&
      run.shaped() && dea_holds(s))
    return &kDea;
  if (s.size() == 17 && run.shaped() && strict_vin(s)) return &kVin;
  if (s.size() >= 15 && letter(s[0]) && letter(s[1]) && digit(s[2]) && digit(s[3]) &&
      (run.in_fours() || one) && iban_holds(s))
    return &kIban;
  return nullptr;
}

}  // namespace

// Verhoeff 1969: the dihedral group D5.
bool verhoeff_holds(std::string_view digits) {
  static constexpr std::array<std::string_view, 10> kProduct{
      "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
      "5987604321", "6598710432", "7659821043", "8765932104", "9876543210"};
  static constexpr std::array<std::string_view, 8> kPermutation{
      "0123456789", "1576283094", "5803796142", "8916043527",
      "9453126870", "4286573901", "2793806415", "7046913258"};
  std::size_t check = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const char c = digits[digits.size() - 1 - i];
    if (!digit(c)) return false;
    const auto value =
        static_cast<std::size_t>(kPermutation[i % 8][static_cast<std::size_t>(c - '0')] - '0');
    check = static_cast<std::size_t>(kProduct[check][value] - '0');
  }
  return !digits.empty() && check == 0;
}

bool nhs_number_holds(std::string_view digits) {
  if (digits.size() != 10) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 9; ++i) {
    if (!digit(digits[i])) return false;
    sum += (digits[i] - '0') * static_cast<int>(10 - i);
  }
  const int check = (11 - sum % 11) % 11;
  return check != 10 && digits[9] == static_cast<char>('0' + check);
}

// ISO 13616: the first four characters go to the end, letters count from 10.
bool iban_holds(std::string_view iban) {
  if (iban.size() < 15 || iban.size() > 34) return false;
  int rest = 0;
  for (std::size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];
    if (digit(c)) {
      rest = (rest * 10 + (c - '0')) % 97;
    } else if (c >= 'A' && c <= 'Z') {
      rest = (rest * 100 + (c - 'A' + 10)) % 97;
    } else {
      return false;
    }
  }
  return rest == 1;
}

std::vector<Span> find_check_digits(std::string_view text) {
  std::vector<Span> spans;
  std::size_t next_digit = text.find_first_of("0123456789");
  for (std::size_t i = 0; i < text.size();) {
    if (next_digit < i) next_digit = text.find_first_of("0123456789", i);
    if (next_digit == std::string_view::npos) break;
    // Nothing that is checked has more letters before its first digit.
    if (next_digit > i + kBeforeDigitMax) {
      i = next_digit - kBeforeDigitMax;
      while (i < next_digit && letter(text[i])) ++i;
      continue;
    }
    const bool starts = (digit(text[i]) || letter(text[i])) &&
                        (i == 0 || !(digit(text[i - 1]) || letter(text[i - 1])));
    if (!starts || digits_near(text, i) < kDigitsMin) {
      ++i;
      continue;
    }
    Run run;
    char separator = 0;
    std::size_t at = i;
    std::size_t past = 0;
    const Found* found = nullptr;
    while (add_group(text, at, separator, run)) {
      // A word of letters alone begins nothing but a country or a pair of letters.
      if (run.groups.size() == 1 && run.groups[0] > 4 &&
          std::none_of(run.squeezed.begin(), run.squeezed.end(), digit))
        break;
      if (run.squeezed.size() < kCharactersMin) continue;
      // One group of a longer row of the same kind is no number by itself.
      if (const Found* now = identify(run)) {
        const bool goes_on = at + 1 < text.size() && separator != 0 && separator != '.' &&
                             text[at] == separator && digit(text[at + 1]) && run.groups.size() > 1;
        if (goes_on && now->phi_class != PhiClass::kAccount) continue;
        found = now;
        past = at;
      }
    }
    if (found != nullptr) {
      spans.push_back({i, past, found->phi_class, 0.95, Reason::kPattern, found->rule});
      i = past;
      continue;
    }
    while (i < text.size() && (digit(text[i]) || letter(text[i]))) ++i;
  }
  return spans;
}

}  // namespace residency::deid
