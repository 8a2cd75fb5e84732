// Act: what a person does with PHI or a certificate, in the audit log before it begins and after it
// ended.
#pragma once

#include <fmt/format.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "audit/audit_log.h"
#include "base/json.h"
#include "pipeline/crosswalk_work.h"
#include "store/workspace.h"

namespace residency::pipeline {

inline constexpr std::size_t kActReasonBytesMax = 2000;

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
      RESIDENCY_TRY_VOID(workspace.put_state(
          fmt::format("reasons/{:012}", seq),
          dump_json(
              {{"role", request.role}, {"reason", request.reason.substr(0, kActReasonBytesMax)}})));
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

}  // namespace residency::pipeline
