// ChatRequest and ChatAnswer: one exchange, whatever wire it came over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "infer/engine.h"

namespace residency::serve {

/// What an endpoint lets one request ask for.
struct ChatLimits {
  int messages_max = 256;
  std::size_t content_bytes_max = 1u << 20;  // all messages together
  int tokens_default = 256;                  // completion tokens where the request does not say
  int tokens_max = 4096;
  int stops_max = 4;
  std::size_t stop_bytes_max = 256;
};

struct ChatRequest {
  std::string model;  // the deployment's name
  std::vector<infer::ChatMessage> messages;
  infer::SamplingOptions sampling;
  bool stream = false;
  bool stream_usage = false;  // a last chunk with the usage
};

enum class ChatFinish : std::uint8_t {
  kStop,
  kLength,
  kContentFilter,
  kTimeout,    // the endpoint's time limit; the text so far is given
  kCancelled,  // the client went away
};

struct ChatAnswer {
  std::string text;
  ChatFinish finish = ChatFinish::kStop;
  int prompt_tokens = 0;
  int completion_tokens = 0;
  std::uint64_t spans_filtered = 0;
};

/// Checks fields and bounds; the message begins with the field's path, which is left in `param`.
Result<void> check_chat_request(const ChatRequest& request, const ChatLimits& limits,
                                std::string& param);

}  // namespace residency::serve
