#include "ingest/table_reader.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <set>

#include "base/json.h"
#include "ingest/column_class.h"
#include "ingest/fhir_people.h"
#include "ingest/html_text.h"
#include "ingest/line_reader.h"
#include "ingest/note_type.h"
#include "ingest/text_encoding.h"

namespace residency::ingest {
namespace {

const std::vector<std::string> kTextNames{"text", "note_text", "note", "transcription"};
const std::vector<std::string> kPatientNames{"patient_id", "subject_id", "patient"};
const std::vector<std::string> kEncounterNames{"encounter_id", "hadm_id", "visit_id"};
const std::vector<std::string> kTypeNames{"note_type", "category"};
const std::vector<std::string> kIdNames{"id", "note_id", "row_id"};

using Row = std::vector<std::pair<std::string, std::string>>;

// The named column, or the first of the usual ones; null where there is none.
const std::pair<std::string, std::string>* find(const Row& row, const std::string& named,
                                                const std::vector<std::string>& usual) {
  const auto at = [&](const std::string& name) -> const std::pair<std::string, std::string>* {
    for (const auto& field : row) {
      if (field.first == name) return &field;
    }
    return nullptr;
  };
  if (!named.empty()) return at(named);
  for (const std::string& name : usual) {
    if (const auto* field = at(name)) return field;
  }
  return nullptr;
}

std::string gender_of(std::string_view value) {
  if (value == "M" || value == "m" || value == "male" || value == "Male") return "male";
  if (value == "F" || value == "f" || value == "female" || value == "Female") return "female";
  return "";
}

std::string value_of(const Row& row, const std::string& named,
                     const std::vector<std::string>& usual) {
  const auto* field = find(row, named, usual);
  return field == nullptr ? "" : field->second;
}

/// By the options' classes, else by the columns' usual names. Parts of a name also count together.
Demographics demographics_of(const Row& row, const ColumnMap& columns) {
  Demographics known;
  std::string whole;
  for (const auto& [name, value] : row) {
    std::string column = name;
    for (char& c : column) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (column == "gender" || column == "sex") known.gender = gender_of(value);
    if (column == "birth_date" || column == "dob") known.birth_date = PhiText(value);
    const auto named = columns.identifiers.find(name);
    const auto phi_class =
        named != columns.identifiers.end() ? std::optional(named->second) : column_class(column);
    if (!phi_class || *phi_class == PhiClass::kDate) continue;
    add_value(*phi_class, value, known.identifiers);
    if (*phi_class == PhiClass::kPatientName) whole += (whole.empty() ? "" : " ") + value;
  }
  add_value(PhiClass::kPatientName, whole, known.identifiers);
  return known;
}

std::string_view fault_detail(CsvFault fault) {
  switch (fault) {
    case CsvFault::kOpenQuote:
      return "a quoted field is not closed";
    case CsvFault::kAfterQuote:
      return "text follows a closing quote";
    case CsvFault::kTooLong:
      return "the row is longer than the limit";
    case CsvFault::kNone:
      break;
  }
  return "";
}

std::string joined(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields) text += (text.empty() ? "" : ",") + field;
  return text;
}

std::string stem_of(std::string_view name) { return std::string(name.substr(0, name.find('.'))); }

}  // namespace

Result<void> TableReader::reject_row(QuarantineReason reason, std::uint64_t line, std::string field,
                                     std::string detail, std::string_view raw) {
  return emitter_.reject(reason, line, std::move(field), std::move(detail), raw);
}

std::string TableReader::missing_column(const std::vector<std::string>& names) const {
  const ColumnMap& columns = source_.columns;
  std::vector<std::string> wanted{columns.text, columns.patient_id, columns.encounter_id,
                                  columns.note_type, columns.id};
  for (const auto& [column, phi_class] : columns.identifiers) wanted.push_back(column);
  for (const std::string& column : wanted) {
    if (!column.empty() && std::find(names.begin(), names.end(), column) == names.end()) {
      return column;
    }
  }
  return "";
}

Result<void> TableReader::roster_row(const Row& row, std::string_view raw, std::uint64_t line) {
  const std::string id = value_of(row, source_.columns.patient_id, kPatientNames);
  if (id.empty())
    return reject_row(QuarantineReason::kMissingField, line, "patient_id",
                      "a row of a roster names no patient", raw);
  if (roster_ != nullptr) roster_->add(id, demographics_of(row, source_.columns));
  emitter_.skip(SkipReason::kRoster);
  return {};
}

Result<void> TableReader::row(Row row, std::string structured, std::string_view raw,
                              std::uint64_t line) {
  if (source_.roster) return roster_row(row, raw, line);
  const ColumnMap& columns = source_.columns;
  const auto* text = find(row, columns.text, kTextNames);
  const auto* id = find(row, columns.id, kIdNames);
  if (text != nullptr && text->second.find_first_not_of(" \t\r\n") == std::string::npos) {
    return reject_row(QuarantineReason::kMissingField, line, text->first, "is empty", raw);
  }
  if (text != nullptr && text->second.size() > limits_.text_bytes_max) {
    return reject_row(QuarantineReason::kTooLarge, line, text->first,
                      fmt::format("is longer than {} bytes", limits_.text_bytes_max), raw);
  }
  if (id != nullptr && !id->second.empty()) {
    const std::string key =
        fmt::format("row {} {} {}", emitter_.file().source, id->first, id->second);
    const Emitter::Seen seen = emitter_.note_id(key, structured);
    if (seen == Emitter::Seen::kSame) {
      emitter_.skip(SkipReason::kDuplicate);
      return {};
    }
    if (seen == Emitter::Seen::kDiffers) {
      return emitter_.reject(QuarantineReason::kDuplicateId, line, id->first,
                             "the id was seen before, with other content", raw, key);
    }
  }
  RawRecord record;
  record.demographics = demographics_of(row, columns);
  patients_.attach(value_of(row, columns.patient_id, kPatientNames), record);
  record.encounter_key = PhiText(value_of(row, columns.encounter_id, kEncounterNames));
  if (text == nullptr) {
    record.kind = RecordKind::kRow;
    record.structured = PhiText(std::move(structured));
    return emitter_.accept(std::move(record), line, "");
  }
  record.kind = RecordKind::kNote;
  const std::string type = value_of(row, columns.note_type, kTypeNames);
  record.note_type = note_type_of_word(type.empty() ? source_.note_type : type);
  record.text = PhiText(text->second);
  return emitter_.accept(std::move(record), line, text->first);
}

Result<bool> TableReader::next_csv(CsvReader& reader, CsvRow& csv) {
  auto more = reader.next(csv);
  reading_failed_ = !more.ok();
  return more;
}

// Decodes the fields of a row; false after having it set aside.
Result<bool> TableReader::csv_fields(CsvRow& csv, const std::vector<std::string>& names) {
  if (csv.fault != CsvFault::kNone) {
    const auto reason = csv.fault == CsvFault::kTooLong ? QuarantineReason::kTooLarge
                                                        : QuarantineReason::kBadCsvRow;
    RESIDENCY_TRY_VOID(emitter_.reject(reason, csv.line, "", std::string(fault_detail(csv.fault)),
                                       csv.raw, "", csv.raw_bytes));
    return false;
  }
  const TextEncoding encoding = encoding_named(source_.encoding).value_or(TextEncoding::kUtf8);
  for (std::size_t i = 0; i < csv.fields.size(); ++i) {
    std::size_t bad_at = 0;
    auto text = decode_text(csv.fields[i], encoding, bad_at);
    if (!text) {
      RESIDENCY_TRY_VOID(reject_row(
          QuarantineReason::kBadUtf8, csv.line, i < names.size() ? names[i] : std::string(),
          fmt::format("is not in its encoding at byte {}", bad_at), joined(csv.fields)));
      return false;
    }
    csv.fields[i] = *std::move(text);
  }
  return true;
}

// Reads the first row; "" where its names can be used, else why not. A bad one is set aside.
Result<std::string> TableReader::csv_header(CsvReader& reader, std::vector<std::string>& names) {
  CsvRow csv;
  RESIDENCY_TRY(const bool more, next_csv(reader, csv));
  if (!more) return std::string();
  if (csv.fault != CsvFault::kNone) {
    emitter_.unit();
    RESIDENCY_TRY([[maybe_unused]] const bool good, csv_fields(csv, names));
    return std::string("the header cannot be read");
  }
  for (const std::string& name : csv.fields) {
    if (valid_utf8_bytes(name) == name.size()) continue;
    emitter_.unit();
    RESIDENCY_TRY_VOID(reject_row(QuarantineReason::kBadUtf8, csv.line, "",
                                  "the header is not UTF-8", joined(csv.fields)));
    return std::string("the header cannot be read");
  }
  names = csv.fields;
  const std::string missing = missing_column(names);
  if (missing.empty() && std::set(names.begin(), names.end()).size() == names.size()) {
    return std::string();
  }
  const std::string why =
      missing.empty() ? "the header names a column twice" : "the header lacks a column";
  emitter_.unit();
  RESIDENCY_TRY_VOID(
      reject_row(QuarantineReason::kMissingField, csv.line, missing, why, joined(csv.fields)));
  return why;
}

Result<void> TableReader::csv(ByteReader& bytes, bool tabs) {
  CsvReader reader(bytes, tabs ? '\t' : ',', limits_.line_bytes_max);
  std::vector<std::string> names;
  RESIDENCY_TRY(const std::string unusable, csv_header(reader, names));
  for (CsvRow csv;;) {
    RESIDENCY_TRY(const bool more, next_csv(reader, csv));
    if (!more) return {};
    emitter_.unit();
    RESIDENCY_TRY(const bool good, csv_fields(csv, names));
    if (!good) continue;
    const std::string raw = joined(csv.fields);
    if (!unusable.empty()) {
      RESIDENCY_TRY_VOID(reject_row(QuarantineReason::kMissingField, csv.line, "", unusable, raw));
    } else if (csv.fields.size() != names.size()) {
      RESIDENCY_TRY_VOID(reject_row(
          QuarantineReason::kBadCsvRow, csv.line, "",
          fmt::format("has {} fields, the header {}", csv.fields.size(), names.size()), raw));
    } else {
      Row values;
      Json structured = Json::object();
      for (std::size_t i = 0; i < names.size(); ++i) {
        structured[names[i]] = csv.fields[i];
        values.emplace_back(names[i], std::move(csv.fields[i]));
      }
      RESIDENCY_TRY_VOID(row(std::move(values), dump_json(structured), raw, csv.line));
    }
  }
}

Result<void> TableReader::json_line(std::string_view text, std::uint64_t line) {
  const TextEncoding encoding = encoding_named(source_.encoding).value_or(TextEncoding::kUtf8);
  std::size_t bad_at = 0;
  const auto decoded = decode_text(text, encoding, bad_at);
  if (!decoded) {
    return reject_row(QuarantineReason::kBadUtf8, line, "",
                      fmt::format("is not in its encoding at byte {}", bad_at), text);
  }
  const auto parsed = parse_json(*decoded);
  if (!parsed.ok() || !parsed->is_object()) {
    return reject_row(QuarantineReason::kBadJson, line, "",
                      parsed.ok() ? "is not an object" : parsed.error().message(), text);
  }
  std::vector<std::string> names;
  Row values;
  for (const auto& [name, value] : parsed->items()) {
    if (value.is_null()) continue;
    names.push_back(name);
    if (value.is_string()) {
      values.emplace_back(name, value.get<std::string>());
    } else if (value.is_primitive()) {
      values.emplace_back(name, dump_json(value));
    }
  }
  const std::string missing = missing_column(names);
  if (!missing.empty()) {
    return reject_row(QuarantineReason::kMissingField, line, missing, "is missing", text);
  }
  return row(std::move(values), dump_json(parsed.value()), text, line);
}

Result<void> TableReader::jsonl(ByteReader& bytes) {
  LineReader reader(bytes, limits_.line_bytes_max);
  for (TextLine line;;) {
    auto more = reader.next(line);
    if (!more.ok()) {
      reading_failed_ = true;
      return more.error();
    }
    if (!more.value()) return {};
    emitter_.unit();
    if (line.too_long) {
      RESIDENCY_TRY_VOID(
          emitter_.reject(QuarantineReason::kTooLarge, line.number, "",
                          fmt::format("is longer than {} bytes", limits_.line_bytes_max), line.text,
                          "", line.bytes));
    } else {
      RESIDENCY_TRY_VOID(json_line(line.text, line.number));
    }
  }
}

Result<void> TableReader::note(std::string_view bytes, bool html) {
  emitter_.unit();
  if (bytes.size() > limits_.text_bytes_max) {
    return reject_row(QuarantineReason::kTooLarge, 0, "",
                      fmt::format("is longer than {} bytes", limits_.text_bytes_max), bytes);
  }
  const TextEncoding encoding = encoding_named(source_.encoding).value_or(TextEncoding::kUtf8);
  std::size_t bad_at = 0;
  auto text = decode_text(bytes, encoding, bad_at);
  if (!text) {
    return reject_row(QuarantineReason::kBadUtf8, 0, "",
                      fmt::format("is not in its encoding at byte {}", bad_at), bytes);
  }
  if (html) *text = html_to_text(*text);
  if (text->find_first_not_of(" \t\r\n\f") == std::string::npos) {
    return reject_row(QuarantineReason::kEmptyFile, 0, "", "holds no text", bytes);
  }
  RawRecord record;
  record.kind = RecordKind::kNote;
  record.note_type = note_type_of_word(source_.note_type);
  const std::string_view path = emitter_.file().relative;
  const std::size_t slash = path.find_last_of('/');
  std::string patient;
  if (source_.patient_from == "file") {
    patient = stem_of(slash == std::string_view::npos ? path : path.substr(slash + 1));
  } else if (source_.patient_from == "folder" && slash != std::string_view::npos) {
    const std::string_view folder = path.substr(0, slash);
    const std::size_t before = folder.find_last_of('/');
    patient = before == std::string_view::npos ? folder : folder.substr(before + 1);
  }
  patients_.attach(patient, record);
  record.text = PhiText(*std::move(text));
  return emitter_.accept(std::move(record), 0, "");
}

}  // namespace residency::ingest
