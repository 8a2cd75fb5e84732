// What a worker process tells its parent: one JSON line per message on a pipe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::pipeline {

/// One of: progress, the outputs of a finished job, or its error.
struct WorkerMessage {
  enum class Kind { kProgress, kDone, kFailed } kind = Kind::kProgress;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string unit;
  std::string note;
  std::vector<std::string> outputs;
  std::string error_code;
  std::string error_message;
};

/// At most 8 KiB, no newline inside, newline at the end.
std::string encode(const WorkerMessage& message);
Result<WorkerMessage> decode_worker_message(std::string_view line);

}  // namespace residency::pipeline
