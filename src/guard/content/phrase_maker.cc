#include "guard/content/phrase_maker.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <sstream>

#include "base/embedded_data.h"
#include "guard/content/split_mix.h"

RESIDENCY_EMBEDDED(guard_phrases);

namespace residency::guard {
namespace {

constexpr int kDepthMax = 6;
constexpr int kCountMax = 10'000;

using Slots = std::map<std::string, std::vector<std::string>, std::less<>>;

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1));
}

std::vector<std::string> alternatives(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('|', begin), text.size());
    if (std::string part = trimmed(text.substr(begin, end - begin)); !part.empty())
      parts.push_back(std::move(part));
    begin = end + 1;
  }
  return parts;
}

bool is_name(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

Result<std::string> filled(std::string_view text, const Slots& slots, SplitMix& random, int depth) {
  if (depth > kDepthMax) return invalid_input("slots stand in each other too deep");
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out += text[i];
      continue;
    }
    std::size_t end = i + 1;
    while (end < text.size() && is_name(text[end])) ++end;
    const auto slot = slots.find(text.substr(i + 1, end - i - 1));
    if (slot == slots.end() || slot->second.empty())
      return invalid_input("no such slot: " + std::string(text.substr(i, end - i)));
    RESIDENCY_TRY(const std::string inner, filled(slot->second[random.below(slot->second.size())],
                                                  slots, random, depth + 1));
    out += inner;
    i = end - 1;
  }
  return out;
}

}  // namespace

Result<std::vector<LabelledText>> make_phrases_of(std::string_view text, std::string_view file,
                                                  std::uint64_t seed, int times) {
  Slots slots;
  SplitMix random(seed);
  std::vector<LabelledText> made;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const auto refuse = [&](std::string_view why) {
      return invalid_input(fmt::format("{}:{}: {}", file, number, why));
    };
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return refuse("a line is $slot: ... or CATEGORY COUNT: ...");
    std::vector<std::string> parts = alternatives(std::string_view(line).substr(colon + 1));
    if (parts.empty()) return refuse("nothing stands after the colon");
    if (line.front() == '$') {
      slots[line.substr(1, colon - 1)] = std::move(parts);
      continue;
    }
    std::istringstream head(line.substr(0, colon));
    std::string name;
    int count = 0;
    if (!(head >> name >> count) || count < 1 || count > kCountMax)
      return refuse("before the colon stand CATEGORY COUNT");
    LabelledText one;
    if (name != "allow") {
      const auto category = category_named(name);
      if (!category) return refuse("no such category");
      one.labels.set(static_cast<std::size_t>(*category));
    }
    for (int i = 0; i < count * times; ++i) {
      auto phrase = filled(parts[static_cast<std::size_t>(i) % parts.size()], slots, random, 0);
      if (!phrase.ok()) return refuse(phrase.error().message());
      one.text = std::move(phrase).value();
      made.push_back(one);
    }
  }
  return made;
}

Result<std::vector<LabelledText>> make_phrases(std::uint64_t seed, int times) {
  return make_phrases_of(embedded_guard_phrases(), "phrases.txt", seed, times);
}

}  // namespace residency::guard
