#include "eval/shots.h"

#include <fmt/format.h>

namespace residency::eval {
namespace {

using dataset::Example;

/// The length of the description that MMLU's prompts begin with (eval/corpora/examples.cc): it
/// stands once before all shots.
std::size_t description_length(const std::string& prompt) {
  if (!prompt.starts_with("The following are multiple choice questions (with answers) about "))
    return 0;
  const auto end = prompt.find("\n\n");
  return end == std::string::npos ? 0 : end + 2;
}

}  // namespace

Result<Shots> Shots::make(const EvalOptions& options, std::vector<Example> pool) {
  const auto count = static_cast<std::size_t>(options.shots);
  if (pool.size() < count) {
    return invalid_input(fmt::format(
        "eval.shots asks for {} examples, the {} set has {}", count,
        options.shots_from == ShotsFrom::kTrain ? "training" : "validation", pool.size()));
  }
  for (const Example& example : pool) {
    if (example.format == dataset::Format::kText)
      return invalid_input("eval.shots: a bare text has no answer to show");
  }
  return Shots(std::move(pool), count, options.shots_random,
               static_cast<std::uint32_t>(options.shots_seed));
}

std::vector<const Example*> Shots::next() {
  std::vector<const Example*> shots;
  if (random_) {
    for (const std::size_t index : numbers_.sample(pool_.size(), count_))
      shots.push_back(&pool_[index]);
    return shots;
  }
  for (std::size_t i = 0; i < count_; ++i) shots.push_back(&pool_[i]);
  return shots;
}

std::string shots_prompt(const std::vector<const Example*>& shots, const Example& item) {
  const std::string& own = item.messages.front().content;
  const std::size_t described = description_length(own);
  std::string prompt = own.substr(0, described);
  for (const Example* shot : shots) {
    const std::string& text = shot->messages.front().content;
    prompt += text.substr(description_length(text)) + shot->messages.back().content + "\n\n";
  }
  return prompt + own.substr(described);
}

Result<std::vector<Example>> read_pool(LineSource& lines, const std::string& name) {
  std::vector<Example> pool;
  std::string line;
  while (true) {
    RESIDENCY_TRY(const bool more, lines.next(line));
    if (!more) return pool;
    auto example = dataset::example_from_json_line(line);
    if (!example.ok())
      return example.error().with_context(fmt::format("{}:{}", name, pool.size() + 1));
    pool.push_back(std::move(example).value());
  }
}

}  // namespace residency::eval
