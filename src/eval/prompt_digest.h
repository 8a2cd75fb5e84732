// PromptDigest: SHA-256 over prompts, so that two scores can be seen to come from the same ones.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace residency::eval {

class PromptDigest {
 public:
  PromptDigest();
  ~PromptDigest();
  PromptDigest(const PromptDigest&) = delete;
  PromptDigest& operator=(const PromptDigest&) = delete;

  /// Each prompt counts with its length, so that no two lists of prompts look the same.
  void add(std::string_view prompt);
  /// 64 hex digits; "" where the library failed. Call once.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace residency::eval
