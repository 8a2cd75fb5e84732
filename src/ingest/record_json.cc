// The JSON lines of RawRecord and QuarantineEntry.
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/json.h"
#include "ingest/base64.h"
#include "ingest/quarantine.h"
#include "ingest/raw_record.h"

namespace residency::ingest {
namespace {

constexpr std::string_view kKindNames[] = {"note", "resource", "row", "message", "document"};

Json source_json(const SourceRef& source) {
  return {{"file", source.file.reveal()},
          {"sha256", source.file_sha256},
          {"line", source.line},
          {"field", source.field}};
}

std::uint64_t count_in(const Json& object, std::string_view key) {
  const Json& member = json_member(object, key);
  return member.is_number_unsigned() ? member.get<std::uint64_t>() : 0;
}

SourceRef source_of(const Json& value) {
  return {PhiText(json_text(value, "file")), json_text(value, "sha256"), count_in(value, "line"),
          json_text(value, "field")};
}

Json codes_json(const std::vector<Code>& codes) {
  Json list = Json::array();
  for (const Code& code : codes) list.push_back({code.system, code.code, code.display});
  return list;
}

Result<std::vector<Code>> codes_of(const Json& list) {
  std::vector<Code> codes;
  for (const Json& item : list) {
    if (!item.is_array() || item.size() != 3 || !item[0].is_string() || !item[1].is_string() ||
        !item[2].is_string()) {
      return corrupt("raw record: a code is not [system, code, display]");
    }
    codes.push_back(
        {item[0].get<std::string>(), item[1].get<std::string>(), item[2].get<std::string>()});
  }
  return codes;
}

Json demographics_json(const Demographics& demographics) {
  Json known = Json::array();
  for (const KnownIdentifier& identifier : demographics.identifiers) {
    known.push_back({phi_class_name(identifier.phi_class), identifier.value.reveal()});
  }
  return {{"identifiers", known},
          {"gender", demographics.gender},
          {"birth_date", demographics.birth_date.reveal()}};
}

Result<Demographics> demographics_of(const Json& value) {
  Demographics demographics;
  demographics.gender = json_text(value, "gender");
  demographics.birth_date = PhiText(json_text(value, "birth_date"));
  for (const Json& item : json_member(value, "identifiers")) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_string()) {
      return corrupt("raw record: an identifier is not [class, value]");
    }
    const auto phi_class = phi_class_named(item[0].get_ref<const std::string&>());
    if (!phi_class) return corrupt("raw record: an identifier's class is unknown");
    demographics.identifiers.push_back({*phi_class, PhiText(item[1].get<std::string>())});
  }
  return demographics;
}

}  // namespace

std::string_view record_kind_name(RecordKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

PhiText to_json_line(const RawRecord& record) {
  return PhiText(dump_json(Json{{"record_id", record.record_id},
                                {"patient", record.patient_key.reveal()},
                                {"kind", record_kind_name(record.kind)},
                                {"note_type", record.note_type},
                                {"resource_type", record.resource_type},
                                {"source", source_json(record.source)},
                                {"text", record.text.reveal()},
                                {"structured", record.structured.reveal()},
                                {"encounter", record.encounter_key.reveal()},
                                {"demographics", demographics_json(record.demographics)},
                                {"codes", codes_json(record.codes)},
                                {"medications", codes_json(record.medications)}}));
}

Result<RawRecord> raw_record_from_json_line(const PhiText& line) {
  RESIDENCY_TRY(const Json value, parse_json(line.reveal()));
  if (!value.is_object()) return corrupt("raw record: not a JSON object");
  RawRecord record;
  record.record_id = json_text(value, "record_id");
  if (record.record_id.empty()) return corrupt("raw record: record_id is missing");
  record.patient_key = PhiText(json_text(value, "patient"));
  const auto* const kind =
      std::find(std::begin(kKindNames), std::end(kKindNames), json_text(value, "kind"));
  if (kind == std::end(kKindNames)) return corrupt("raw record: kind is unknown");
  record.kind = static_cast<RecordKind>(kind - std::begin(kKindNames));
  record.note_type = json_text(value, "note_type");
  record.resource_type = json_text(value, "resource_type");
  record.source = source_of(json_member(value, "source"));
  record.text = PhiText(json_text(value, "text"));
  record.structured = PhiText(json_text(value, "structured"));
  record.encounter_key = PhiText(json_text(value, "encounter"));
  RESIDENCY_TRY(record.demographics, demographics_of(json_member(value, "demographics")));
  RESIDENCY_TRY(record.codes, codes_of(json_member(value, "codes")));
  RESIDENCY_TRY(record.medications, codes_of(json_member(value, "medications")));
  return record;
}

PhiText to_json_line(const QuarantineEntry& entry) {
  return PhiText(dump_json(Json{{"source", source_json(entry.source)},
                                {"reason", quarantine_reason_name(entry.reason)},
                                {"field", entry.field},
                                {"detail", entry.detail},
                                {"id_digest", entry.id_digest},
                                {"raw", encode_base64(entry.raw.reveal())},
                                {"raw_bytes", entry.raw_bytes}}));
}

Result<QuarantineEntry> quarantine_entry_from_json_line(const PhiText& line) {
  RESIDENCY_TRY(const Json value, parse_json(line.reveal()));
  QuarantineEntry entry;
  entry.source = source_of(json_member(value, "source"));
  const std::string reason = json_text(value, "reason");
  bool known = false;
  for (std::size_t i = 0; i < kQuarantineReasonNames.size(); ++i) {
    if (kQuarantineReasonNames[i] == reason) {
      entry.reason = static_cast<QuarantineReason>(i);
      known = true;
    }
  }
  if (!known) return corrupt("quarantine entry: reason is unknown");
  entry.field = json_text(value, "field");
  entry.detail = json_text(value, "detail");
  entry.id_digest = json_text(value, "id_digest");
  auto raw = decode_base64(json_text(value, "raw"));
  if (!raw) return corrupt("quarantine entry: raw is not base64");
  entry.raw = PhiText(*std::move(raw));
  entry.raw_bytes = count_in(value, "raw_bytes");
  return entry;
}

}  // namespace residency::ingest
