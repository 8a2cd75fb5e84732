// Example: one supervised training or test item.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::dataset {

inline constexpr std::size_t kMessagesMax = 1024;
inline constexpr std::size_t kLabelsMax = 4096;

/// Whether an assistant's message is trained: as OpenAI's "weight" of 1 or 0 has it.
enum class TurnWeight : std::uint8_t { kUnsaid, kTrained, kPassedOver };

struct Message {
  std::string role;  // "system", "user", "assistant"
  std::string content;
  TurnWeight weight = TurnWeight::kUnsaid;
};

/// How an example becomes text. It travels with the example, so that what is trained on, what is
/// evaluated and what is served cannot differ.
enum class Format : std::uint8_t {
  kChat,        // the model's own chat template
  kCompletion,  // the user message's text, then the assistant's, nothing between: base models
  kLabelled,    // the user message's text alone, of which a head says labels or entities
  kText,        // the user message's text alone, every token trained: continued pre-training
};

/// True where an example is its user message's text and nothing is answered.
constexpr bool is_text_alone(Format format) {
  return format == Format::kLabelled || format == Format::kText;
}

/// A stretch of a text with a type: bytes, end exclusive.
struct LabelledSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string type;
  auto operator<=>(const LabelledSpan&) const = default;
};

/// What somebody said of an answer.
enum class Judgement : std::uint8_t { kNone, kDesirable, kUndesirable };

/// A conversation whose last message is the assistant's: the completion. Loss is taken on it alone,
/// or on those of the assistant's messages whose weight says so, where any says anything.
struct Example {
  std::string id;                 // the record's id
  std::string patient;            // pseudonym; "" where none
  std::vector<Message> messages;  // at least one user message, then one assistant message
  std::string rejected;           // an answer judged worse than the last message; "" where none
  Judgement judgement = Judgement::kNone;  // of the answer alone
  std::vector<std::string> labels;  // the gold labels where the task has them (codes, "yes", ...)
  std::string category;             // for breakdowns: note type, subject; "" where none
  /// Whom the item is about, for results by subgroup: "sex", "age", "ethnicity" to a value each.
  std::map<std::string, std::string> groups;
  std::vector<LabelledSpan> entities;  // kLabelled: of the text; may overlap
  Format format = Format::kChat;       // kCompletion: exactly one user and one assistant message;
                                       // kLabelled, kText: one user message
};

/// {"id":…,"patient":…,"messages":[{"role":…,"content":…}…],"labels":[…],"category":…}, with
/// "format":"completion" where it is not chat.
std::string to_json_line(const Example& example);

/// Reads the form that to_json_line() writes, chat JSONL as Bedrock and OpenAI take it
/// ({"messages":[…]}, with Bedrock's "schemaVersion" and "system") and Bedrock's prompt/completion
/// JSONL ({"prompt":…,"completion":…}), and pairs of answers
/// ({"prompt":…,"chosen":…,"rejected":…}), and answers judged alone (with "label": true or false).
/// Content may be a text or a list of {"text":…} parts. Other keys are refused. The error names the
/// field, never its value.
Result<Example> example_from_json_line(std::string_view line);

/// kInvalidInput, naming the field, where the messages are not as Example demands.
Result<void> check_example(const Example& example);

}  // namespace residency::dataset
