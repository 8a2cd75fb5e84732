#include "server/aws/bedrock_runtime.h"

#include <array>
#include <utility>

#include "serve/bedrock.h"
#include "serve/chat_json.h"
#include "serve/openai_chat.h"
#include "server/aws/aws_caller.h"
#include "server/aws/bedrock_answer.h"
#include "server/routes/asking.h"

namespace residency::server {
namespace {

constexpr std::string_view kModel = "/model/";
constexpr std::string_view kGuardrail = "/guardrail/";

enum class Operation : std::uint8_t {
  kInvoke,
  kInvokeStream,
  kConverse,
  kConverseStream,
  kCountTokens,
  kApplyGuardrail,
  kOther,
};

struct Named {
  std::string_view last;  // the path's last segment
  Operation operation;
  std::string_view counted;
};
constexpr std::array<Named, 5> kModelOperations{{
    {"invoke", Operation::kInvoke, "bedrock.InvokeModel"},
    {"invoke-with-response-stream", Operation::kInvokeStream,
     "bedrock.InvokeModelWithResponseStream"},
    {"converse", Operation::kConverse, "bedrock.Converse"},
    {"converse-stream", Operation::kConverseStream, "bedrock.ConverseStream"},
    {"count-tokens", Operation::kCountTokens, "bedrock.CountTokens"},
}};

/// What a path names. Segments are taken apart before they are decoded: an ARN in one of them holds
/// encoded slashes.
struct Place {
  Operation operation = Operation::kOther;
  std::string_view counted = "bedrock.other";
  std::string id;       // of the model or guardrail
  std::string version;  // of the guardrail
};

Result<Place> place_of(std::string_view path) {
  Place place;
  if (path.starts_with(kModel)) {
    path.remove_prefix(kModel.size());
    // An ARN may come with its slash as it is: the operation is what follows the last one.
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return place;
    for (const Named& named : kModelOperations) {
      if (named.last != path.substr(slash + 1)) continue;
      place.operation = named.operation;
      place.counted = named.counted;
    }
    RESIDENCY_TRY(place.id, decode_segment(path.substr(0, slash)));
    return place;
  }
  path.remove_prefix(kGuardrail.size());
  constexpr std::string_view kVersion = "/version/";
  const auto version = path.find(kVersion);
  if (version == std::string_view::npos || !path.ends_with("/apply")) return place;
  const auto begin = version + kVersion.size();
  const auto end = path.size() - std::string_view("/apply").size();
  if (end < begin) return place;
  RESIDENCY_TRY(place.id, decode_segment(path.substr(0, version)));
  RESIDENCY_TRY(place.version, decode_segment(path.substr(begin, end - begin)));
  place.operation = Operation::kApplyGuardrail;
  place.counted = "bedrock.ApplyGuardrail";
  return place;
}

void submit(ServerState& state, const Asked& asked, const std::string& caller,
            serve::ChatRequest request, const std::shared_ptr<Reply>& reply,
            std::shared_ptr<serve::ChatObserver> answer) {
  const auto refused = submit_chat(state, asked, caller, std::move(request), reply->gone(), answer);
  if (refused) reply->send(bedrock_refusal(refused->error, "", false, refused->retry_after_s));
}

void converse(const HttpRequest& request, ServerState& state, const Asked& asked,
              const std::string& caller, const std::shared_ptr<Reply>& reply, bool stream) {
  const auto body = serve::parse_chat_body(request.body);
  if (!body.ok()) return reply->send(bedrock_refusal(body.error()));
  auto read = serve::read_converse(*body, asked.endpoint->limits());
  if (!read.ok()) return reply->send(bedrock_refusal(read.error()));
  submit(state, asked, caller, *std::move(read), reply,
         std::make_shared<BedrockAnswer>(reply, BedrockForm::kConverse, stream, asked.name, true));
}

/// The guardrail that InvokeModel's headers name.
Result<void> read_guardrail_headers(const HttpRequest& request, serve::ChatRequest& into) {
  into.guard.id = request.header("x-amzn-bedrock-guardrailidentifier");
  into.guard.version = request.header("x-amzn-bedrock-guardrailversion");
  if (into.guard.id.empty() != into.guard.version.empty()) {
    return invalid_argument("guardrailIdentifier and guardrailVersion are both needed");
  }
  return {};
}

void embed(ServerState& state, const Asked& asked, const std::string& caller,
           const std::string& text, const std::shared_ptr<Reply>& reply) {
  const auto done = [reply](Result<Json> answer) {
    if (!answer.ok()) return reply->send(bedrock_refusal(answer.error()));
    reply->send(bedrock_json({{"embedding", json_member(*answer, "vectors")[0]},
                              {"inputTextTokenCount", json_integer(*answer, "tokens")}}));
  };
  const auto refused = ask_for_vectors(state, asked, caller, {text}, done);
  if (refused) reply->send(bedrock_refusal(refused->error, "", false, refused->retry_after_s));
}

void invoke(const HttpRequest& request, ServerState& state, const Asked& asked,
            const std::string& caller, const std::shared_ptr<Reply>& reply, bool stream) {
  auto read = serve::read_invocation(request.body, asked.name, asked.endpoint->limits());
  if (!read.ok()) return reply->send(bedrock_refusal(read.error()));
  if (read->form == serve::InvokeForm::kTitan) {
    if (!stream) return embed(state, asked, caller, read->input_text, reply);
    return reply->send(bedrock_refusal(invalid_argument("an embedding is not streamed")));
  }
  if (auto named = read_guardrail_headers(request, read->request); !named.ok()) {
    return reply->send(bedrock_refusal(named.error()));
  }
  const auto form =
      read->form == serve::InvokeForm::kOpenAi ? BedrockForm::kOpenAi : BedrockForm::kLlama;
  const bool chat = !read->request.prompt.has_value();
  submit(state, asked, caller, std::move(read->request), reply,
         std::make_shared<BedrockAnswer>(reply, form, stream, asked.name, chat));
}

void count_tokens(const HttpRequest& request, const Asked& asked,
                  const std::shared_ptr<Reply>& reply) {
  const auto body = serve::parse_chat_body(request.body);
  if (!body.ok()) return reply->send(bedrock_refusal(body.error()));
  const auto read = serve::read_count_tokens(*body, asked.name, asked.endpoint->limits());
  if (!read.ok()) return reply->send(bedrock_refusal(read.error()));
  asked.endpoint->ask(
      {{"what", "count"}, {"request", serve::to_json(*read)}}, [reply](Result<Json> answer) {
        if (!answer.ok()) return reply->send(bedrock_refusal(answer.error()));
        reply->send(bedrock_json({{"inputTokens", json_integer(*answer, "tokens")}}));
      });
}

void apply_guardrail(const HttpRequest& request, ServerState& state, const Place& place,
                     const std::shared_ptr<Reply>& reply) {
  const auto body = serve::parse_chat_body(request.body);
  if (!body.ok()) return reply->send(bedrock_refusal(body.error()));
  auto read = serve::read_apply_guardrail(*body);
  if (!read.ok()) return reply->send(bedrock_refusal(read.error()));
  if (state.guardrails == nullptr) {
    return reply->send(bedrock_refusal(not_found("guardrail: none is served")));
  }
  auto guardrail = state.guardrails->find(place.id, place.version);
  if (!guardrail.ok()) return reply->send(bedrock_refusal(guardrail.error()));
  state.guard_desk.post(
      0, [reply, application = *std::move(read), guardrail = *std::move(guardrail)] {
        auto decision = serve::apply_guardrail(*guardrail, application);
        if (!decision.ok()) return reply->send(bedrock_refusal(decision.error()));
        reply->send(bedrock_json(serve::apply_guardrail_response(*decision, application)));
      });
}

void on_model(const HttpRequest& request, ServerState& state, const Place& place,
              const std::string& caller, const std::shared_ptr<Reply>& reply) {
  const auto asked = find_endpoint(state, place.id);
  if (!asked.ok()) return reply->send(bedrock_refusal(asked.error()));
  switch (place.operation) {
    case Operation::kInvoke:
    case Operation::kInvokeStream:
      return invoke(request, state, *asked, caller, reply,
                    place.operation == Operation::kInvokeStream);
    case Operation::kConverse:
    case Operation::kConverseStream:
      return converse(request, state, *asked, caller, reply,
                      place.operation == Operation::kConverseStream);
    case Operation::kCountTokens:
      return count_tokens(request, *asked, reply);
    case Operation::kApplyGuardrail:
    case Operation::kOther:
      return;
  }
}

}  // namespace

Result<std::string> decode_segment(std::string_view segment) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string made;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      made += segment[i];
      continue;
    }
    const int high = i + 2 < segment.size() ? digit(segment[i + 1]) : -1;
    const int low = high < 0 ? -1 : digit(segment[i + 2]);
    if (low < 0) return invalid_argument("the path is not percent-encoded");
    made += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return made;
}

bool is_bedrock_runtime(const HttpRequest& request) {
  return request.path.starts_with(kModel) || request.path.starts_with(kGuardrail);
}

std::string_view bedrock_runtime(const HttpRequest& request, ServerState& state,
                                 std::shared_ptr<Reply> reply) {
  const auto place = place_of(request.path);
  if (!place.ok()) {
    reply->send(bedrock_refusal(place.error()));
    return "bedrock.other";
  }
  std::string type;
  const auto caller = aws_caller(request, state, "bedrock", type);
  if (!caller.ok()) {
    reply->send(bedrock_refusal(caller.error(), type));
  } else if (request.method != "POST" || place->operation == Operation::kOther) {
    HttpResponse unknown = bedrock_refusal(not_found("no such operation; see docs/serve.md"),
                                           "UnknownOperationException");
    unknown.status = 404;
    reply->send(std::move(unknown));
  } else if (place->operation == Operation::kApplyGuardrail) {
    apply_guardrail(request, state, *place, reply);
  } else {
    on_model(request, state, *place, *caller, reply);
  }
  return place->counted;
}

}  // namespace residency::server
