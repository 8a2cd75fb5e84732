// A FHIR JSON document taken apart without building the whole of it: a bundle's entries, or the
// one resource that it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/quarantine.h"

namespace residency::ingest {

/// What a document holds; the views point into the text given.
struct FhirDocument {
  std::string resource_type;              // "Bundle", "Patient", ...
  std::vector<std::string_view> entries;  // Bundle: the JSON of each entry, in order
};

/// Why a document cannot be taken apart. Fixed text and numbers only.
struct FhirDocumentFault {
  QuarantineReason reason = QuarantineReason::kBadJson;
  std::string detail;
};

/// Scans the outer levels of `text` only: entries are balanced, but not yet parsed.
/// kTruncatedJson where the text ends inside a value, kNotFhir where there is no resourceType.
struct FhirDocumentResult {
  bool ok = false;
  FhirDocument document;
  FhirDocumentFault fault;
};

FhirDocumentResult open_fhir_document(std::string_view text);

}  // namespace residency::ingest
