#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipeline/executor.h"
#include "pipeline/worker_protocol.h"

namespace residency::pipeline {
namespace {

constexpr int kPollMs = 100;
constexpr std::size_t kPipeBufferBytesMax = 1u << 20;

struct Child {
  pid_t pid = -1;
  int pipe = -1;
};

/// This process's environment, with OpenMP's threads sleeping while they wait unless the user said
/// otherwise: threads that spin make a training step many times slower as soon as another program
/// wants a core.
std::vector<std::string> worker_environment() {
  constexpr std::string_view kWaitPolicy = "OMP_WAIT_POLICY=";
  std::vector<std::string> settings;
  bool said = false;
  for (char** setting = environ; *setting != nullptr; ++setting) {
    settings.emplace_back(*setting);
    said = said || settings.back().rfind(kWaitPolicy, 0) == 0;
  }
  if (!said) settings.push_back(std::string(kWaitPolicy) + "passive");
  return settings;
}

Result<Child> start(const std::string& program, const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return io_error("cannot make a pipe for the worker");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::vector<char*> argv;
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  Child child;
  std::vector<std::string> settings = worker_environment();
  std::vector<char*> environment;
  for (std::string& setting : settings) environment.push_back(setting.data());
  environment.push_back(nullptr);
  const int code = ::posix_spawn(&child.pid, program.c_str(), &actions, nullptr, argv.data(),
                                 environment.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (code != 0) {
    ::close(ends[0]);
    return io_error(fmt::format("cannot start the worker: {}", std::strerror(code)));
  }
  child.pipe = ends[0];
  return child;
}

/// Takes whole lines out of `buffer`; remembers the last that is not progress.
void take_lines(std::string& buffer, Progress& progress, std::optional<WorkerMessage>& ending) {
  for (auto end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n')) {
    auto message = decode_worker_message(std::string_view(buffer).substr(0, end));
    buffer.erase(0, end + 1);
    if (!message.ok()) continue;  // a library wrote to standard output: not ours to act on
    if (message->kind == WorkerMessage::Kind::kProgress) {
      progress.update(message->done, message->total, message->unit, message->note);
    } else {
      ending = std::move(message).value();
    }
  }
  if (buffer.size() > kPipeBufferBytesMax) buffer.clear();
}

std::optional<WorkerMessage> listen(const Child& child, Progress& progress) {
  std::string buffer;
  std::optional<WorkerMessage> ending;
  bool asked_to_stop = false;
  while (true) {
    pollfd waiting{child.pipe, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kPollMs);
    if (progress.cancelled() && !asked_to_stop) {
      ::kill(child.pid, SIGTERM);
      asked_to_stop = true;
    }
    if (ready <= 0) continue;
    std::array<char, 65536> bytes{};
    const ssize_t got = ::read(child.pipe, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return ending;
    buffer.append(bytes.data(), static_cast<std::size_t>(got));
    take_lines(buffer, progress, ending);
  }
}

}  // namespace

Result<std::vector<std::string>> LocalExecutor::run(const store::Job& job, Progress& progress) {
  RESIDENCY_TRY(const Child child, start(program_, {program_, "job-worker", "--workspace",
                                                    workspace_root_, "--job", job.id}));
  const auto ending = listen(child, progress);
  ::close(child.pipe);
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (ending && ending->kind == WorkerMessage::Kind::kDone) return ending->outputs;
  if (ending) return Error(error_code_named(ending->error_code), ending->error_message);
  if (progress.cancelled()) return cancelled("the job was stopped");
  if (WIFSIGNALED(status)) {
    return internal_error(
        fmt::format("the worker of stage {} died of signal {}; its job resumes when run again",
                    job.stage, WTERMSIG(status)));
  }
  return internal_error(
      fmt::format("the worker of stage {} ended without an answer, exit status {}", job.stage,
                  WEXITSTATUS(status)));
}

}  // namespace residency::pipeline
