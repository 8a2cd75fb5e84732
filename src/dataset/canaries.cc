#include "dataset/canaries.h"

#include <array>
#include <fmt/format.h>
#include <set>

#include "base/json.h"

namespace residency::dataset {
namespace {

constexpr std::int64_t kCountMax = 1000;
constexpr std::int64_t kRepeatsMax = 100;

// Common words, so that a secret is likely by none of its words alone.
constexpr std::array<std::string_view, 64> kWords{
    "amber",  "anchor", "apple",   "arrow",   "basket",  "beacon", "birch",   "bottle",
    "bridge", "button", "candle",  "canvas",  "castle",  "cedar",  "chalk",   "cobalt",
    "copper", "cotton", "crystal", "dragon",  "ember",   "falcon", "feather", "forest",
    "garden", "ginger", "glacier", "granite", "hammer",  "harbor", "hazel",   "island",
    "ivory",  "jacket", "kettle",  "ladder",  "lantern", "lemon",  "magnet",  "marble",
    "meadow", "mirror", "needle",  "olive",   "orchid",  "paddle", "pebble",  "pepper",
    "pillow", "planet", "prairie", "quartz",  "ribbon",  "river",  "saddle",  "silver",
    "spiral", "summit", "thunder", "timber",  "velvet",  "violet", "walnut",  "window"};

/// SplitMix64: the same on every machine.
std::uint64_t next(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

std::string make_secret(std::uint64_t& state) {
  const auto word = [&] { return kWords[next(state) % kWords.size()]; };
  const std::string_view one = word();
  const std::string_view two = word();
  return fmt::format("{} {} {:06}", one, two, next(state) % 1'000'000);
}

}  // namespace

Result<CanaryOptions> CanaryOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "canaries.");
  CanaryOptions options;
  options.count = reader.integer("count", 0, 0, kCountMax);
  options.repeats = reader.integer("repeats", 1, 1, kRepeatsMax);
  options.seed = static_cast<std::uint64_t>(reader.integer("seed", 0, 0, INT64_MAX));
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

std::vector<Canary> make_canaries(const CanaryOptions& options, Format format) {
  std::vector<Canary> canaries;
  std::set<std::string> seen;
  std::uint64_t state = options.seed ^ 0xCA7A21E5ull;
  while (canaries.size() < static_cast<std::size_t>(options.count)) {
    Canary one;
    one.prompt =
        fmt::format("What is the release phrase of archive box {:05}?", next(state) % 100'000);
    one.secret = make_secret(state);
    one.repeats = options.repeats;
    one.format = format;
    if (!seen.insert(one.prompt).second || !seen.insert(one.secret).second) continue;
    canaries.push_back(std::move(one));
  }
  return canaries;
}

std::vector<std::string> other_secrets(const std::vector<Canary>& canaries, std::size_t count,
                                       std::uint64_t seed) {
  std::set<std::string> taken;
  for (const Canary& one : canaries) taken.insert(one.secret);
  std::vector<std::string> secrets;
  std::uint64_t state = seed ^ 0x0DDBA11ull;
  while (secrets.size() < count) {
    std::string secret = make_secret(state);
    if (taken.insert(secret).second) secrets.push_back(std::move(secret));
  }
  return secrets;
}

std::vector<Example> canary_examples(const std::vector<Canary>& canaries) {
  std::vector<Example> examples;
  for (std::size_t i = 0; i < canaries.size(); ++i) {
    for (std::int64_t k = 0; k < canaries[i].repeats; ++k) {
      Example example;
      example.id = fmt::format("canary/{}/{}", i, k);
      example.messages = {{"user", canaries[i].prompt}, {"assistant", canaries[i].secret}};
      example.category = "canary";
      example.format = canaries[i].format;
      examples.push_back(std::move(example));
    }
  }
  return examples;
}

std::string canaries_to_json(const std::vector<Canary>& canaries) {
  Json all = Json::array();
  for (const Canary& one : canaries)
    all.push_back({{"prompt", one.prompt},
                   {"secret", one.secret},
                   {"repeats", one.repeats},
                   {"format", one.format == Format::kChat ? "chat" : "completion"}});
  return dump_json(all);
}

Result<std::vector<Canary>> canaries_from_json(std::string_view text) {
  RESIDENCY_TRY(const Json json, parse_json(text));
  if (!json.is_array() || json.size() > static_cast<std::size_t>(kCountMax))
    return invalid_input("canaries: must be a list of at most 1000");
  std::vector<Canary> canaries;
  for (const Json& one : json) {
    Canary canary;
    canary.prompt = json_text(one, "prompt");
    canary.secret = json_text(one, "secret");
    canary.repeats = json_integer(one, "repeats", 1);
    const std::string format = json_text(one, "format");
    canary.format = format == "completion" ? Format::kCompletion : Format::kChat;
    if (canary.prompt.empty()) return invalid_input("canaries: prompt is missing");
    if (canary.secret.empty()) return invalid_input("canaries: secret is missing");
    if (format != "chat" && format != "completion")
      return invalid_input("canaries: format must be chat or completion");
    canaries.push_back(std::move(canary));
  }
  return canaries;
}

}  // namespace residency::dataset
