#include "serve/endpoint_process.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace residency::serve {
namespace {

constexpr int kWireDescriptor = 3;
constexpr std::chrono::seconds kEndLimit{30};

/// Starts the program with `theirs` as its descriptor 3 and nothing else of ours but 0 to 2.
Result<int> spawn(const std::vector<std::string>& command, int theirs) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, theirs, kWireDescriptor);
  // Connections among them: one that a child holds open would never end for its client.
  posix_spawn_file_actions_addclosefrom_np(&actions, kWireDescriptor + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // An interrupt from the terminal is the server's business.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, command.front().c_str(), &actions, &attributes,
                                   arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return io_error(std::string("cannot start a process: ") + std::strerror(failed));
  return static_cast<int>(pid);
}

}  // namespace

Result<std::unique_ptr<EndpointProcess>> EndpointProcess::start(
    const std::vector<std::string>& command, const Json& description, Listener listener) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return io_error("cannot make a socket pair");
  }
  auto wire = std::make_unique<Wire>(ends[0]);
  int theirs = ends[1];
  // dup2 of a descriptor onto itself would keep its close-on-exec.
  if (theirs == kWireDescriptor) {
    theirs = ::fcntl(ends[1], F_DUPFD_CLOEXEC, kWireDescriptor + 1);
    ::close(ends[1]);
  }
  auto pid = spawn(command, theirs);
  ::close(theirs);
  if (!pid.ok()) return pid.error();
  std::unique_ptr<EndpointProcess> process(
      new EndpointProcess(*pid, std::move(wire), std::move(listener)));
  process->send(description);
  process->thread_ = std::thread([raw = process.get()] { raw->listen(); });
  return process;
}

EndpointProcess::EndpointProcess(int pid, std::unique_ptr<Wire> wire, Listener listener)
    : pid_(pid), wire_(std::move(wire)), listener_(std::move(listener)) {}

EndpointProcess::~EndpointProcess() {
  wire_->finish();
  const auto end = std::chrono::steady_clock::now() + kEndLimit;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  wire_->close();
  if (thread_.joinable()) thread_.join();
}

void EndpointProcess::kill() const { ::kill(pid_, SIGKILL); }

void EndpointProcess::listen() {
  while (true) {
    const auto message = wire_->receive();
    if (!message.ok() || !*message) break;
    listener_(&**message);
  }
  listener_(nullptr);
}

}  // namespace residency::serve
