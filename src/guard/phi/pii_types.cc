#include "guard/phi/pii_types.h"

#include <algorithm>
#include <array>
#include <memory>
#include <re2/re2.h>
#include <unordered_map>

namespace residency::guard {
namespace {

enum class Check : std::uint8_t { kNone, kLuhn, kIban, kRouting, kNhs };

struct PiiType {
  std::string_view type;
  std::vector<PhiClass> classes;
  std::string_view pattern;  // group 1 is the value; "" where the detector finds it
  Check check = Check::kNone;
};

const std::vector<PiiType>& types() {
  using enum PhiClass;
  static const std::vector<PiiType> kTypes{
      {"ADDRESS", {kStreet, kCity, kCounty, kZip}, "", Check::kNone},
      {"AGE", {kAge}, "", Check::kNone},
      {"NAME", {kPatientName, kRelativeName, kClinicianName}, "", Check::kNone},
      {"EMAIL", {kEmail}, "", Check::kNone},
      {"PHONE", {kPhone, kFax}, "", Check::kNone},
      {"USERNAME",
       {},
       R"((?i)\b(?:user ?name|login|user id)\s*(?:is|:|=)\s*(\S{3,64}))",
       Check::kNone},
      {"PASSWORD", {}, R"((?i)\b(?:password|passwd|pwd)\s*(?:is|:|=)\s*(\S{4,64}))", Check::kNone},
      {"DRIVER_ID",
       {kLicense},
       R"((?i)\bdriver'?s? licen[sc]e\D{0,20}([A-Z0-9]{6,14}))",
       Check::kNone},
      {"LICENSE_PLATE",
       {kVehicle},
       R"((?i)\b(?:licen[sc]e plate|plate)\D{0,12}([A-Z0-9]{2,4}[- ]?[A-Z0-9]{2,4})\b)",
       Check::kNone},
      {"VEHICLE_IDENTIFICATION_NUMBER", {kVehicle}, R"(\b([A-HJ-NPR-Z0-9]{17})\b)", Check::kNone},
      {"CREDIT_DEBIT_CARD_CVV",
       {},
       R"((?i)\b(?:cvv|cvc|security code)2?\s*(?:is|:|=|#)?\s*(\d{3,4})\b)",
       Check::kNone},
      {"CREDIT_DEBIT_CARD_EXPIRY",
       {},
       R"((?i)\b(?:exp(?:iry|ires|iration)?(?: date)?)\s*(?:is|:|=)?\s*(\d{2}/\d{2,4})\b)",
       Check::kNone},
      {"CREDIT_DEBIT_CARD_NUMBER", {kAccount}, R"(\b((?:\d[ -]?){12,18}\d)\b)", Check::kLuhn},
      {"PIN", {}, R"((?i)\bpin\s*(?:code|number)?\s*(?:is|:|=)\s*(\d{4,6})\b)", Check::kNone},
      {"INTERNATIONAL_BANK_ACCOUNT_NUMBER",
       {},
       R"(\b([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)\b)",
       Check::kIban},
      {"SWIFT_CODE",
       {},
       R"((?i)\b(?:swift|bic)\s*(?:code)?\s*(?:is|:|=)?\s*([A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b)",
       Check::kNone},
      {"IP_ADDRESS", {kIpAddress}, "", Check::kNone},
      {"MAC_ADDRESS", {}, R"(\b((?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})\b)", Check::kNone},
      {"URL", {kUrl}, "", Check::kNone},
      {"AWS_ACCESS_KEY", {}, R"(\b((?:AKIA|ASIA)[A-Z0-9]{16})\b)", Check::kNone},
      {"AWS_SECRET_KEY",
       {},
       R"((?i)\bsecret(?:[_ ]?access)?[_ ]?key\s*(?:is|:|=)\s*([A-Za-z0-9/+]{40}))",
       Check::kNone},
      {"US_BANK_ACCOUNT_NUMBER",
       {kAccount},
       R"((?i)\b(?:bank )?account\s*(?:number|no\.?|#)?\s*(?:is|:|=)?\s*(\d{6,17})\b)",
       Check::kNone},
      {"US_BANK_ROUTING_NUMBER", {}, R"((?i)\b(?:routing|aba)\D{0,20}(\d{9})\b)", Check::kRouting},
      {"US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER",
       {},
       R"(\b(9\d{2}[- ]?[5-9]\d[- ]?\d{4})\b)",
       Check::kNone},
      {"US_PASSPORT_NUMBER", {}, R"((?i)\bpassport\D{0,20}([A-Z]?\d{8,9})\b)", Check::kNone},
      {"US_SOCIAL_SECURITY_NUMBER", {kSsn}, "", Check::kNone},
      {"CA_HEALTH_NUMBER",
       {},
       R"((?i)\b(?:health (?:card|number)|ohip)\D{0,20}(\d{4}[ -]?\d{3}[ -]?\d{3})\b)",
       Check::kLuhn},
      {"CA_SOCIAL_INSURANCE_NUMBER", {}, R"(\b(\d{3}[ -]\d{3}[ -]\d{3})\b)", Check::kLuhn},
      {"UK_NATIONAL_HEALTH_SERVICE_NUMBER", {}, R"(\b(\d{3}[ -]?\d{3}[ -]?\d{4})\b)", Check::kNhs},
      {"UK_NATIONAL_INSURANCE_NUMBER",
       {},
       R"(\b([A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D])\b)",
       Check::kNone},
      {"UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER",
       {},
       R"((?i)\b(?:utr|taxpayer reference)\D{0,20}(\d{10})\b)",
       Check::kNone},
  };
  return kTypes;
}

const PiiType* named(std::string_view type) {
  for (const PiiType& one : types()) {
    if (one.type == type) return &one;
  }
  return nullptr;
}

std::string digits_of(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return digits;
}

bool luhn(const std::string& digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int value = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) value = value * 2 > 9 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

bool iban(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c != ' ') plain += c;
  }
  if (plain.size() < 15 || plain.size() > 34) return false;
  std::rotate(plain.begin(), plain.begin() + 4, plain.end());
  int rest = 0;
  for (const char c : plain) {
    const int value = c >= '0' && c <= '9' ? c - '0' : c - 'A' + 10;
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest == 1;
}

bool weighted(const std::string& digits, std::string_view weights, int modulus, int wanted) {
  int sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i)
    sum += (digits[i] - '0') * (weights[i] == 'A' ? 10 : weights[i] - '0');
  return sum % modulus == wanted;
}

bool holds(Check check, std::string_view value) {
  const std::string digits = digits_of(value);
  switch (check) {
    case Check::kNone:
      return true;
    case Check::kLuhn:
      return luhn(digits);
    case Check::kIban:
      return iban(value);
    case Check::kRouting:
      return digits.size() == 9 && weighted(digits, "371371371", 10, 0);
    case Check::kNhs:
      return digits.size() == 10 && weighted(digits, "A987654321", 11, 0);
  }
  return false;
}

const re2::RE2* pattern_of(const PiiType& type) {
  static const std::unordered_map<std::string_view, std::unique_ptr<re2::RE2>> kCompiled = [] {
    std::unordered_map<std::string_view, std::unique_ptr<re2::RE2>> all;
    for (const PiiType& one : types()) {
      if (!one.pattern.empty())
        all.emplace(one.type,
                    std::make_unique<re2::RE2>(re2::StringPiece(one.pattern), re2::RE2::Quiet));
    }
    return all;
  }();
  const auto found = kCompiled.find(type.type);
  return found == kCompiled.end() ? nullptr : found->second.get();
}

}  // namespace

bool is_pii_type(std::string_view type) {
  return named(type) != nullptr || phi_class_named(type).has_value();
}

std::vector<PhiClass> pii_classes(std::string_view type) {
  if (const PiiType* found = named(type)) return found->classes;
  const auto phi_class = phi_class_named(type);
  return phi_class ? std::vector<PhiClass>{*phi_class} : std::vector<PhiClass>{};
}

std::vector<PiiMatch> find_pii(std::string_view type, std::string_view text) {
  const PiiType* found = named(type);
  const re2::RE2* pattern = found == nullptr ? nullptr : pattern_of(*found);
  if (pattern == nullptr) return {};
  std::vector<PiiMatch> matches;
  std::array<re2::StringPiece, 2> groups;
  const re2::StringPiece whole(text.data(), text.size());
  for (std::size_t at = 0; at <= text.size();) {
    if (!pattern->Match(whole, at, text.size(), re2::RE2::UNANCHORED, groups.data(), 2)) break;
    const auto begin = static_cast<std::size_t>(groups[1].data() - text.data());
    const std::size_t end = begin + groups[1].size();
    if (holds(found->check, {groups[1].data(), groups[1].size()})) matches.push_back({begin, end});
    at = std::max(end, at + 1);
  }
  return matches;
}

}  // namespace residency::guard
