// Any bytes as the body of each Bedrock Runtime operation, and as a message of an endpoint's
// process: refused with a message, or a request within its bounds.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "serve/bedrock.h"
#include "serve/chat_json.h"
#include "serve/json_grammar.h"
#include "serve/tools.h"

namespace {

using namespace residency;

void check(const Result<serve::ChatRequest>& request, const serve::ChatLimits& limits) {
  if (!request.ok()) {
    RESIDENCY_CHECK(!request.error().message().empty());
    return;
  }
  RESIDENCY_CHECK(request->sampling.tokens_max >= 1);
  RESIDENCY_CHECK(request->sampling.tokens_max <= limits.tokens_max);
  RESIDENCY_CHECK(request->prompt || !request->messages.empty());
  const auto again = serve::chat_request_from_json(serve::to_json(*request));
  RESIDENCY_CHECK(again.ok() && again->messages.size() == request->messages.size());
  const auto rendered = serve::messages_for_template(*request, "tools <tool_call>");
  if (request->schema) {
    const auto grammar = serve::json_grammar(*request->schema);
    RESIDENCY_CHECK(!grammar.ok() || grammar->starts_with("root ::= "));
  }
  if (!request->tools.empty()) {
    const auto grammar = serve::tool_grammar(*request);
    RESIDENCY_CHECK(!grammar.ok() || grammar->starts_with("root ::= "));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const serve::ChatLimits limits;
  const auto named = serve::served_name(bytes);
  const auto invocation = serve::read_invocation(bytes, "icd", limits);
  if (invocation.ok() && invocation->form != serve::InvokeForm::kTitan) {
    check(invocation->request, limits);
  }
  const auto body = parse_json(bytes);
  if (!body.ok()) return 0;
  check(serve::read_converse(*body, limits), limits);
  check(serve::read_count_tokens(*body, "icd", limits), limits);
  const auto guardrail = serve::read_apply_guardrail(*body);
  const auto request = serve::chat_request_from_json(*body);
  const auto answer = serve::chat_answer_from_json(*body);
  const auto grammar = serve::json_grammar(*body);
  return 0;
}
