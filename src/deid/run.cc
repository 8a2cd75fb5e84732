#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <unordered_set>

#include "deid/clean_text_maker.h"
#include "deid/deid.h"
#include "deid/detect/known_finder.h"
#include "deid/detect/tokens.h"
#include "deid/policy/method.h"
#include "deid/residual.h"
#include "deid/structured/json_record.h"
#include "deid/utf8.h"

namespace residency::deid {
namespace {

constexpr std::size_t kNamesKeptMax = 64;  // of one patient's other documents
constexpr std::size_t kPatientsRememberedMax = 100'000;
constexpr int kYearWhereNoneIsNamed = 2024;
constexpr std::uint64_t kReportEvery = 64;

std::string_view kind_name(ingest::RecordKind kind) {
  switch (kind) {
    case ingest::RecordKind::kNote:
      return "note";
    case ingest::RecordKind::kResource:
      return "resource";
    case ingest::RecordKind::kRow:
      return "row";
  }
  return "";
}

std::vector<CleanCode> clean_codes(const std::vector<ingest::Code>& codes) {
  std::vector<CleanCode> out;
  out.reserve(codes.size());
  for (const ingest::Code& code : codes) out.push_back({code.system, code.code, code.display});
  return out;
}

/// De-identifies one record after the other.
class Cleaner {
 public:
  Cleaner(const DeidOptions& options, const Detector& detector, Crosswalk& crosswalk,
          DeidReport& report)
      : options_(options), detector_(detector), crosswalk_(crosswalk), report_(report) {}

  /// False, with `why` filled in, where the record must be set aside.
  Result<bool> clean(const ingest::RawRecord& raw, CleanRecord& record, DeidQuarantineEntry& why) {
    why = {raw.record_id, "", ""};
    const std::string& text = raw.text.reveal();
    const std::string& structured = raw.structured.reveal();
    report_.bytes += text.size() + structured.size();
    if (const std::size_t bytes = std::max(text.size(), structured.size());
        bytes > options_.text_bytes_max)
      return aside(why, "too_large", fmt::format("bytes: {}", bytes));
    if (!is_valid_utf8(text) || !is_valid_utf8(structured)) return aside(why, "bad_utf8", "");
    if (text.empty() && structured.empty()) return aside(why, "empty", "");

    const std::string& key = raw.patient_key.reveal();
    PatientCode anonymous = crosswalk_.anonymous(raw.record_id);
    PatientCode& code = key.empty() ? anonymous : crosswalk_.patient(key);
    const KnownPhi known = known_of(raw, key);
    for (const KnownValue& value : known.values) {
      if (!is_name_class(value.phi_class)) continue;
      for (const Token& token : tokens_of(value.value)) code.avoid(fold(token.lower));
    }
    RESIDENCY_TRY(const auto spans, detector_.detect(text, &known));
    Replacer replacer(options_.policy, code, raw.demographics.gender,
                      latest_year_in(text, spans, kYearWhereNoneIsNamed));
    const std::string clean_text = replacer.apply(text, spans);
    std::string clean_structured;
    if (!structured.empty()) {
      const auto json = parse_json(structured);
      if (!json.ok() || !json->is_object()) return aside(why, "bad_json", "");
      const JsonScope scope{detector_, &known, replacer, crosswalk_, key, harmless_};
      RESIDENCY_TRY(const Json cleaned, raw.kind == ingest::RecordKind::kRow
                                            ? clean_row(*json, scope)
                                            : clean_resource(*json, scope));
      clean_structured = dump_json(cleaned);
    }
    for (const std::string_view output :
         {std::string_view(clean_text), std::string_view(clean_structured)}) {
      if (const auto left = residual_identifier(output, known, options_.policy))
        return aside(why, "residual_identifier", fmt::format("class: {}", phi_class_name(*left)));
    }
    if (!key.empty()) remember(key, text, spans);
    count(replacer.counts());
    record = CleanRecord{};
    record.record_id = raw.record_id;
    record.patient = code.pseudonym();
    if (!raw.encounter_key.empty())
      record.encounter = crosswalk_.encounter(raw.encounter_key.reveal());
    record.kind = kind_name(raw.kind);
    record.note_type = raw.note_type;
    record.resource_type = raw.resource_type;
    record.text = CleanTextMaker::make(clean_text);
    record.structured = CleanTextMaker::make(clean_structured);
    record.codes = clean_codes(raw.codes);
    record.medications = clean_codes(raw.medications);
    return true;
  }

 private:
  static bool aside(DeidQuarantineEntry& why, std::string_view reason, std::string detail) {
    why.reason = reason;
    why.detail = std::move(detail);
    return false;
  }

  KnownPhi known_of(const ingest::RawRecord& raw, const std::string& key) const {
    KnownPhi known;
    for (const ingest::KnownIdentifier& identifier : raw.demographics.identifiers)
      known.values.push_back({identifier.phi_class, identifier.value.reveal()});
    known.birth_date = raw.demographics.birth_date.reveal();
    if (const auto found = names_.find(key); found != names_.end())
      known.values.insert(known.values.end(), found->second.begin(), found->second.end());
    return known;
  }

  /// Keeps the names of this document for the patient's next ones.
  void remember(const std::string& key, std::string_view text, const std::vector<Span>& spans) {
    if (names_.size() >= kPatientsRememberedMax && !names_.contains(key)) names_.clear();
    std::vector<KnownValue>& names = names_[key];
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

  void count(const ActionCounts& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      for (std::size_t j = 0; j < counts[i].size(); ++j) report_.counts[i][j] += counts[i][j];
    }
  }

  const DeidOptions& options_;
  const Detector& detector_;
  Crosswalk& crosswalk_;
  DeidReport& report_;
  std::map<std::string, std::vector<KnownValue>> names_;
  std::unordered_set<std::string> harmless_;
};

}  // namespace

Result<DeidReport> run(const DeidOptions& options, Crosswalk& crosswalk, RawSource& in,
                       CleanSink& out, DeidQuarantineSink& quarantine, Progress& progress) {
  RESIDENCY_TRY(const auto detector, Detector::open(options.detector));
  DeidReport report;
  Cleaner cleaner(options, *detector, crosswalk, report);
  ingest::RawRecord raw;
  CleanRecord record;
  DeidQuarantineEntry why;
  while (true) {
    if (progress.cancelled()) return cancelled("de-identification was stopped");
    RESIDENCY_TRY(const bool more, in.next(raw));
    if (!more) break;
    ++report.records;
    RESIDENCY_TRY(const bool clean, cleaner.clean(raw, record, why));
    if (clean) {
      ++report.clean;
      ++report.by_kind[record.kind];
      RESIDENCY_TRY_VOID(out.accept(record));
    } else {
      ++report.quarantined;
      ++report.quarantined_by_reason[why.reason];
      RESIDENCY_TRY_VOID(quarantine.reject(why));
    }
    if (report.records % kReportEvery == 0) progress.update(report.records, 0, "records", "");
  }
  progress.update(report.records, report.records, "records", "");
  report.patients = crosswalk.patients();
  return report;
}

Json DeidReport::to_json() const {
  Json classes = Json::object();
  for (std::size_t i = 0; i < kPhiClassCount; ++i) {
    for (std::size_t j = 0; j < kActionNames.size(); ++j) {
      if (counts[i][j] > 0)
        classes[std::string(kPhiClassNames[i])][std::string(kActionNames[j])] = counts[i][j];
    }
  }
  return {{"records", records},
          {"clean", clean},
          {"quarantined", quarantined},
          {"patients", patients},
          {"bytes", bytes},
          {"classes", classes},
          {"by_kind", by_kind},
          {"quarantined_by_reason", quarantined_by_reason}};
}

namespace {

Json method_reasons(const Policy& policy) {
  Json reasons = Json::array();
  for (const MethodObstacle& one : safe_harbor_obstacles(policy))
    reasons.push_back({{"subject", one.subject}, {"action", one.action}, {"why", one.why}});
  return reasons;
}

}  // namespace

Json certificate(const DeidOptions& options, const DeidReport& report) {
  const std::string policy = options.canonical_json();
  return {{"version", 1},
          {"policy", Json::parse(policy, nullptr, false)},
          {"policy_sha256", crypto::sha256_hex(policy)},
          {"method", options.policy.method()},
          {"method_reasons", method_reasons(options.policy)},
          {"zip3_census", zip_census_name(options.policy.zip_census)},
          {"reversible", options.policy.reversible},
          {"detector", kDetectorVersion},
          {"report", report.to_json()},
          {"actual_knowledge_attestation", {{"given", false}, {"by", nullptr}}},
          {"expert", options.policy.method() == "expert_determination"
                         ? Json{{"given", false}, {"by", nullptr}}
                         : Json()},
          {"expires_days", options.expires_days}};
}

}  // namespace residency::deid
