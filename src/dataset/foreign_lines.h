// Training lines of other programs: Alpaca and ShareGPT, read into Example's messages.
#pragma once

#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "dataset/example.h"

namespace residency::dataset {

/// True for {"instruction":…,"output":…}, with "input", "system" and "history" where they stand
/// (Taori et al., Stanford Alpaca, 2023, and the trainers that took it up).
bool is_alpaca(const Json& line);
/// The user's message is the instruction and, after an empty line, the input. "history" is a list
/// of [user, assistant] pairs that come before.
Result<std::vector<Message>> alpaca_messages(const Json& line);

/// True for {"conversations":[{"from":…,"value":…}…]}.
bool is_sharegpt(const Json& line);
/// "human" and "user" are the user, "gpt", "assistant", "chatgpt", "bing", "bard" and "model" the
/// assistant, "system" the system; other speakers are refused. What stands before the first user's
/// message, but for a system's, and what follows the last assistant's is left out.
Result<std::vector<Message>> sharegpt_messages(const Json& line);

}  // namespace residency::dataset
