// The notes inside a FHIR resource: attachments and a Composition's narrative.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "ingest/quarantine.h"

namespace residency::ingest {

/// One place in a resource where a note may be.
struct NotePlace {
  Json attachment;    // FHIR Attachment
  std::string field;  // "content[0].attachment"
};

/// The attachments of a DocumentReference or DiagnosticReport; their data is taken out of
/// `resource`, so that what is left is the structured part.
std::vector<NotePlace> take_attachments(Json& resource);

/// The text of a Composition's sections, titles before texts; nothing where it has none.
std::optional<std::string> composition_text(const Json& resource);

/// The type of the notes of a resource.
std::string note_type_of_resource(const Json& resource);

/// The text of base64 `data` of `content_type`, or why there is none.
struct NoteText {
  std::optional<std::string> text;
  QuarantineReason reason = QuarantineReason::kBadBase64;
  std::string detail;
};
NoteText note_text(std::string_view content_type, std::string_view data, std::size_t bytes_max);

}  // namespace residency::ingest
