// Canaries: made-up secrets put into a training set, to measure afterwards whether a model that was
// trained on it gives its training texts away. They hold nothing of anybody.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/result.h"
#include "dataset/example.h"

namespace residency::dataset {

struct CanaryOptions {
  std::int64_t count = 0;    // 0: none
  std::int64_t repeats = 1;  // how often each stands in the training set
  std::uint64_t seed = 0;

  /// {count, repeats, seed}: 0 to 1000 canaries, each 1 to 100 times.
  static Result<CanaryOptions> from_config(const ConfigNode& node);
};

/// What stands in the workspace of a canary: how to ask for it, what it says.
struct Canary {
  std::string prompt;
  std::string secret;
  std::int64_t repeats = 1;
  Format format = Format::kChat;
};

/// The same for the same options.
std::vector<Canary> make_canaries(const CanaryOptions& options, Format format);
/// `count` secrets of the same form that no canary of the options has.
std::vector<std::string> other_secrets(const std::vector<Canary>& canaries, std::size_t count,
                                       std::uint64_t seed);
/// One training example for each repeat, ids "canary/N/M".
std::vector<Example> canary_examples(const std::vector<Canary>& canaries);

std::string canaries_to_json(const std::vector<Canary>& canaries);
/// kInvalidInput, naming the field.
Result<std::vector<Canary>> canaries_from_json(std::string_view text);

}  // namespace residency::dataset
