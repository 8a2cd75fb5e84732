#include "ingest/cda/reader.h"

#include <fmt/format.h>
#include <utility>

#include "base/json.h"
#include "ingest/cda/document.h"
#include "ingest/note_type.h"
#include "ingest/text_encoding.h"

namespace residency::ingest {
namespace {

std::string note_type_of(const pugi::xml_document& document) {
  const pugi::xml_node code = cda_child(document.document_element(), "code");
  const Json concept_{{"coding",
                       {{{"system", "http://loinc.org"},
                         {"code", code.attribute("code").value()},
                         {"display", code.attribute("displayName").value()}}}}};
  return note_type_of_concept(concept_);
}

}  // namespace

void index_cda_file(std::string_view bytes, PatientIndex& patients) {
  if (valid_utf8_bytes(bytes) != bytes.size()) return;
  const auto document = parse_cda(bytes);
  if (document.ok()) patients.add(cda_patient(**document), cda_demographics(**document));
}

Result<void> CdaReader::file(std::string_view bytes) {
  emitter_.unit();
  if (const std::size_t bad_at = valid_utf8_bytes(bytes); bad_at != bytes.size())
    return emitter_.reject(QuarantineReason::kBadUtf8, 0, "",
                           fmt::format("is not UTF-8 at byte {}", bad_at), bytes);
  const auto document = parse_cda(bytes);
  if (!document.ok())
    return emitter_.reject(QuarantineReason::kBadXml, 0, "", document.error().message(), bytes);
  const auto fill = [&](RawRecord& record) {
    record.resource_type = "ClinicalDocument";
    record.demographics = cda_demographics(**document);
    patients_.attach(cda_patient(**document), record);
    const std::string encounter = cda_encounter(**document);
    const std::string known = fhir_.encounter_named(encounter);
    record.encounter_key = PhiText(known.empty() ? encounter : known);
    record.codes = cda_diagnoses(**document);
    record.medications = cda_medications(**document);
  };
  RawRecord whole;
  whole.kind = RecordKind::kDocument;
  whole.structured = PhiText(std::string(bytes));
  fill(whole);
  RESIDENCY_TRY_VOID(emitter_.accept(std::move(whole), 0, ""));
  std::string text = cda_text(**document);
  if (text.empty()) return {};
  emitter_.unit();
  if (text.size() > limits_.text_bytes_max)
    return emitter_.reject(QuarantineReason::kTooLarge, 0, "section.text",
                           fmt::format("is longer than {} bytes", limits_.text_bytes_max), text);
  RawRecord note;
  note.kind = RecordKind::kNote;
  note.note_type = note_type_of(**document);
  note.text = PhiText(std::move(text));
  fill(note);
  return emitter_.accept(std::move(note), 0, "section.text");
}

}  // namespace residency::ingest
