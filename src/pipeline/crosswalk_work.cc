#include "pipeline/crosswalk_work.h"

#include <fmt/format.h>

#include "deid/reverse.h"
#include "deid/transform/crosswalk_vault.h"
#include "pipeline/audited_act.h"

namespace residency::pipeline {
namespace {

constexpr std::size_t kReasonBytesMin = 8;

Result<void> allowed(const CrosswalkRequest& request) {
  if (request.role != kPrivacyOfficer)
    return permission_denied("this is for the role privacy-officer; say so with --role");
  if (request.reason.size() < kReasonBytesMin)
    return permission_denied(
        fmt::format("a reason of at least {} characters must be given", kReasonBytesMin));
  return {};
}

deid::CrosswalkPlace place_of(store::Workspace& workspace) {
  return deid::CrosswalkPlace::of_workspace(workspace.root());
}

struct Selection {
  std::string corpus, record_id, patient;
};

/// Ids of records are digests; what is no id of ours must not reach the log.
bool is_record_id(std::string_view text) {
  return text.size() <= 80 &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyz"
             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") == std::string_view::npos;
}

Result<ReversalReport> reverse(store::Workspace& workspace, const CrosswalkRequest& request,
                               const Selection& selection, LineSink& out) {
  RESIDENCY_TRY_VOID(allowed(request));
  RESIDENCY_TRY(const auto manifest, workspace.manifest(selection.corpus));
  if (manifest.kind != "corpus.clean")
    return invalid_argument("only a clean corpus can be reversed; the artifact is of kind: " +
                            manifest.kind);
  RESIDENCY_TRY(const auto vault, deid::CrosswalkVault::open(workspace.env(), place_of(workspace)));
  RESIDENCY_TRY(const auto crosswalk, vault->load());
  RESIDENCY_TRY(const auto lines, workspace.read_lines(manifest.id, "records.jsonl"));
  ReversalReport report;
  std::string line;
  while (true) {
    RESIDENCY_TRY(const bool more, lines->next(line));
    if (!more) break;
    RESIDENCY_TRY(const auto record,
                  deid::clean_record_from_json_line(line, manifest.content_sha256));
    if (!selection.record_id.empty() && record.record_id != selection.record_id) continue;
    if (!selection.patient.empty() && record.patient != selection.patient) continue;
    const auto reversed = deid::reverse_record(crosswalk, record);
    RESIDENCY_TRY_VOID(out.write(reversed.to_json_line().reveal()));
    ++report.records;
    report.restored += reversed.restored;
    report.decrypted += reversed.decrypted;
    report.unreadable += reversed.unreadable;
  }
  if (report.records == 0) return not_found("no record of the corpus fits");
  return report;
}

}  // namespace

Result<ReversalReport> reverse_corpus(store::Workspace& workspace, const CrosswalkRequest& request,
                                      const std::string& corpus, const std::string& record_id,
                                      const std::string& patient, LineSink& out) {
  std::vector<std::string> objects;
  for (const std::string* id : {&corpus, &record_id, &patient}) {
    if (!id->empty() && is_record_id(*id)) objects.push_back(*id);
  }
  RESIDENCY_TRY(auto act, Act::begin(workspace, request, "deid.reverse", std::move(objects)));
  auto report = reverse(workspace, request, {corpus, record_id, patient}, out);
  if (report.ok()) {
    act.count("records", report->records);
    act.count("restored", report->restored);
    act.count("decrypted", report->decrypted);
  }
  return act.end(std::move(report));
}

Result<void> export_crosswalk(store::Workspace& workspace, const CrosswalkRequest& request,
                              const std::string& path, const std::string& passphrase) {
  RESIDENCY_TRY(auto act, Act::begin(workspace, request, "crosswalk.export", {}));
  const auto work = [&]() -> Result<void> {
    RESIDENCY_TRY_VOID(allowed(request));
    RESIDENCY_TRY(const auto vault,
                  deid::CrosswalkVault::open(workspace.env(), place_of(workspace)));
    return vault->export_to(path, passphrase);
  };
  return act.end(work());
}

Result<void> import_crosswalk(store::Workspace& workspace, const CrosswalkRequest& request,
                              const std::string& path, const std::string& passphrase) {
  RESIDENCY_TRY(auto act, Act::begin(workspace, request, "crosswalk.import", {}));
  const auto work = [&]() -> Result<void> {
    RESIDENCY_TRY_VOID(allowed(request));
    RESIDENCY_TRY(const auto lock, workspace.lock_for_writing());
    return deid::CrosswalkVault::import_from(workspace.env(), place_of(workspace), path,
                                             passphrase);
  };
  return act.end(work());
}

Result<void> shred_crosswalk(store::Workspace& workspace, const CrosswalkRequest& request) {
  RESIDENCY_TRY(auto act, Act::begin(workspace, request, "crosswalk.shred", {}));
  const auto work = [&]() -> Result<void> {
    RESIDENCY_TRY_VOID(allowed(request));
    RESIDENCY_TRY(const auto lock, workspace.lock_for_writing());
    return deid::CrosswalkVault::shred(workspace.env(), place_of(workspace));
  };
  return act.end(work());
}

}  // namespace residency::pipeline
