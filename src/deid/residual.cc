#include "deid/residual.h"

#include <algorithm>
#include <optional>
#include <string>

#include "deid/detect/dictionary.h"
#include "deid/detect/known_finder.h"
#include "deid/detect/name_words.h"
#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

constexpr std::size_t kValueMin = 4;

bool inside_word(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool holds_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const bool left = at > 0 && inside_word(text[at - 1]);
    const bool right = at + word.size() < text.size() && inside_word(text[at + word.size()]);
    if (!left && !right) return true;
  }
  return false;
}

bool is_place(PhiClass phi_class) {
  return phi_class == PhiClass::kCity || phi_class == PhiClass::kCounty ||
         phi_class == PhiClass::kHospital || phi_class == PhiClass::kEmployer ||
         phi_class == PhiClass::kWard || phi_class == PhiClass::kProfession;
}

/// Names are looked for by their parts, everything else as it stands.
bool remains(std::string_view lower, const KnownValue& value) {
  const Dictionary& dictionary = Dictionary::embedded();
  if (!is_name_class(value.phi_class)) {
    const std::string key = to_lower(value.value);
    const bool plain =
        std::none_of(key.begin(), key.end(), is_ascii_digit) && dictionary.is_word(key);
    return key.size() >= kValueMin && !plain && holds_word(lower, key);
  }
  for (const Token& token : tokens_of(value.value)) {
    const bool counts = token.end - token.begin >= kValueMin && !dictionary.is_word(token.lower) &&
                        !is_never_name(token.lower) && !is_eponym(token.lower) &&
                        !title_class(token.lower) && !dictionary.is_city(token.lower);
    if (counts && holds_word(lower, token.lower)) return true;
  }
  return false;
}

}  // namespace

std::optional<PhiClass> residual_identifier(std::string_view output, const KnownPhi& known,
                                            const Policy& policy) {
  const std::string lower = to_lower(output);
  for (const KnownValue& value : known.values) {
    if (policy.of(value.phi_class) == Action::kKeep || value.phi_class == PhiClass::kDate ||
        value.phi_class == PhiClass::kAge || value.phi_class == PhiClass::kZip ||
        is_place(value.phi_class))
      continue;
    if (remains(lower, value)) return value.phi_class;
  }
  return std::nullopt;
}

}  // namespace residency::deid
