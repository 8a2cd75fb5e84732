#include "pipeline/proof_work.h"

#include <ctime>
#include <fmt/format.h>

#include "deid/clean_record.h"
#include "deid/detect/detector.h"
#include "pipeline/audited_act.h"

namespace residency::pipeline {
namespace {

constexpr char kReviewRecords[] = "deid_review";
constexpr char kParrotRecords[] = "deid_parrot";
constexpr std::size_t kContextBytes = 40;
constexpr char kAttestationRecords[] = "deid_attestation";
constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kStatementBytesMin = 20;
constexpr std::size_t kStatementBytesMax = 2000;
constexpr std::int64_t kDayMs = 24ll * 3600 * 1000;

Result<void> for_officer(const CrosswalkRequest& request) {
  if (request.role != kPrivacyOfficer)
    return permission_denied("this is for the role privacy-officer; say so with --role");
  return {};
}

Result<store::Manifest> clean_corpus(store::Workspace& workspace, const std::string& id) {
  RESIDENCY_TRY(auto manifest, workspace.manifest(id));
  if (manifest.kind != "corpus.clean")
    return invalid_argument("give a clean corpus; the artifact is of kind: " + manifest.kind);
  return manifest;
}

Result<std::vector<deid::ReviewDocument>> notes_of(store::Workspace& workspace,
                                                   const store::Manifest& manifest) {
  RESIDENCY_TRY(const auto lines, workspace.read_lines(manifest.id, "records.jsonl"));
  std::vector<deid::ReviewDocument> notes;
  std::string line;
  while (true) {
    RESIDENCY_TRY(const bool more, lines->next(line));
    if (!more) return notes;
    RESIDENCY_TRY(auto record, deid::clean_record_from_json_line(line, manifest.content_sha256));
    if (record.text.empty()) continue;
    notes.push_back({record.record_id, record.note_type, record.text.str()});
  }
}

/// Milliseconds since 1970 of a manifest's time ("2026-11-23T10:00:00.123Z"); 0 where it is none.
std::int64_t unix_ms_of(const std::string& utc) {
  std::tm time{};
  if (::strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%S", &time) == nullptr) return 0;
  return static_cast<std::int64_t>(::timegm(&time)) * 1000;
}

bool printable(std::string_view text) {
  return text.find_first_of("\n\r\t") == std::string_view::npos;
}

}  // namespace

Result<deid::ReviewSample> draw_review(store::Workspace& workspace, const CrosswalkRequest& request,
                                       const std::string& corpus, std::size_t documents,
                                       const std::string& seed) {
  RESIDENCY_TRY(auto act, Act::begin(workspace, request, "deid.review.sample", {corpus}));
  const auto work = [&]() -> Result<deid::ReviewSample> {
    RESIDENCY_TRY_VOID(for_officer(request));
    if (documents == 0) return invalid_argument("draw at least one document");
    RESIDENCY_TRY(const auto manifest, clean_corpus(workspace, corpus));
    RESIDENCY_TRY(auto notes, notes_of(workspace, manifest));
    if (notes.empty()) return failed_precondition("the corpus has no notes to review");
    deid::ReviewSample sample{manifest.id, seed, notes.size(), {}};
    sample.documents = deid::draw(std::move(notes), documents, seed);
    act.count("documents", sample.documents.size());
    return sample;
  };
  return act.end(work());
}

Result<void> keep_review(store::Workspace& workspace, const CrosswalkRequest& request,
                         const deid::ReviewSample& sample, const deid::ReviewEstimate& estimate,
                         const std::vector<std::string>& reviewers, std::int64_t now_unix_ms) {
  RESIDENCY_TRY(auto act, Act::begin(workspace, request, "deid.review.keep", {sample.corpus}));
  const auto work = [&]() -> Result<void> {
    RESIDENCY_TRY_VOID(for_officer(request));
    RESIDENCY_TRY(const auto manifest, clean_corpus(workspace, sample.corpus));
    Json json = estimate.to_json();
    json["reviewed_by"] = reviewers;
    json["reviewed_at"] = format_utc(now_unix_ms);
    json["seed"] = sample.seed;
    json["drawn_from"] = sample.corpus_notes;
    RESIDENCY_TRY(const auto lock, workspace.lock_for_writing());
    return workspace.put_record(kReviewRecords, manifest.id, json);
  };
  return act.end(work());
}

Result<ParrotOutcome> attack_corpus(store::Workspace& workspace, const CrosswalkRequest& request,
                                    const std::string& corpus, std::size_t documents,
                                    std::size_t finds_max, const deid::ParrotOptions& options,
                                    std::int64_t now_unix_ms, Progress& progress) {
  RESIDENCY_TRY(auto act, Act::begin(workspace, request, "deid.parrot", {corpus}));
  const auto work = [&]() -> Result<ParrotOutcome> {
    RESIDENCY_TRY_VOID(for_officer(request));
    RESIDENCY_TRY(const auto manifest, clean_corpus(workspace, corpus));
    RESIDENCY_TRY(auto notes, notes_of(workspace, manifest));
    notes = deid::draw(std::move(notes), documents, std::to_string(options.seed));
    // Where the output was replaced is where the detector finds identifiers in it again.
    RESIDENCY_TRY(const auto detector, deid::Detector::open());
    std::vector<deid::TagExample> examples;
    for (const deid::ReviewDocument& note : notes) {
      RESIDENCY_TRY(const auto spans, detector->detect(note.text, nullptr));
      deid::TagExample example{note.text, {}};
      for (const deid::Span& span : spans)
        example.spans.push_back({span.begin, span.end, span.phi_class});
      examples.push_back(std::move(example));
      if (progress.cancelled()) return cancelled("the attack was stopped");
    }
    ParrotOutcome outcome;
    RESIDENCY_TRY(outcome.report, deid::parrot_attack(examples, options, progress));
    for (const deid::LookAlike& one : outcome.report.look_alikes) {
      if (outcome.finds.size() == finds_max) break;
      const std::string& text = notes[one.document].text;
      const std::size_t from = one.begin < kContextBytes ? 0 : one.begin - kContextBytes;
      outcome.finds.push_back(
          {notes[one.document].record_id, std::string(phi_class_name(one.phi_class)), one.score,
           text.substr(from, one.begin - from), text.substr(one.begin, one.end - one.begin),
           text.substr(one.end, kContextBytes)});
    }
    act.count("look_alikes", outcome.report.look_alikes.size());
    RESIDENCY_TRY(const auto lock, workspace.lock_for_writing());
    RESIDENCY_TRY_VOID(workspace.put_record(kParrotRecords, manifest.id,
                                            {{"documents", outcome.report.documents},
                                             {"replaced", outcome.report.replaced},
                                             {"found_again", outcome.report.found_again},
                                             {"look_alikes", outcome.report.look_alikes.size()},
                                             {"at", format_utc(now_unix_ms)}}));
    return outcome;
  };
  return act.end(work());
}

Result<void> attest(store::Workspace& workspace, const CrosswalkRequest& request,
                    const std::string& corpus, const Attestation& attestation,
                    std::int64_t now_unix_ms) {
  RESIDENCY_TRY(auto act, Act::begin(workspace, request, "deid.attest", {corpus}));
  const auto work = [&]() -> Result<void> {
    RESIDENCY_TRY_VOID(for_officer(request));
    RESIDENCY_TRY(const auto manifest, clean_corpus(workspace, corpus));
    if (attestation.name.empty() || attestation.name.size() > kNameBytesMax ||
        !printable(attestation.name))
      return invalid_argument("name who attests, in at most 128 bytes");
    if (attestation.statement.size() < kStatementBytesMin ||
        attestation.statement.size() > kStatementBytesMax)
      return invalid_argument("the statement must have 20 to 2000 bytes: what is attested");
    const std::string method = json_text(json_member(manifest.properties, "certificate"), "method");
    if (method == "expert_determination" && attestation.expert_report_sha256.empty())
      return failed_precondition(
          "the policy's method is expert determination: give the expert's report "
          "(--expert-report), whose digest is kept");
    RESIDENCY_TRY(const auto lock, workspace.lock_for_writing());
    return workspace.put_record(kAttestationRecords, manifest.id,
                                {{"by", attestation.name},
                                 {"statement", attestation.statement},
                                 {"expert_report_sha256", attestation.expert_report_sha256},
                                 {"certificate_sha256", manifest.content_sha256},
                                 {"at", format_utc(now_unix_ms)}});
  };
  return act.end(work());
}

Result<Json> certificate_of(store::Workspace& workspace, const std::string& corpus,
                            std::int64_t now_unix_ms) {
  RESIDENCY_TRY(const auto manifest, clean_corpus(workspace, corpus));
  Json certificate = json_member(manifest.properties, "certificate");
  if (!certificate.is_object())
    return failed_precondition("the corpus carries no certificate: " + manifest.id);
  RESIDENCY_TRY(const auto attested, workspace.get_record(kAttestationRecords, manifest.id));
  RESIDENCY_TRY(const auto review, workspace.get_record(kReviewRecords, manifest.id));
  const std::int64_t expires_ms =
      unix_ms_of(manifest.created_at) + json_integer(certificate, "expires_days", 0) * kDayMs;
  const bool expired = now_unix_ms >= expires_ms;
  certificate["corpus"] = manifest.id;
  certificate["content_sha256"] = manifest.content_sha256;
  certificate["made_at"] = manifest.created_at;
  certificate["made_by"] = manifest.tool_version;
  certificate["expires_at"] = format_utc(expires_ms);
  certificate["review"] = review ? *review : Json();
  RESIDENCY_TRY(const auto parrot, workspace.get_record(kParrotRecords, manifest.id));
  certificate["parrot_attack"] = parrot ? *parrot : Json();
  if (attested) {
    Json given = *attested;
    given["given"] = true;
    const bool by_expert = json_text(certificate, "method") == "expert_determination";
    certificate[by_expert ? "expert" : "actual_knowledge_attestation"] = std::move(given);
  }
  certificate["state"] = expired ? "expired" : attested ? "attested" : "open";
  return certificate;
}

}  // namespace residency::pipeline
