#include "deid/clean_record.h"

#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "deid/clean_text_maker.h"

namespace residency::deid {
namespace {

Json codes_json(const std::vector<CleanCode>& codes) {
  Json list = Json::array();
  for (const CleanCode& code : codes)
    list.push_back({{"system", code.system}, {"code", code.code}, {"display", code.display}});
  return list;
}

std::vector<CleanCode> codes_of(const Json& list) {
  std::vector<CleanCode> codes;
  if (!list.is_array()) return codes;
  for (const Json& code : list)
    codes.push_back(
        {json_text(code, "system"), json_text(code, "code"), json_text(code, "display")});
  return codes;
}

}  // namespace

std::string to_json_line(const CleanRecord& record) {
  return dump_json({{"record_id", record.record_id},
                    {"patient", record.patient},
                    {"encounter", record.encounter},
                    {"kind", record.kind},
                    {"note_type", record.note_type},
                    {"resource_type", record.resource_type},
                    {"text", record.text.str()},
                    {"structured", record.structured.str()},
                    {"codes", codes_json(record.codes)},
                    {"medications", codes_json(record.medications)}});
}

Result<CleanRecord> clean_record_from_json_line(std::string_view line,
                                                std::string_view attested_by) {
  if (attested_by.empty()) return invalid_argument("no clean corpus vouches for the line");
  RESIDENCY_TRY(const Json json, parse_json(line));
  if (!json.is_object()) return invalid_input("a line of a clean corpus is not an object");
  CleanRecord record;
  record.record_id = json_text(json, "record_id");
  record.kind = json_text(json, "kind");
  if (record.record_id.empty())
    return invalid_input("a line of a clean corpus lacks a field: record_id");
  static constexpr std::string_view kKinds[] = {"note", "resource", "row", "message", "document"};
  if (std::find(std::begin(kKinds), std::end(kKinds), record.kind) == std::end(kKinds))
    return invalid_input("a line of a clean corpus has a wrong field: kind");
  record.patient = json_text(json, "patient");
  record.encounter = json_text(json, "encounter");
  record.note_type = json_text(json, "note_type");
  record.resource_type = json_text(json, "resource_type");
  record.text = CleanTextMaker::make(json_text(json, "text"));
  record.structured = CleanTextMaker::make(json_text(json, "structured"));
  record.codes = codes_of(json_member(json, "codes"));
  record.medications = codes_of(json_member(json, "medications"));
  return record;
}

}  // namespace residency::deid
