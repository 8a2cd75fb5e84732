// Example: one supervised training or test item.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::dataset {

struct Message {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

/// A conversation whose last message is the assistant's: the completion. Loss is taken on it alone.
struct Example {
  std::string id;                   // the record's id
  std::string patient;              // pseudonym; "" where none
  std::vector<Message> messages;    // at least one user message, then one assistant message
  std::vector<std::string> labels;  // the gold labels where the task has them (codes, "yes", ...)
  std::string category;             // for breakdowns: note type, subject; "" where none
};

/// {"id":…,"patient":…,"messages":[{"role":…,"content":…}…],"labels":[…],"category":…}
std::string to_json_line(const Example& example);

/// Reads chat JSONL ({"messages":[…]}) and Bedrock's prompt/completion JSONL
/// ({"prompt":…,"completion":…}); other keys than the above are refused. The error names the field.
Result<Example> example_from_json_line(std::string_view line);

}  // namespace residency::dataset
