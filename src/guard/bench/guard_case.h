// GuardCase: one text with what the guardrails should do, for the trainer and the test bench.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "guard/conversation.h"

namespace residency::guard {

struct GuardCase {
  std::string where;  // "file:line"
  std::string text;
  Direction direction = Direction::kInput;
  Mode mode = Mode::kClinician;
  bool harmful = false;           // something must happen
  std::string policy;             // what must find it ("content.violence"); "" for any
  std::string category;           // what an ordinary text is paired with
  Conversation conversation;      // before the text
  std::vector<std::string> gone;  // must not be in what leaves
};

/// JSON lines, or our text form (a line a case, "@ key=value ..." before them sets what follows;
/// "#" begins a comment). Errors name file and line.
Result<std::vector<GuardCase>> parse_cases(std::string_view text, const std::string& file);

/// A file, or every .txt and .jsonl of a folder.
Result<std::vector<GuardCase>> read_cases(Env& env, const std::string& path);

}  // namespace residency::guard
