#include "pipeline/worker_protocol.h"

#include "base/json.h"

namespace residency::pipeline {
namespace {

constexpr std::size_t kMessageBytesMax = 8192;
constexpr std::size_t kErrorBytesMax = 6000;

}  // namespace

std::string encode(const WorkerMessage& message) {
  Json line;
  switch (message.kind) {
    case WorkerMessage::Kind::kProgress:
      line = {{"kind", "progress"},
              {"done", message.done},
              {"total", message.total},
              {"unit", message.unit},
              {"note", message.note}};
      break;
    case WorkerMessage::Kind::kDone:
      line = {{"kind", "done"}, {"outputs", message.outputs}};
      break;
    case WorkerMessage::Kind::kFailed:
      line = {{"kind", "failed"},
              {"code", message.error_code},
              {"message", message.error_message.substr(0, kErrorBytesMax)}};
      break;
  }
  return dump_json(line) + "\n";
}

Result<WorkerMessage> decode_worker_message(std::string_view line) {
  if (line.size() > kMessageBytesMax) return invalid_input("worker message is too long");
  RESIDENCY_TRY(const Json parsed, parse_json(line));
  WorkerMessage message;
  const std::string kind = json_text(parsed, "kind");
  if (kind == "progress") {
    message.done = static_cast<std::uint64_t>(json_integer(parsed, "done"));
    message.total = static_cast<std::uint64_t>(json_integer(parsed, "total"));
    message.unit = json_text(parsed, "unit");
    message.note = json_text(parsed, "note");
  } else if (kind == "done") {
    message.kind = WorkerMessage::Kind::kDone;
    for (const Json& id : json_member(parsed, "outputs")) {
      if (id.is_string()) message.outputs.push_back(id.get<std::string>());
    }
  } else if (kind == "failed") {
    message.kind = WorkerMessage::Kind::kFailed;
    message.error_code = json_text(parsed, "code");
    message.error_message = json_text(parsed, "message");
  } else {
    return invalid_input("worker message of an unknown kind");
  }
  return message;
}

}  // namespace residency::pipeline
