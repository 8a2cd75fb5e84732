// ChatRequest and ChatAnswer as JSON, for the pipe between the server and an endpoint's process.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "serve/chat.h"
#include "serve/endpoint.h"

namespace residency::serve {

Json to_json(const ChatRequest& request);
Json to_json(const ChatAnswer& answer);
Json to_json(const Error& error);
Json to_json(const EndpointOptions& options);

/// What to_json made; kInvalidInput for anything else.
Result<ChatRequest> chat_request_from_json(const Json& value);
Result<ChatAnswer> chat_answer_from_json(const Json& value);
Error error_from_json(const Json& value);
Result<EndpointOptions> endpoint_options_from_json(const Json& value);

}  // namespace residency::serve
