// PendingCodes: codes for records that are cleaned side by side. The crosswalk hands out codes in
// the order of first sight, so asking it from several threads would make the output depend on
// chance. A record asks here instead, gets stand-ins, and has them exchanged for the real codes
// when its turn comes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deid/transform/code_book.h"

namespace residency::deid {

class PendingCodes final : public CodeBook {
 public:
  /// `salt` makes the stand-ins unlike any text of the record: letters from g to z.
  explicit PendingCodes(std::string salt) : salt_(std::move(salt)) {}

  std::string pseudonym(std::string_view patient_key) override;
  std::string encounter(std::string_view key) override;
  std::string resource(std::string_view key) override;

  /// `text` with every stand-in exchanged for the code that `book` gives; asks in the order in
  /// which this was asked.
  std::string settle(std::string text, CodeBook& book) const;

  /// 12 random letters from g to z: no hexadecimal digit, so no code looks like them.
  static std::string make_salt(std::string_view random_bytes);

 private:
  enum class Kind : std::uint8_t { kPatient, kEncounter, kResource };
  std::string stand_in(Kind kind, std::string_view key);

  std::string salt_;
  std::map<std::pair<Kind, std::string>, std::size_t, std::less<>> numbers_;
  std::vector<std::pair<Kind, std::string>> asked_;
};

}  // namespace residency::deid
