// Codes out of FHIR CodeableConcepts.
#pragma once

#include <vector>

#include "base/json.h"
#include "ingest/raw_record.h"

namespace residency::ingest {

/// The ICD-10-CM and SNOMED CT codings, with OIDs written as the systems' URLs.
std::vector<Code> diagnosis_codes(const Json& concept_);

/// Every coding with a system and a code.
std::vector<Code> all_codes(const Json& concept_);

/// False for what was entered in error, refuted or cancelled.
bool is_confirmed(const Json& resource);

}  // namespace residency::ingest
