#include "pipeline/worker.h"

#include <atomic>
#include <chrono>
#include <signal.h>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>

#include "base/log.h"
#include "pipeline/stage.h"
#include "pipeline/worker_protocol.h"

namespace residency::pipeline {
namespace {

constexpr auto kProgressInterval = std::chrono::milliseconds(200);
constexpr auto kPredecessorWait = std::chrono::seconds(10);

// A signal handler can reach nothing but a lock-free flag of static storage.
std::atomic<bool> stop_asked{false};
extern "C" void on_stop_signal(int) { stop_asked.store(true); }

void send(int fd, const WorkerMessage& message) {
  const std::string bytes = encode(message);
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd, rest.data(), rest.size());
    if (written <= 0) return;  // the parent is gone: PDEATHSIG ends this process
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

class PipeProgress final : public Progress {
 public:
  explicit PipeProgress(int fd) : fd_(fd) {}
  void update(std::uint64_t done, std::uint64_t total, std::string_view unit,
              std::string_view note) override {
    const auto now = std::chrono::steady_clock::now();
    if (now - sent_ < kProgressInterval && done != total) return;
    sent_ = now;
    WorkerMessage message;
    message.done = done;
    message.total = total;
    message.unit = unit;
    message.note = note;
    send(fd_, message);
  }
  bool cancelled() const override { return stop_asked.load(); }

 private:
  int fd_;
  std::chrono::steady_clock::time_point sent_{};
};

/// The lock of the worker before this one falls a moment after its parent's: wait for it.
Result<std::unique_ptr<FileLock>> lock_workers(Env& env, const std::string& root) {
  const auto give_up = std::chrono::steady_clock::now() + kPredecessorWait;
  while (true) {
    auto lock = env.lock(root + "/worker.lock");
    if (lock.ok() || std::chrono::steady_clock::now() > give_up) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

audit::Event job_event(const store::Job& job, std::string phase) {
  audit::Event event;
  event.type = job.stage + ".run";
  event.phase = std::move(phase);
  event.actor = "os:" + std::to_string(::getuid());
  event.objects.push_back(job.id);
  event.objects.insert(event.objects.end(), job.inputs.begin(), job.inputs.end());
  return event;
}

Result<std::vector<std::string>> run_job(const std::string& root, const std::string& job_id,
                                         Progress& progress) {
  Env& env = Env::posix();
  RESIDENCY_TRY(const auto workspace, store::Workspace::open(env, root));
  RESIDENCY_TRY(const auto lock, lock_workers(env, root));
  RESIDENCY_TRY(const auto found, workspace->find_job(job_id));
  if (!found) return not_found("no such job: " + job_id);
  RESIDENCY_TRY(const Stage* stage, find_stage(found->stage));
  RESIDENCY_TRY(auto options, ConfigNode::parse(found->options_json, "options of " + found->name));
  RESIDENCY_TRY(const auto audit_log, audit::AuditLog::open(*workspace));
  // Where the intent cannot be written, no PHI is opened.
  RESIDENCY_TRY_VOID(audit_log->append(job_event(*found, "intent")));
  StageContext context{*workspace, *audit_log, *found, std::move(options), progress};
  auto outputs = stage->run(context);
  audit::Event outcome = job_event(*found, "outcome");
  outcome.outcome = outputs.ok() ? "success" : "failure";
  if (outputs.ok()) {
    outcome.objects.insert(outcome.objects.end(), outputs->begin(), outputs->end());
  } else {
    outcome.reason_code = traits(outputs.error().code()).name;
  }
  RESIDENCY_TRY_VOID(audit_log->append(outcome));
  return outputs;
}

}  // namespace

int run_worker(const std::string& workspace_root, const std::string& job_id, int pipe_fd) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == 1) return 1;  // the parent died before it could be watched
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);  // the terminal sends it to parent and worker; the parent decides
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  ::sigaction(SIGTERM, &action, nullptr);
  PipeProgress progress(pipe_fd);
  auto outputs = run_job(workspace_root, job_id, progress);
  WorkerMessage message;
  if (outputs.ok()) {
    message.kind = WorkerMessage::Kind::kDone;
    message.outputs = *outputs;
  } else {
    message.kind = WorkerMessage::Kind::kFailed;
    message.error_code = traits(outputs.error().code()).name;
    message.error_message = outputs.error().message();
  }
  send(pipe_fd, message);
  return outputs.ok() ? 0 : traits(outputs.error().code()).exit_code;
}

}  // namespace residency::pipeline
