#include "ingest/hl7v2/reader.h"

#include <fmt/format.h>
#include <optional>
#include <utility>

#include "ingest/hl7v2/people.h"
#include "ingest/note_type.h"
#include "ingest/text_encoding.h"

namespace residency::ingest {
namespace {

/// By MSH-18, where it names one; else by the source's option.
std::optional<TextEncoding> encoding_of(std::string_view text, const SourceOptions& source) {
  const std::string_view header = text.substr(0, text.find_first_of("\r\n"));
  if (header.size() > 3 && header.starts_with("MSH")) {
    // MSH-1 is the separator itself.
    std::string_view name = hl7_part(header, header[3], 18);
    name = name.substr(0, name.find_first_of("~^"));
    if (name == "UNICODE UTF-8" || name == "UNICODE") return TextEncoding::kUtf8;
    if (name == "8859/1") return TextEncoding::kLatin1;
    if (name == "ASCII") return TextEncoding::kUtf8;
    if (!name.empty()) return std::nullopt;
  }
  return encoding_named(source.encoding);
}

bool is_report_line(const Hl7Segment& segment) {
  return segment.name() == "OBX" && (segment.field(2) == "TX" || segment.field(2) == "FT");
}

std::string type_word(const Hl7Segment& segment, const Hl7Delimiters& delimiters) {
  const std::size_t field = segment.name() == "TXA" ? 2 : segment.name() == "OBR" ? 4 : 3;
  const std::string_view coded = segment.field(field);
  const std::string_view text = hl7_part(coded, delimiters.component, 2);
  return std::string(text.empty() ? hl7_part(coded, delimiters.component, 1) : text);
}

/// The message's type and trigger: "ORU_R01".
std::string type_of(const Hl7Message& message) {
  const std::string_view field = message.segments[0].field(9);
  const char component = message.delimiters.component;
  std::string type =
      fmt::format("{}_{}", hl7_part(field, component, 1), hl7_part(field, component, 2));
  const bool plain =
      type.size() <= 8 &&
      type.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
  return plain ? type : "HL7";
}

}  // namespace

void index_hl7_file(std::string_view bytes, const SourceOptions& source, PatientIndex& patients) {
  for (const Hl7Piece& piece : split_hl7_file(bytes)) {
    const auto encoding = encoding_of(piece.text, source);
    std::size_t bad_at = 0;
    const auto text = encoding ? decode_text(piece.text, *encoding, bad_at) : std::nullopt;
    if (!text) continue;
    const auto message = parse_hl7(*text);
    if (message.ok()) patients.add(hl7_patient(*message), hl7_demographics(*message));
  }
}

Result<void> Hl7Reader::file(std::string_view bytes) {
  for (const Hl7Piece& piece : split_hl7_file(bytes)) {
    emitter_.unit();
    RESIDENCY_TRY_VOID(message(piece));
  }
  return {};
}

Result<void> Hl7Reader::message(const Hl7Piece& piece) {
  const auto reject = [&](QuarantineReason reason, std::string detail) {
    return emitter_.reject(reason, piece.line, "", std::move(detail), piece.text);
  };
  if (piece.text.size() > limits_.line_bytes_max)
    return reject(QuarantineReason::kTooLarge,
                  fmt::format("is longer than {} bytes", limits_.line_bytes_max));
  const auto encoding = encoding_of(piece.text, source_);
  if (!encoding) return reject(QuarantineReason::kBadUtf8, "MSH-18 names a charset not supported");
  std::size_t bad_at = 0;
  const auto text = decode_text(piece.text, *encoding, bad_at);
  if (!text)
    return reject(QuarantineReason::kBadUtf8,
                  fmt::format("is not in its encoding at byte {}", bad_at));
  const auto parsed = parse_hl7(*text);
  if (!parsed.ok()) return reject(QuarantineReason::kBadHl7, parsed.error().message());
  RawRecord record;
  record.kind = RecordKind::kMessage;
  record.resource_type = type_of(*parsed);
  record.structured = PhiText(to_er7(*parsed));
  fill(*parsed, record);
  RESIDENCY_TRY_VOID(emitter_.accept(std::move(record), piece.line, ""));
  return notes(*parsed, piece.line);
}

void Hl7Reader::fill(const Hl7Message& message, RawRecord& record) const {
  record.demographics = hl7_demographics(message);
  patients_.attach(hl7_patient(message), record);
  const std::string visit = hl7_encounter(message);
  const std::string known = fhir_.encounter_named(visit);
  record.encounter_key = PhiText(known.empty() ? visit : known);
  record.codes = hl7_diagnoses(message);
  record.medications = hl7_medications(message);
}

Result<void> Hl7Reader::notes(const Hl7Message& message, std::uint64_t line) {
  std::string text;
  std::string type;
  std::size_t first = 0;
  const auto close = [&]() -> Result<void> {
    if (text.find_first_not_of(" \t\r\n") != std::string::npos) {
      RawRecord record;
      record.kind = RecordKind::kNote;
      record.resource_type = type_of(message);
      record.note_type = note_type_of_word(type);
      record.text = PhiText(std::exchange(text, ""));
      fill(message, record);
      const std::string field = fmt::format("segment[{}].OBX-5", first);
      emitter_.unit();
      if (record.text.bytes() > limits_.text_bytes_max) {
        RESIDENCY_TRY_VOID(emitter_.reject(
            QuarantineReason::kTooLarge, line, field,
            fmt::format("is longer than {} bytes", limits_.text_bytes_max), record.text.reveal()));
      } else {
        RESIDENCY_TRY_VOID(emitter_.accept(std::move(record), line, field));
      }
    }
    text.clear();
    return {};
  };
  for (std::size_t i = 0; i < message.segments.size(); ++i) {
    const Hl7Segment& segment = message.segments[i];
    if (segment.name() == "OBR" || segment.name() == "ORC" || segment.name() == "TXA") {
      RESIDENCY_TRY_VOID(close());
      type = type_word(segment, message.delimiters);
    } else if (is_report_line(segment)) {
      if (text.empty()) first = i + 1;
      if (type.empty()) type = type_word(segment, message.delimiters);
      for (const std::string_view one :
           hl7_split(segment.field(5), message.delimiters.repetition)) {
        text += hl7_unescape(one, message.delimiters);
        text += '\n';
      }
    }
  }
  return close();
}

}  // namespace residency::ingest
