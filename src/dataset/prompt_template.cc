#include "dataset/prompt_template.h"

#include <algorithm>
#include <fmt/format.h>

namespace residency::dataset {

Result<PromptTemplate> PromptTemplate::parse(std::string_view text,
                                             const std::vector<std::string_view>& known) {
  PromptTemplate parsed;
  while (!text.empty()) {
    const auto open = text.find("{{");
    if (open != 0) parsed.parts_.push_back({false, std::string(text.substr(0, open))});
    if (open == std::string_view::npos) break;
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos) {
      return invalid_argument("has a place that is not closed with }}");
    }
    std::string name(text.substr(open + 2, close - open - 2));
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return invalid_argument(
          fmt::format("has an unknown place; known are: {{{{{}}}}}", fmt::join(known, "}}, {{")));
    }
    parsed.parts_.push_back({true, std::move(name)});
    text.remove_prefix(close + 2);
  }
  return parsed;
}

bool PromptTemplate::uses(std::string_view name) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return part.place && part.text == name; });
}

std::string PromptTemplate::render(
    const std::map<std::string, std::string, std::less<>>& values) const {
  std::string text;
  for (const Part& part : parts_) {
    if (!part.place) {
      text += part.text;
    } else if (const auto value = values.find(part.text); value != values.end()) {
      text += value->second;
    }
  }
  return text;
}

}  // namespace residency::dataset
