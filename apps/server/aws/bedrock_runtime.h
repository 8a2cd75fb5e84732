// Bedrock Runtime: InvokeModel, InvokeModelWithResponseStream, Converse, ConverseStream,
// CountTokens and ApplyGuardrail over the same endpoints as the OpenAI routes.
#pragma once

#include <memory>
#include <string_view>

#include "server/http_message.h"
#include "server/reply.h"
#include "server/server_state.h"

namespace residency::server {

/// Whether a request's path is one of that API's.
bool is_bedrock_runtime(const HttpRequest& request);

/// Answers now or later. Returns the name to count the request by.
std::string_view bedrock_runtime(const HttpRequest& request, ServerState& state,
                                 std::shared_ptr<Reply> reply);

/// A percent-encoded path segment's bytes; kInvalidArgument where '%' is not followed by two hex
/// digits.
Result<std::string> decode_segment(std::string_view segment);

}  // namespace residency::server
