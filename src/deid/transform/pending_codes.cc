#include "deid/transform/pending_codes.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace residency::deid {
namespace {

constexpr std::size_t kSaltLetters = 12;
constexpr std::size_t kNumberDigits = 8;

}  // namespace

std::string PendingCodes::make_salt(std::string_view random_bytes) {
  std::string salt;
  for (std::size_t i = 0; i < kSaltLetters; ++i) {
    const unsigned byte = i < random_bytes.size() ? static_cast<unsigned char>(random_bytes[i]) : 0;
    salt += static_cast<char>('g' + byte % 20);
  }
  return salt;
}

std::string PendingCodes::stand_in(Kind kind, std::string_view key) {
  const auto [found, made] = numbers_.try_emplace(std::pair{kind, std::string(key)}, asked_.size());
  if (made) asked_.emplace_back(kind, std::string(key));
  return fmt::format("{}{:0{}}", salt_, found->second, kNumberDigits);
}

std::string PendingCodes::pseudonym(std::string_view patient_key) {
  return stand_in(Kind::kPatient, patient_key);
}
std::string PendingCodes::encounter(std::string_view key) {
  return stand_in(Kind::kEncounter, key);
}
std::string PendingCodes::resource(std::string_view key) { return stand_in(Kind::kResource, key); }

std::string PendingCodes::settle(std::string text, CodeBook& book) const {
  std::vector<std::string> codes;
  for (const auto& [kind, key] : asked_) {
    codes.push_back(kind == Kind::kPatient     ? book.pseudonym(key)
                    : kind == Kind::kEncounter ? book.encounter(key)
                                               : book.resource(key));
  }
  if (codes.empty()) return text;
  std::string settled;
  std::size_t from = 0;
  for (auto at = text.find(salt_); at != std::string::npos; at = text.find(salt_, from)) {
    const char* digits = text.data() + at + salt_.size();
    const char* end = std::min(digits + kNumberDigits, std::as_const(text).data() + text.size());
    std::size_t number = codes.size();
    std::from_chars(digits, end, number);
    settled.append(text, from, at - from);
    from = at + salt_.size() + kNumberDigits;
    if (number < codes.size()) settled += codes[number];
  }
  return settled.append(text, std::min(from, text.size()));
}

}  // namespace residency::deid
