// The Bedrock Runtime wire form: parsing and formatting, without HTTP.
// Shapes:
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "serve/chat.h"
#include "serve/guardrail.h"

namespace residency::serve {

/// The deployment and version that a model id or ARN names: what follows the last '/' ("icd", or
/// "icd@3" for version 3).
struct ServedName {
  std::string name;
  std::int64_t version = 0;  // 0: none named
};
/// kInvalidArgument where a version is no number.
Result<ServedName> served_name(std::string_view model_id);

/// Converse's and ConverseStream's body. kInvalidArgument names the field. What the model cannot do
/// (images, documents, a member that would change the answer and is not known) is refused.
Result<ChatRequest> read_converse(const Json& body, const ChatLimits& limits);

enum class InvokeForm : std::uint8_t {
  kLlama,   // {"prompt", "max_gen_len", "temperature", "top_p"}
  kOpenAi,  // {"messages", ...} or {"prompt", "max_tokens", ...}
  kTitan,   // {"inputText"}: an embedding
};
struct InvokeRequest {
  InvokeForm form = InvokeForm::kLlama;
  ChatRequest request;     // but for kTitan
  std::string input_text;  // of kTitan
};
/// InvokeModel's body, whose form is told by its members. `model` is what an OpenAI answer calls
/// itself.
Result<InvokeRequest> read_invocation(std::string_view body, const std::string& model,
                                      const ChatLimits& limits);

/// The chat whose tokens CountTokens counts.
Result<ChatRequest> read_count_tokens(const Json& body, const std::string& model,
                                      const ChatLimits& limits);

struct GuardrailApplication {
  std::string side;            // INPUT, OUTPUT
  Json texts = Json::array();  // {"text", "use" as ChatMessage::guard_use}
  bool all = false;
};
Result<GuardrailApplication> read_apply_guardrail(const Json& body);

std::string_view stop_reason(const ChatAnswer& answer);
Json converse_response(const ChatAnswer& answer, std::int64_t latency_ms);
/// What stands at the end of a ConverseStream: tool calls from block `index` on (and the end of the
/// text block before, where `text_open`), messageStop and metadata, as frames.
std::string converse_stream_end(const ChatAnswer& answer, bool text_open, std::int64_t latency_ms);

/// The body of InvokeModel's answer in the form of Llama.
Json llama_response(const ChatAnswer& answer);
/// A frame of InvokeModelWithResponseStream whose model says `payload`.
std::string invoke_chunk(std::string_view payload);
/// The last chunk's amazon-bedrock-invocationMetrics.
Json invocation_metrics(const ChatAnswer& answer, std::int64_t latency_ms,
                        std::int64_t first_byte_ms);

/// What the guardrail decides: {"action": "none"|"masked"|"blocked", "texts", "assessment",
/// "usage"}.
Result<Json> apply_guardrail(const Guardrail& guardrail, const GuardrailApplication& application);
/// ApplyGuardrail's answer, of such a decision.
Json apply_guardrail_response(const Json& decision, const GuardrailApplication& application);

/// An error's name in Bedrock Runtime ("ValidationException"), its status, and its name in a
/// stream.
struct BedrockError {
  std::string_view name;
  int status;
  std::string_view stream_name;
};
BedrockError bedrock_error(const Error& error, bool timeout = false);

}  // namespace residency::serve
