#include "serve/tools.h"

#include <gtest/gtest.h>

namespace residency::serve {
namespace {

const std::vector<Tool> kTools{{"dose", "", {{"type", "object"}}}};

/// The text and calls of an answer that comes in pieces of `bytes`.
std::pair<std::string, std::vector<ToolCall>> read(const std::string& answer, std::size_t bytes) {
  ToolCallReader reader(kTools);
  std::string text;
  for (std::size_t at = 0; at < answer.size(); at += bytes) {
    text += reader.feed(std::string_view(answer).substr(at, bytes));
  }
  text += reader.finish();
  return {text, reader.take_calls()};
}

TEST(ToolCallReader, FindsCallsHoweverTheAnswerIsCut) {
  const std::string answer =
      "First: <tool_call>\n{\"name\": \"dose\", \"arguments\": {\"drug\": \"a\"}}\n</tool_call>\n"
      "<tool_call>{\"name\": \"dose\", \"arguments\": {}}</tool_call>";
  for (const std::size_t bytes : {1u, 2u, 3u, 7u, 11u, 500u}) {
    const auto [text, calls] = read(answer, bytes);
    EXPECT_EQ(text, "First: ") << bytes;
    ASSERT_EQ(calls.size(), 2u) << bytes;
    EXPECT_EQ(calls[0].name, "dose");
    EXPECT_EQ(calls[0].arguments, R"({"drug":"a"})");
    EXPECT_EQ(calls[1].arguments, "{}");
  }
}

TEST(ToolCallReader, WhatIsNoCallIsText) {
  for (const std::string answer :
       {"<tool_call>not json</tool_call>",
        "<tool_call>{\"name\": \"unknown\", \"arguments\": {}}</tool_call>",
        "<tool_call>{\"name\": \"dose\", \"arguments\": 3}</tool_call>", "<tool_call> never closed",
        "a < b and <tool_", "<<tool_call"}) {
    for (const std::size_t bytes : {1u, 4u, 500u}) {
      const auto [text, calls] = read(answer, bytes);
      EXPECT_EQ(text, answer);
      EXPECT_TRUE(calls.empty());
    }
  }
}

}  // namespace
}  // namespace residency::serve
