// Clinical rails: what is wrong with an answer as medicine, by tables and by the conversation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "guard/conversation.h"
#include "guard/finding.h"

namespace residency::guard {

/// Doses above (or a tenth of) what labels allow, in the wrong unit, too often, or ten times those
/// of the conversation. Findings carry no action yet.
std::vector<Finding> check_doses(std::string_view text, const Conversation& conversation);

/// Drugs the text names that interact with each other or with those of the conversation.
std::vector<Finding> check_interactions(std::string_view text, const Conversation& conversation);

/// Drugs the text recommends to someone the conversation says is allergic to them or their class.
std::vector<Finding> check_allergies(std::string_view text, const Conversation& conversation);

/// ICD-10-CM codes that are not in the code set, LOINC codes whose check digit is wrong, NDC codes
/// of no valid form. `also` are codes to accept.
std::vector<Finding> check_codes(std::string_view text, const std::vector<std::string>& also);

/// References that cannot exist (DOI, PMID, NCT number, ISBN, ISSN, year), or that no source has
/// where there are sources.
std::vector<Finding> check_citations(std::string_view text, const Conversation& conversation,
                                     int this_year);

/// Findings that the source denies and the text asserts or the other way round, and sides swapped.
std::vector<Finding> check_contradictions(std::string_view text, const Conversation& conversation);

struct Grounding {
  double grounding =
      1;  // share of the claims that the sources support, the weakest counting double
  double relevance = 1;         // how much of the question the answer takes up
  std::vector<Finding> claims;  // those without support
};
Grounding check_grounding(std::string_view text, const Conversation& conversation);

/// Sentences that tell a patient what he has: "You have pneumonia."
std::vector<Finding> check_scope(std::string_view text);

}  // namespace residency::guard
