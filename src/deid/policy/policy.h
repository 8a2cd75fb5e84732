// Policy: what becomes of each class of PHI, and which method of 45 CFR 164.514(b) that allows to
// claim.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/config.h"
#include "base/json.h"
#include "base/phi_class.h"
#include "base/result.h"
#include "deid/detect/detector.h"
#include "deid/policy/action.h"
#include "deid/policy/element_rule.h"
#include "deid/policy/field_rule.h"
#include "deid/transform/zip3.h"

namespace residency::deid {

/// One action for every class.
constexpr std::array<Action, kPhiClassCount> everything(Action action) {
  std::array<Action, kPhiClassCount> actions{};
  actions.fill(action);
  return actions;
}

struct Policy {
  std::string preset = "safe-harbor";  // "safe-harbor", "limited-data-set", "expert-determination"
  std::array<Action, kPhiClassCount> actions = everything(Action::kRedact);
  ZipCensus zip_census = ZipCensus::k2010;
  bool reversible = false;  // the crosswalk keeps the originals, under its own key
  std::string hash_key;     // of keyed_hash, a secret; empty: the crosswalk's own
  ElementRules elements;    // for FHIR resources; empty: the rules of structured/
  FieldRules fields;        // for rows of tables and JSON

  // Of a policy file; empty where the policy stands in the recipe.
  std::string name;
  std::int64_t version = 0;
  std::string file_sha256;
  std::string signed_by;  // the public key, hex, whose signature over the file was checked

  Action of(PhiClass phi_class) const { return actions[static_cast<std::size_t>(phi_class)]; }
  /// "safe_harbor" (164.514(b)(2)), "limited_data_set" (164.514(e)) or "expert_determination"
  /// (164.514(b)(1)): what the actions allow to claim, whatever the preset is called.
  std::string_view method() const;
  /// kInvalidArgument for a name that is no preset.
  static Result<Policy> named(std::string_view preset);
  /// {preset, classes: {CLASS: action}, reversible, zip3_census, hash_key_file, microsoft_config,
  /// fields: {PATH: CLASS|text|keep|drop}, unmatched_fields}
  /// of a recipe or a policy file; the problems go to `reader`.
  static Policy read(ConfigReader& reader);
  /// Everything of it that decides the output; keys by a code of them only.
  Json to_json() const;
};

struct DeidOptions {
  Policy policy;
  DetectorOptions detector;
  std::uint64_t text_bytes_max = 4u << 20;  // a longer note, resource or row goes to quarantine
  bool check_language = true;               // a note that is not in English goes to quarantine
  std::int64_t expires_days = 730;          // after which the certificate needs a new look
  std::int64_t threads = 0;                 // 0: one for each core; decides no output

  /// {policy: {preset: NAME, classes: {CLASS: action}, ...} or {file: PATH, require_signature_by:
  /// KEY}, detector: {...}, text_bytes_max, check_language,
  /// expires_days, threads}. CLASS is a name of
  /// base/phi_class.h, in any case. Strict. Reads the files that the policy names.
  static Result<DeidOptions> from_config(const ConfigNode& node);
  /// Everything that decides the output (not the threads), keys sorted.
  std::string canonical_json() const;
};

}  // namespace residency::deid
