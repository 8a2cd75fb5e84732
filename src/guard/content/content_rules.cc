#include "guard/content/content_rules.h"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

#include "base/embedded_data.h"

RESIDENCY_EMBEDDED(guard_rules);

namespace residency::guard {

Result<ContentRules> ContentRules::parse(std::string_view text, std::string_view file,
                                         const ConceptTable& concepts) {
  ContentRules rules;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const auto refuse = [&](std::string_view why) {
      return invalid_input(fmt::format("{}:{}: {}", file, number, why));
    };
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return refuse("a line is POLICY SCORE WINDOW: CONCEPT ...");
    Rule rule;
    std::istringstream head(line.substr(0, colon));
    std::string name;
    if (!(head >> name >> rule.score >> rule.window))
      return refuse("before the colon stand POLICY SCORE WINDOW");
    const auto category = category_named(name);
    if (!category) return refuse("no such policy");
    rule.category = *category;
    std::istringstream body(line.substr(colon + 1));
    bool vetoes = false;
    while (body >> name) {
      if (name == "-") {
        vetoes = true;
        continue;
      }
      const auto id = concepts.named(name);
      if (!id) return refuse("no such concept: " + name);
      (vetoes ? rule.vetoes : rule.wanted).push_back(*id);
    }
    if (rule.wanted.empty()) return refuse("no concept is named");
    rules.rules_.push_back(std::move(rule));
  }
  return rules;
}

const ContentRules& ContentRules::embedded() {
  static const ContentRules kRules = [] {
    auto parsed = parse(embedded_guard_rules(), "rules.txt", ConceptTable::embedded());
    RESIDENCY_CHECK(parsed.ok());
    return std::move(parsed).value();
  }();
  return kRules;
}

CategoryScores ContentRules::score(const std::vector<ConceptHit>& hits,
                                   const Segment& segment) const {
  CategoryScores scores{};
  const auto inside = [&](const ConceptHit& hit) {
    return hit.first >= segment.first && hit.last <= segment.last;
  };
  for (const Rule& rule : rules_) {
    float& best = scores[static_cast<std::size_t>(rule.category)];
    if (best >= rule.score) continue;
    const auto has = [&](ConceptId id, std::uint32_t from, std::uint32_t to) {
      return std::any_of(hits.begin(), hits.end(), [&](const ConceptHit& hit) {
        return hit.id == id && inside(hit) && hit.first >= from && hit.last <= to;
      });
    };
    if (std::any_of(rule.vetoes.begin(), rule.vetoes.end(),
                    [&](ConceptId id) { return has(id, segment.first, segment.last); }))
      continue;
    for (const ConceptHit& anchor : hits) {
      if (!inside(anchor) || anchor.id != rule.wanted.front()) continue;
      const std::uint32_t from = anchor.first > rule.window ? anchor.first - rule.window : 0;
      if (std::all_of(rule.wanted.begin() + 1, rule.wanted.end(),
                      [&](ConceptId id) { return has(id, from, anchor.last + rule.window); })) {
        best = rule.score;
        break;
      }
    }
  }
  return scores;
}

}  // namespace residency::guard
