// CodeBook: what gives patients, encounters and resources their pseudonyms.
#pragma once

#include <string>
#include <string_view>

namespace residency::deid {

class CodeBook {
 public:
  virtual ~CodeBook() = default;
  /// "p-" and 16 characters: the pseudonym of the patient of this key.
  virtual std::string pseudonym(std::string_view patient_key) = 0;
  /// "e-" and 16 characters.
  virtual std::string encounter(std::string_view key) = 0;
  /// "i-" and 16 characters, for any other resource's id.
  virtual std::string resource(std::string_view key) = 0;
};

}  // namespace residency::deid
