#include "server/middleware/error_response.h"

#include "serve/openai_chat.h"

namespace residency::server {

void set_header(HttpResponse& response, std::string_view name, std::string value) {
  for (auto& [key, present] : response.headers) {
    if (key == name) {
      present = std::move(value);
      return;
    }
  }
  response.headers.emplace_back(name, std::move(value));
}

HttpResponse error_response(int status, const Error& error, std::string_view param) {
  HttpResponse response;
  response.status = status;
  // Messages of our own faults name files and states that are no caller's business.
  const bool own_fault = status >= 500 && traits(error.code()).http_status >= 500;
  response.body = own_fault
                      ? serve::format_error(Error(error.code(), "the server failed; see its log"))
                      : serve::format_error(error, param);
  if (status == 429 || status == 503) set_header(response, "retry-after", "1");
  if (status == 401) set_header(response, "www-authenticate", "Bearer");
  return response;
}

HttpResponse error_response(const Error& error, std::string_view param) {
  return error_response(traits(error.code()).http_status, error, param);
}

}  // namespace residency::server
