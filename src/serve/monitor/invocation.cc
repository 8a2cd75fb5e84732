#include "serve/monitor/invocation.h"

#include <map>

namespace residency::serve {
namespace {

std::string prompt_of(const Json& messages) {
  std::string prompt;
  for (const Json& message : messages) {
    if (json_text(message, "role") != "user") continue;
    if (!prompt.empty()) prompt += "\n\n";
    prompt += json_text(message, "content");
  }
  return prompt;
}

}  // namespace

std::string Invocation::to_json_line() const {
  return dump_json({{"request", request},
                    {"deployment", deployment},
                    {"version", version},
                    {"caller", caller},
                    {"time_ms", time_ms},
                    {"messages", messages},
                    {"answer", answer},
                    {"finish", finish},
                    {"prompt_tokens", prompt_tokens},
                    {"completion_tokens", completion_tokens},
                    {"guardrail", guardrail}});
}

Result<Invocation> Invocation::from_json_line(std::string_view line) {
  RESIDENCY_TRY(const Json json, parse_json(line));
  Invocation one;
  one.request = json_text(json, "request");
  if (one.request.empty()) return invalid_input("an invocation has no request");
  one.deployment = json_text(json, "deployment");
  one.version = json_integer(json, "version");
  one.caller = json_text(json, "caller");
  one.time_ms = json_integer(json, "time_ms");
  one.messages = json_member(json, "messages");
  if (!one.messages.is_array()) return invalid_input("an invocation's messages are no list");
  one.answer = json_text(json, "answer");
  one.finish = json_text(json, "finish");
  one.prompt_tokens = json_integer(json, "prompt_tokens");
  one.completion_tokens = json_integer(json, "completion_tokens");
  one.guardrail = json_member(json, "guardrail");
  return one;
}

std::string Feedback::to_json_line() const {
  return dump_json({{"request", request},
                    {"rating", rating},
                    {"correction", correction},
                    {"comment", comment},
                    {"caller", caller},
                    {"time_ms", time_ms}});
}

Result<Feedback> Feedback::from_request(const Json& body) {
  if (!body.is_object()) return invalid_argument("the body must be a JSON object");
  Feedback one;
  for (const auto& [key, value] : body.items()) {
    if (key != "request_id" && key != "rating" && key != "correction" && key != "comment")
      return invalid_argument(key + ": there is no such field");
    if (key != "rating" && !value.is_string()) return invalid_argument(key + ": must be a text");
    if (value.is_string() && value.get_ref<const std::string&>().size() > kFeedbackTextBytesMax)
      return invalid_argument(key + ": must have at most 65536 bytes");
  }
  one.request = json_text(body, "request_id");
  if (one.request.empty()) return invalid_argument("request_id: is required");
  const Json& rating = json_member(body, "rating");
  if (rating == "up" || rating == 1) {
    one.rating = 1;
  } else if (rating == "down" || rating == -1) {
    one.rating = -1;
  } else {
    return invalid_argument("rating: must be up or down");
  }
  one.correction = json_text(body, "correction");
  one.comment = json_text(body, "comment");
  return one;
}

Result<Feedback> Feedback::from_json_line(std::string_view line) {
  RESIDENCY_TRY(const Json json, parse_json(line));
  Feedback one;
  one.request = json_text(json, "request");
  one.rating = static_cast<int>(json_integer(json, "rating"));
  if (one.request.empty() || (one.rating != 1 && one.rating != -1))
    return invalid_input("a line of the feedback has no request or no rating");
  one.correction = json_text(json, "correction");
  one.comment = json_text(json, "comment");
  one.caller = json_text(json, "caller");
  one.time_ms = json_integer(json, "time_ms");
  return one;
}

Result<FeedbackSet> feedback_set(const std::vector<std::string>& invocations,
                                 const std::vector<std::string>& feedback) {
  std::map<std::string, Invocation> asked;
  for (const std::string& line : invocations) {
    RESIDENCY_TRY(Invocation one, Invocation::from_json_line(line));
    asked[one.request] = std::move(one);
  }
  std::map<std::string, Feedback> said;  // the last word counts
  for (const std::string& line : feedback) {
    RESIDENCY_TRY(Feedback one, Feedback::from_json_line(line));
    said[one.request] = std::move(one);
  }
  FeedbackSet set;
  for (const auto& [request, one] : said) {
    const auto found = asked.find(request);
    if (found == asked.end() || found->second.answer.empty()) {
      ++set.unmatched;
      continue;
    }
    const Invocation& exchange = found->second;
    const std::string prompt = prompt_of(exchange.messages);
    set.judged.push_back(dump_json(
        {{"prompt", prompt}, {"completion", exchange.answer}, {"label", one.rating > 0}}));
    if (!one.correction.empty() && one.correction != exchange.answer)
      set.preferred.push_back(dump_json(
          {{"prompt", prompt}, {"chosen", one.correction}, {"rejected", exchange.answer}}));
    if (one.rating > 0 || !one.correction.empty()) {
      Json messages = exchange.messages;
      messages.push_back({{"role", "assistant"},
                          {"content", one.correction.empty() ? exchange.answer : one.correction}});
      set.approved.push_back(dump_json({{"messages", messages}}));
    }
  }
  return set;
}

}  // namespace residency::serve
