// EndpointProcess: a process that answers for an endpoint, from its start to its end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "serve/wire.h"

namespace residency::serve {

class EndpointProcess {
 public:
  /// Messages of the process, in order, from one thread; null at its end, last.
  using Listener = std::function<void(const Json* message)>;

  /// Starts `command` (a program and its arguments) with one end of a wire as descriptor 3, and
  /// sends `description` first.
  static Result<std::unique_ptr<EndpointProcess>> start(const std::vector<std::string>& command,
                                                        const Json& description, Listener listener);
  /// Lets the process answer what it has, then waits for its end; after 30 s it is killed.
  ~EndpointProcess();

  bool send(const Json& message) { return wire_->send(message); }
  int pid() const { return pid_; }
  void kill() const;

 private:
  EndpointProcess(int pid, std::unique_ptr<Wire> wire, Listener listener);
  void listen();

  const int pid_;
  const std::unique_ptr<Wire> wire_;
  const Listener listener_;
  std::thread thread_;
};

}  // namespace residency::serve
