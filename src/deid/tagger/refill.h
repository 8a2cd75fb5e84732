// Refill: a training note with other identifiers of the same forms.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "deid/tagger/genre_maker.h"

namespace residency::deid {

/// Other identifiers for one note: a name's word becomes the same other word everywhere in it.
class Refill {
 public:
  Refill(const GenreMaker& maker, TagRandom& random) : maker_(maker), random_(random) {}
  /// Another value of the class in the form of `old`: its case, its marks, mostly its length.
  std::string other(PhiClass phi_class, std::string_view old);

 private:
  std::string name(std::string_view old);
  std::string words(std::string_view old, int percent, bool keep_plain);
  std::string place(std::string_view old);
  std::string organisation(PhiClass phi_class, std::string_view old);
  std::string date(std::string_view old);
  std::string age(std::string_view old);
  std::string code(std::string_view old);
  std::string address(std::string_view old);
  const GenreMaker& maker_;
  TagRandom& random_;
  std::map<std::string, std::string> names_;  // lower-case word to what stands for it
};

}  // namespace residency::deid
