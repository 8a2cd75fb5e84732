#include "deid/cleaner.h"

#include <algorithm>
#include <fmt/format.h>

#include "deid/clean_text_maker.h"
#include "deid/detect/known_finder.h"
#include "deid/detect/tokens.h"
#include "deid/language.h"
#include "deid/residual.h"
#include "deid/structured/cda_record.h"
#include "deid/structured/hl7_record.h"
#include "deid/structured/json_record.h"
#include "deid/structured/row_record.h"
#include "deid/utf8.h"

namespace residency::deid {
namespace {

constexpr std::size_t kNamesKeptMax = 64;  // of one patient's other documents
constexpr std::size_t kHarmlessMax = 100'000;
constexpr int kYearWhereNoneIsNamed = 2024;

std::vector<CleanCode> clean_codes(const std::vector<ingest::Code>& codes) {
  std::vector<CleanCode> out;
  out.reserve(codes.size());
  for (const ingest::Code& code : codes) out.push_back({code.system, code.code, code.display});
  return out;
}

Cleaned aside(const ingest::RawRecord& raw, std::string_view reason, std::string detail = "") {
  Cleaned cleaned;
  cleaned.why = {raw.record_id, std::string(reason), std::move(detail)};
  return cleaned;
}

KnownPhi known_of(const ingest::RawRecord& raw, const PatientScope& patient) {
  KnownPhi known;
  for (const ingest::KnownIdentifier& identifier : raw.demographics.identifiers)
    known.values.push_back({identifier.phi_class, identifier.value.reveal()});
  known.birth_date = raw.demographics.birth_date.reveal();
  if (patient.names != nullptr)
    known.values.insert(known.values.end(), patient.names->begin(), patient.names->end());
  return known;
}

/// Keeps the names of this document for the patient's next ones.
void remember(std::vector<KnownValue>& names, std::string_view text,
              const std::vector<Span>& spans) {
  for (const Span& span : spans) {
    if (!is_name_class(span.phi_class) || span.score < 0.9 || span.end - span.begin < 5 ||
        names.size() >= kNamesKeptMax)
      continue;
    const std::string value(text.substr(span.begin, span.end - span.begin));
    const bool there = std::any_of(names.begin(), names.end(),
                                   [&](const KnownValue& name) { return name.value == value; });
    if (!there) names.push_back({span.phi_class, value});
  }
}

void avoid_names(const KnownPhi& known, PatientCode& code) {
  for (const KnownValue& value : known.values) {
    if (!is_name_class(value.phi_class)) continue;
    for (const Token& token : tokens_of(value.value)) code.avoid(fold(token.lower));
  }
}

/// What keeps a record from being read at all; nothing where it can be.
std::optional<Cleaned> refusal(const ingest::RawRecord& raw, const DeidOptions& options) {
  const std::uint64_t bytes_max = options.text_bytes_max;
  const std::string& text = raw.text.reveal();
  const std::string& structured = raw.structured.reveal();
  if (const std::size_t bytes = std::max(text.size(), structured.size()); bytes > bytes_max)
    return aside(raw, "too_large", fmt::format("bytes: {}", bytes));
  if (!is_valid_utf8(text) || !is_valid_utf8(structured)) return aside(raw, "bad_utf8");
  if (text.empty() && structured.empty()) return aside(raw, "empty");
  if (options.check_language && language_of(text) != TextLanguage::kSupported)
    return aside(raw, "language", "only English is read");
  return std::nullopt;
}

/// The reason for which a structured part that can't be read is set aside.
std::string_view bad_structure(ingest::RecordKind kind) {
  if (kind == ingest::RecordKind::kMessage) return "bad_hl7";
  return kind == ingest::RecordKind::kDocument ? "bad_xml" : "bad_json";
}

}  // namespace

Result<std::string> Cleaner::clean_structure(const ingest::RawRecord& raw, const RecordScope& scope,
                                             const PatientCode& code) const {
  const std::string& structured = raw.structured.reveal();
  if (raw.kind == ingest::RecordKind::kMessage) return clean_message(structured, scope);
  if (raw.kind == ingest::RecordKind::kDocument) return clean_document(structured, scope);
  const auto json = parse_json(structured);
  if (!json.ok() || !json->is_object()) return invalid_input("the record is no JSON object");
  if (raw.kind == ingest::RecordKind::kRow) {
    RESIDENCY_TRY(const Json clean, clean_row(*json, options_.policy.fields, scope));
    return dump_json(clean);
  }
  RESIDENCY_TRY(const Json clean, rules_ != nullptr ? rules_->apply(*json, scope, code)
                                                    : clean_resource(*json, scope));
  return dump_json(clean);
}

Result<Cleaned> Cleaner::clean(const ingest::RawRecord& raw, const PatientScope& patient,
                               CodeBook& book, Harmless& harmless) const {
  const std::string& text = raw.text.reveal();
  const std::string& structured = raw.structured.reveal();
  Cleaned cleaned;
  if (auto refused = refusal(raw, options_)) return *std::move(refused);
  PatientCode anonymous = crosswalk_.anonymous(patient.place);
  PatientCode& code = patient.code == nullptr ? anonymous : *patient.code;
  const KnownPhi known = known_of(raw, patient);
  code.forget_avoided();
  avoid_names(known, code);
  RESIDENCY_TRY(const auto spans, detector_.detect(text, &known));
  Replacer replacer(options_.policy, code, raw.demographics.gender,
                    latest_year_in(text, spans, kYearWhereNoneIsNamed));
  const std::string clean_text = replacer.apply(text, spans);
  std::string clean_structured;
  if (!structured.empty()) {
    if (harmless.size() > kHarmlessMax) harmless.clear();
    const RecordScope scope{detector_, &known, replacer, book, raw.patient_key.reveal(), harmless};
    auto clean = clean_structure(raw, scope, code);
    // What cannot be read is set aside; what fails in another way ends the run.
    if (!clean.ok() && clean.error().code() == ErrorCode::kInvalidInput)
      return aside(raw, bad_structure(raw.kind));
    RESIDENCY_TRY(clean_structured, std::move(clean));
  }
  for (const std::string_view output :
       {std::string_view(clean_text), std::string_view(clean_structured)}) {
    if (const auto left = residual_identifier(output, known, options_.policy))
      return aside(raw, "residual_identifier", fmt::format("class: {}", phi_class_name(*left)));
  }
  if (patient.names != nullptr) remember(*patient.names, text, spans);
  cleaned.counts = replacer.counts();
  CleanRecord& record = cleaned.record.emplace();
  record.record_id = raw.record_id;
  record.patient = code.pseudonym();
  if (!raw.encounter_key.empty()) record.encounter = book.encounter(raw.encounter_key.reveal());
  record.kind = ingest::record_kind_name(raw.kind);
  record.note_type = raw.note_type;
  record.resource_type = raw.resource_type;
  record.text = CleanTextMaker::make(clean_text);
  record.structured = CleanTextMaker::make(clean_structured);
  record.codes = clean_codes(raw.codes);
  record.medications = clean_codes(raw.medications);
  return cleaned;
}

}  // namespace residency::deid
