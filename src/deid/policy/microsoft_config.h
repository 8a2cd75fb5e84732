// Configuration files of Microsoft's FHIR anonymizer (Tools for Health Data Anonymization), read
// into element rules, so that its users can move over with their rules and keys. The format is that
// of the tool's documentation, docs/FHIR-anonymization.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "deid/policy/element_rule.h"

namespace residency::deid {

inline constexpr std::uint64_t kMicrosoftConfigBytesMax = 1u << 20;
inline constexpr std::size_t kElementRulesMax = 4096;
inline constexpr std::size_t kElementPathBytesMax = 1024;

/// JSON {fhirVersion, processingErrors, fhirPathRules: [{path, method, ...}], parameters}. Strict:
/// unknown keys and values are refused, all problems at once, each naming the rule's place (its
/// keys are never told). `unmatched` is kFreeText: what no rule names is not passed through.
/// Errors: kInvalidArgument.
Result<ElementRules> parse_microsoft_config(std::string_view json);

}  // namespace residency::deid
