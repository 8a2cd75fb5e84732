// ElementRule: what becomes of one kind of element of a FHIR resource, told by a FHIRPath-like
// path. Written by hand, by a preset, or read from the configuration of Microsoft's FHIR
// anonymizer (policy/microsoft_config.h); applied by structured/.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/phi_class.h"
#include "base/result.h"

namespace residency::deid {

enum class ElementMethod : std::uint8_t {
  kKeep,
  kRedact,     // the element goes; date, age and ZIP code keep a part where the rules' flags say so
  kDateShift,  // by the patient's own days, or by ElementRules::date_shift
  kCryptoHash,  // HMAC-SHA-256; references and ids keep their form, the id alone is hashed
  kEncrypt,     // authenticated (element_encrypt), under `encrypt_key` or the crosswalk's own key
  kSubstitute,  // `replace_with`
  kPerturb,     // noise of `span` on a number
  kGeneralize,  // the first of `cases` whose condition holds
  kPolicy,      // whatever the policy says of `phi_class`: ours, beyond Microsoft's
  kFreeText,    // through the detector: ours
};

inline constexpr std::array<std::string_view, 10> kElementMethodNames{
    "keep",       "redact",  "dateShift",  "cryptoHash", "encrypt",
    "substitute", "perturb", "generalize", "policy",     "freeText"};

constexpr std::string_view element_method_name(ElementMethod method) {
  return kElementMethodNames[static_cast<std::size_t>(method)];
}

/// One branch of kGeneralize: where `condition` (a FHIRPath predicate over $this) holds, the value
/// becomes that of `expression`.
struct GeneralizeCase {
  std::string condition;
  std::string expression;
};

struct ElementRule {
  std::string path;  // "Patient.name", "nodesByType('HumanName')", "Resource.id"; checked for size
                     // and characters only: structured/ parses it
  ElementMethod method = ElementMethod::kRedact;

  PhiClass phi_class = PhiClass::kOtherId;  // kPolicy
  std::string replace_with;                 // kSubstitute: JSON text of the new value
  double span = 0;                          // kPerturb: the width of the noise, at least 0
  bool proportional = false;                // kPerturb: `span` counts in parts of the value
  int round_to = 2;                         // kPerturb: decimals, 0 to 28
  std::vector<GeneralizeCase> cases;        // kGeneralize, in the file's order
  bool keep_other_values = false;  // kGeneralize: where no case holds; else the value is redacted

  Json to_json() const;
};

enum class ElementShiftScope : std::uint8_t { kPatient, kResource, kFile, kFolder };

/// An ordered list of rules: the first whose path selects an element decides, and what it decides
/// of an object holds for all that is in it unless a rule names that too. `unmatched` is for what
/// no rule selects: ours is kFreeText; Microsoft's tool keeps it, which only its own users ask for.
struct ElementRules {
  std::vector<ElementRule> rules;
  ElementMethod unmatched = ElementMethod::kFreeText;  // kFreeText, kRedact or kKeep

  bool partial_ages = false;            // redact keeps ages up to 89
  bool partial_dates = false;           // redact keeps the year
  bool partial_zip_codes = false;       // redact keeps three digits, "000" for those of small_zip3
  std::vector<std::string> small_zip3;  // three digits each; empty: the policy's own table

  /// Microsoft's keys, as the file gives them (UTF-8 text). Empty: the crosswalk's own.
  std::string date_shift_key;
  std::string crypto_hash_key;
  std::string encrypt_key;
  ElementShiftScope shift_scope = ElementShiftScope::kPatient;
  std::optional<int> shift_fixed_days;  // dateShiftFixedOffsetInDays

  bool empty() const { return rules.empty(); }
};

/// HMAC-SHA-256 of `value` under `key`, both UTF-8, 64 lower-case hex digits: Microsoft's
/// cryptoHash gives the same for the same key. "" stays "".
std::string element_hash(std::string_view key, std::string_view value);

/// `value` encrypted and authenticated (transform/value_code.h) under a key derived from `key`, the
/// file's encryptKey. Microsoft's own form, AES-CBC without authentication, is not written: what it
/// encrypted before stays with it. "" stays "".
Result<std::string> element_encrypt(std::string_view key, std::string_view value);
/// The value; errors as open_value()'s.
Result<std::string> element_decrypt(std::string_view key, std::string_view code);

/// Microsoft's date shift in days, -50 to 50, for a `scope_prefix` (the resource's id, or the name
/// of the file or folder).
int element_shift_days(std::string_view key, std::string_view scope_prefix);

}  // namespace residency::deid
