// The type of a note, from its LOINC code or its source's own word.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace residency::ingest {

/// "discharge_summary" for "Discharge summary", "progress_note" for "progress"; other words become
/// lower case with "_" between. "other" where `word` is empty, longer than 64 bytes, or holds a
/// character that no name of a type has (digits among them).
std::string note_type_of_word(std::string_view word);

/// From a FHIR CodeableConcept: by LOINC code, else by a coding's display; "other" else. The
/// concept's own text is not used: people type into it.
std::string note_type_of_concept(const Json& concept_);

/// True for the types that the table names, which a report may always show.
bool is_known_note_type(std::string_view note_type);

}  // namespace residency::ingest
