// The OpenAI chat completion wire form: parsing and formatting, without HTTP.
// Shapes: https://platform.openai.com/docs/api-reference/chat
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "serve/chat.h"

namespace residency::serve {

/// The request body as JSON. kInvalidArgument, never repeating the body, where it is not an object.
Result<Json> parse_chat_body(std::string_view body);

/// The deployment a request asks for.
Result<std::string> requested_model(const Json& body, std::string& param);

/// Reads and checks a request. Fields that are not known are ignored, as clients send many; known
/// features that would change the answer and are not there (n > 1, penalties, images) are refused
/// rather than dropped. Errors are kInvalidArgument, name the field and its bound, and leave the
/// field in `param`.
Result<ChatRequest> read_chat_request(const Json& body, const ChatLimits& limits,
                                      std::string& param);

/// The same of /v1/completions: text without a template.
Result<ChatRequest> read_completion_request(const Json& body, const ChatLimits& limits,
                                            std::string& param);

struct EmbeddingRequest {
  std::string model;
  std::vector<std::string> texts;
  bool base64 = false;  // the numbers as base64 of little-endian floats
};
Result<EmbeddingRequest> read_embedding_request(const Json& body, std::string& param);

/// parse_chat_body() and read_chat_request().
Result<ChatRequest> parse_chat_request(std::string_view body, const ChatLimits& limits,
                                       std::string& param);

/// What all parts of one response share.
struct ResponseHead {
  std::string id;  // "chatcmpl-..."
  std::int64_t created_s = 0;
  std::string model;
  bool chat = true;  // false: in the form of /v1/completions
};

/// "stop", "length", "tool_calls" or "content_filter". A time-out that is answered at all reads
/// "length".
std::string_view finish_reason(ChatFinish finish);

/// The whole answer ("chat.completion" or "text_completion").
std::string format_chat_response(const ResponseHead& head, const ChatAnswer& answer);

/// Streaming: server-sent events, each "data: {...}\n\n", in this order.
std::string format_stream_start(const ResponseHead& head);
std::string format_stream_text(const ResponseHead& head, std::string_view text);
/// The finish reason, the usage where `with_usage`, then "data: [DONE]\n\n".
std::string format_stream_end(const ResponseHead& head, const ChatAnswer& answer, bool with_usage);
/// An error after the first event, then "data: [DONE]\n\n".
std::string format_stream_error(const Error& error);

/// Vectors as Endpoint::ask's "embed" gives them.
std::string format_embeddings(const EmbeddingRequest& request, const Json& answer);

/// {"error": {"message", "type", "param", "code"}}.
std::string format_error(const Error& error, std::string_view param = "");

/// One line of the model list.
struct ModelLine {
  std::string id;
  std::int64_t created_s = 0;
};
std::string format_model_list(const std::vector<ModelLine>& models);

}  // namespace residency::serve
