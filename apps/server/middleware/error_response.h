// Errors as HTTP responses: the status from base's error table, the body in the OpenAI form.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "server/http_message.h"

namespace residency::server {

/// Internal errors keep their message to themselves; retryable ones carry retry-after.
HttpResponse error_response(const Error& error, std::string_view param = "");

/// The same with a status of its own, for what the table does not know (405, 408, 413, 431...).
HttpResponse error_response(int status, const Error& error, std::string_view param = "");

/// Adds the header or replaces its value.
void set_header(HttpResponse& response, std::string_view name, std::string value);

}  // namespace residency::server
