#include "pipeline/crosswalk_work.h"

#include <fmt/format.h>

#include "audit/audit_log.h"
#include "base/json.h"
#include "deid/reverse.h"
#include "deid/transform/crosswalk_vault.h"

namespace residency::pipeline {
namespace {

constexpr std::size_t kReasonBytesMin = 8;
constexpr std::size_t kReasonBytesMax = 2000;

/// One act in the audit log: the intent first, then how it ended.
class Act {
 public:
  static Result<Act> begin(store::Workspace& workspace, const CrosswalkRequest& request,
                           const std::string& type, std::vector<std::string> objects) {
    RESIDENCY_TRY(auto log, audit::AuditLog::open(workspace));
    audit::Event event;
    event.type = type;
    event.phase = "intent";
    event.actor = request.actor;
    event.objects = std::move(objects);
    RESIDENCY_TRY(const std::uint64_t seq, log->append(event));
    if (!request.reason.empty()) {
      RESIDENCY_TRY_VOID(
          workspace.put_state(fmt::format("reasons/{:012}", seq),
                              dump_json({{"role", request.role},
                                         {"reason", request.reason.substr(0, kReasonBytesMax)}})));
    }
    return Act(std::move(log), std::move(event));
  }

  /// Gives `ended` on; an error of the log where it was a success that can't be recorded.
  template <class T>
  Result<T> end(Result<T> ended) {
    event_.phase = "outcome";
    event_.outcome = ended.ok() ? "success" : "failure";
    if (!ended.ok()) event_.reason_code = traits(ended.error().code()).name;
    auto appended = log_->append(event_);
    if (ended.ok() && !appended.ok()) return appended.error();
    return ended;
  }

  void count(const std::string& name, std::uint64_t number) {
    event_.counts[name] = static_cast<std::int64_t>(number);
  }

 private:
  Act(std::unique_ptr<audit::AuditLog> log, audit::Event event)
      : log_(std::move(log)), event_(std::move(event)) {}
  std::unique_ptr<audit::AuditLog> log_;
  audit::Event event_;
};

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
