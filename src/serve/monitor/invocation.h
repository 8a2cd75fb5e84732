// Invocation and Feedback: what was asked and answered, and what people said of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace residency::serve {

inline constexpr std::string_view kInvocationLog = "invocations";
inline constexpr std::string_view kFeedbackLog = "feedback";

/// One exchange, for the optional log in the encrypted store. Holds text: it never goes elsewhere.
struct Invocation {
  std::string request;  // the request's id
  std::string deployment;
  std::int64_t version = 0;
  std::string caller;
  std::int64_t time_ms = 0;
  Json messages = Json::array();  // [{"role", "content"}...]
  std::string answer;
  std::string finish;
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  Json guardrail = Json::object();  // outcome and findings, without text

  std::string to_json_line() const;
  static Result<Invocation> from_json_line(std::string_view line);
};

/// What somebody said of the answer to `request`.
struct Feedback {
  std::string request;
  int rating = 0;          // 1: good, -1: bad
  std::string correction;  // the answer as it should have been; "" where none
  std::string comment;
  std::string caller;
  std::int64_t time_ms = 0;

  std::string to_json_line() const;
  /// The body of a feedback request: {"request_id", "rating": "up" | "down" | 1 | -1,
  /// "correction", "comment"}; kInvalidArgument naming the field.
  static Result<Feedback> from_request(const Json& body);
  static Result<Feedback> from_json_line(std::string_view line);
};

inline constexpr std::size_t kFeedbackTextBytesMax = 64 * 1024;

struct FeedbackSet {
  std::vector<std::string> preferred;  // JSON lines: prompt, chosen, rejected
  std::vector<std::string> judged;     // JSON lines: prompt, completion, label
  std::vector<std::string> approved;   // JSON lines: messages; answers rated good or corrected
  std::size_t unmatched = 0;           // feedback without its exchange in the log
};

/// Joins the last feedback of each exchange with the exchange. The lines are those that the data
/// set task `jsonl` reads: pairs for DPO and ORPO, judged answers for KTO, conversations for SFT.
Result<FeedbackSet> feedback_set(const std::vector<std::string>& invocations,
                                 const std::vector<std::string>& feedback);

}  // namespace residency::serve
