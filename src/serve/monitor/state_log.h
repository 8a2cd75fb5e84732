// StateLog: lines kept encrypted in the workspace's state, in segments.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/line_io.h"
#include "base/result.h"
#include "store/workspace.h"

namespace residency::serve {

struct StateLogOptions {
  std::size_t segment_bytes_max = 1u << 20;  // rewritten whole at each flush
  std::size_t unflushed_max = 32;            // lines that a crash may lose
  std::size_t line_bytes_max = 1u << 20;
  std::int64_t segments_max = 100'000;  // older ones are removed
};

/// Thread-safe; one process writes a log at a time.
class StateLog {
 public:
  /// `name`: [a-z0-9_.-]. Goes on where the last one ended.
  static Result<std::unique_ptr<StateLog>> open(store::Workspace& workspace, std::string name,
                                                const StateLogOptions& options = {});
  ~StateLog();

  /// kInvalidArgument where the line is too long or has a line break.
  Result<void> append(std::string_view line);
  /// Makes what was appended survive.
  Result<void> flush();
  /// Every line of the log `name`, oldest first.
  static Result<std::vector<std::string>> read(store::Workspace& workspace,
                                               const std::string& name);
  /// Removes the whole log.
  static Result<void> remove(store::Workspace& workspace, const std::string& name);

 private:
  StateLog(store::Workspace& workspace, std::string name, const StateLogOptions& options)
      : workspace_(workspace), name_(std::move(name)), options_(options) {}
  Result<void> flush_held();

  store::Workspace& workspace_;
  const std::string name_;
  const StateLogOptions options_;
  std::mutex mutex_;
  std::int64_t first_ = 0;
  std::int64_t segment_ = 0;
  std::string bytes_;  // of the current segment
  std::size_t unflushed_ = 0;
};

}  // namespace residency::serve
