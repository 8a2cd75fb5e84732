// Words that make, end or rule out a name.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/phi_class.h"

namespace residency::deid {

/// What a word of these lists says of the name beside it.
enum class NameWord : std::uint8_t {
  kTitle,
  kLabel,
  kRelation,
  kCredential,
  kParticle,
  kSuffix,
  kNever,
  kLead
};
/// Every word of the lists below but the eponyms, in no order that may be relied on.
void each_name_word(const std::function<void(std::string_view, NameWord)>& take);

/// "dr", "mr", ...: whose name follows.
std::optional<PhiClass> title_class(std::string_view word);
/// "patient", "attending", "spouse" before a colon: whose name follows.
std::optional<PhiClass> label_class(std::string_view word);
bool is_relation(std::string_view word);     // "husband", "daughter"
bool is_credential(std::string_view word);   // "md", "rn"
bool is_particle(std::string_view word);     // "van", "de"
bool is_name_suffix(std::string_view word);  // "jr", "iii"
/// Capitals that are no name wherever they stand: "dob", "mrn", "hpi".
bool is_never_name(std::string_view word);
/// "Parkinson", "Foley": a name only where a title or label says so.
bool is_eponym(std::string_view word);
void each_eponym(const std::function<void(std::string_view)>& take);
/// "disease", "catheter": what follows an eponym.
bool follows_eponym(std::string_view word);
/// "by", "with": a doctor's or relative's name often follows.
bool leads_to_name(std::string_view word);

}  // namespace residency::deid
