#include "synth/grammar.h"

#include <fmt/format.h>
#include <set>

namespace residency::synth {
namespace {

constexpr int kDepthMax = 40;

// A recursive-descent parser over one alternative.
class TemplateParser {
 public:
  explicit TemplateParser(std::string_view text) : text_(text) {}

  Result<Template> parse() {
    RESIDENCY_TRY(auto parts, sequence(0));
    if (at_ < text_.size()) return failed("unmatched ']' or '|'");
    return parts;
  }

 private:
  Error failed(std::string_view what) const {
    return invalid_input(fmt::format("template: {} at byte {}", what, at_));
  }

  Result<Template> sequence(int depth) {
    if (depth > kDepthMax) return failed("choices nested too deep");
    Template parts;
    std::string text;
    const auto flush = [&] {
      if (text.empty()) return;
      TemplatePart part;
      part.text = std::move(text);
      parts.push_back(std::move(part));
      text.clear();
    };
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (depth > 0 && (c == '|' || c == ']')) break;
      if (c == ']') return failed("unmatched ']'");
      if (c == '\\' && at_ + 1 < text_.size()) {
        const char quoted = text_[at_ + 1];
        text += quoted == 'n' ? '\n' : quoted == 't' ? '\t' : quoted;
        at_ += 2;
      } else if (c == '{') {
        flush();
        RESIDENCY_TRY(auto part, reference());
        parts.push_back(std::move(part));
      } else if (c == '[') {
        flush();
        RESIDENCY_TRY(auto part, choice(depth + 1));
        parts.push_back(std::move(part));
      } else {
        text += c;
        ++at_;
      }
    }
    flush();
    return parts;
  }

  Result<TemplatePart> choice(int depth) {
    TemplatePart part;
    part.kind = TemplatePart::Kind::kChoice;
    ++at_;
    while (true) {
      RESIDENCY_TRY(auto parts, sequence(depth));
      part.choices.push_back(std::move(parts));
      if (at_ >= text_.size()) return failed("'[' without ']'");
      if (text_[at_++] == ']') return part;
    }
  }

  Result<TemplatePart> reference() {
    const auto close = text_.find('}', at_);
    if (close == std::string_view::npos) return failed("'{' without '}'");
    std::string_view body = text_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    TemplatePart part;
    part.kind = TemplatePart::Kind::kReference;
    if (!body.empty() && body[0] == '%') {
      body.remove_prefix(1);
      while (!body.empty()) {
        const auto space = body.find(' ');
        if (const auto word = body.substr(0, space); !word.empty()) part.all.emplace_back(word);
        body = space == std::string_view::npos ? "" : body.substr(space + 1);
      }
      return part;
    }
    if (!body.empty() && body[0] == '?') {
      const auto space = body.find(' ');
      if (space == std::string_view::npos) return failed("'{?' without a name");
      part.percent = 0;
      for (const char c : body.substr(1, space - 1)) {
        if (c < '0' || c > '9') return failed("'{?' without a number");
        part.percent = part.percent * 10 + (c - '0');
      }
      if (part.percent > 100) return failed("'{?' with more than 100");
      body.remove_prefix(space + 1);
    }
    if (!body.empty() && body[0] == '^') {
      part.capital = true;
      body.remove_prefix(1);
    }
    if (body.empty()) return failed("'{}' without a name");
    const auto colon = body.find(':');
    part.text = std::string(body.substr(0, colon));
    if (colon != std::string_view::npos) part.argument = std::string(body.substr(colon + 1));
    return part;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void collect(const Template& parts, std::set<std::string>& names) {
  for (const TemplatePart& part : parts) {
    if (!part.text.empty() && part.kind == TemplatePart::Kind::kReference) names.insert(part.text);
    names.insert(part.all.begin(), part.all.end());
    for (const Template& choice : part.choices) collect(choice, names);
  }
}

}  // namespace

Result<Template> parse_template(std::string_view text) { return TemplateParser(text).parse(); }

Result<void> Grammar::add(std::string_view rules, std::string_view name) {
  Rule* rule = nullptr;
  std::size_t number = 0;
  while (!rules.empty()) {
    const auto end = rules.find('\n');
    std::string_view line = rules.substr(0, end);
    rules.remove_prefix(end == std::string_view::npos ? rules.size() : end + 1);
    ++number;
    if (line.empty() || line[0] == '#') continue;
    if (line[0] != ' ') {
      const auto [entry, fresh] = rules_.try_emplace(std::string(line));
      if (!fresh) return invalid_input(fmt::format("rule stands twice: {}:{}", name, number));
      rule = &entry->second;
      continue;
    }
    if (rule == nullptr)
      return invalid_input(fmt::format("text before any rule: {}:{}", name, number));
    line.remove_prefix(line.find_first_not_of(' ') == std::string_view::npos
                           ? line.size()
                           : line.find_first_not_of(' '));
    Alternative alternative;
    if (line.size() > 3 && line[0] == '*' && line[1] >= '1' && line[1] <= '9' && line[2] == ' ') {
      alternative.weight = line[1] - '0';
      line.remove_prefix(3);
    }
    auto parts = parse_template(line);
    if (!parts.ok())
      return std::move(parts).error().with_context(fmt::format("{}:{}", name, number));
    alternative.parts = std::move(parts).value();
    rule->weight += alternative.weight;
    rule->alternatives.push_back(std::move(alternative));
  }
  return {};
}

void Grammar::expand(std::string_view rule, Random& random, TemplateSink& sink) const {
  if (has(rule)) expand_name(rule, "", random, sink, 0);
}

void Grammar::expand(const Template& parts, Random& random, TemplateSink& sink) const {
  expand(parts, random, sink, 0);
}

void Grammar::expand(const Template& parts, Random& random, TemplateSink& sink, int depth) const {
  for (const TemplatePart& part : parts) {
    switch (part.kind) {
      case TemplatePart::Kind::kText:
        sink.text(part.text);
        break;
      case TemplatePart::Kind::kChoice:
        expand(part.choices[random.below(part.choices.size())], random, sink, depth + 1);
        break;
      case TemplatePart::Kind::kReference:
        reference(part, random, sink, depth);
        break;
    }
  }
}

void Grammar::reference(const TemplatePart& part, Random& random, TemplateSink& sink,
                        int depth) const {
  if (!part.all.empty()) {
    std::vector<std::string> names = part.all;
    random.shuffle(names);
    for (const std::string& name : names) expand_name(name, "", random, sink, depth + 1);
    return;
  }
  if (part.percent < 100 && !random.chance(part.percent)) return;
  const std::size_t start = sink.position();
  expand_name(part.text, part.argument, random, sink, depth + 1);
  if (part.capital) sink.capitalise_at(start);
}

void Grammar::expand_name(std::string_view name, std::string_view argument, Random& random,
                          TemplateSink& sink, int depth) const {
  if (depth > kDepthMax) return;  // a rule that refers to itself ends here
  const auto found = rules_.find(name);
  if (found == rules_.end()) {
    sink.slot(name, argument);
    return;
  }
  int ticket = static_cast<int>(random.below(static_cast<std::size_t>(found->second.weight)));
  for (const Alternative& alternative : found->second.alternatives) {
    ticket -= alternative.weight;
    if (ticket < 0) {
      expand(alternative.parts, random, sink, depth + 1);
      return;
    }
  }
}

std::vector<std::string> Grammar::slots() const {
  std::set<std::string> names;
  for (const auto& [name, rule] : rules_) {
    for (const Alternative& alternative : rule.alternatives) collect(alternative.parts, names);
  }
  std::vector<std::string> slots;
  for (const std::string& name : names) {
    if (!has(name)) slots.push_back(name);
  }
  return slots;
}

}  // namespace residency::synth
