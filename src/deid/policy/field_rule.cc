#include "deid/policy/field_rule.h"

#include <algorithm>
#include <fmt/format.h>

#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

constexpr std::size_t kNamesMax = 32;
constexpr std::size_t kRulesMax = 10'000;

using Path = std::vector<std::string>;

bool matches(const Path& rule, std::size_t r, const Path& path, std::size_t p) {
  if (r == rule.size()) return p == path.size();
  if (rule[r] == "**") {
    for (std::size_t next = p; next <= path.size(); ++next)
      if (matches(rule, r + 1, path, next)) return true;
    return false;
  }
  return p < path.size() && (rule[r] == "*" || rule[r] == path[p]) &&
         matches(rule, r + 1, path, p + 1);
}

std::optional<Path> parse_path(std::string_view text) {
  Path path;
  bool any_depth = false;
  while (true) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    std::string name = to_lower(text.substr(0, dot));
    if (name.ends_with("[]")) name.resize(name.size() - 2);
    // One ** is enough to say "anywhere"; two would make matching slow.
    if (name.empty() || path.size() == kNamesMax || (name == "**" && any_depth))
      return std::nullopt;
    any_depth = any_depth || name == "**";
    path.push_back(std::move(name));
    if (dot == text.size()) return path;
    text.remove_prefix(dot + 1);
  }
}

std::optional<FieldRule> parse_rule(std::string_view path, const std::string& what) {
  FieldRule rule;
  const auto names = parse_path(path);
  if (!names) return std::nullopt;
  rule.path = *names;
  if (what == "text") return rule;
  if (what == "keep" || what == "drop") {
    rule.method = what == "keep" ? FieldMethod::kKeep : FieldMethod::kDrop;
    return rule;
  }
  const auto phi_class = phi_class_named(what);
  if (!phi_class) return std::nullopt;
  rule.method = FieldMethod::kClass;
  rule.phi_class = *phi_class;
  return rule;
}

std::string_view method_text(const FieldRule& rule) {
  switch (rule.method) {
    case FieldMethod::kClass:
      return phi_class_name(rule.phi_class);
    case FieldMethod::kText:
      return "text";
    case FieldMethod::kKeep:
      return "keep";
    case FieldMethod::kDrop:
      return "drop";
  }
  return "";
}

}  // namespace

std::string FieldRule::text() const {
  std::string out;
  for (const std::string& name : path) out += (out.empty() ? "" : ".") + name;
  return out;
}

const FieldRule* FieldRules::find(const std::vector<std::string>& path) const {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const FieldRule& rule) {
    return matches(rule.path, 0, path, 0);
  });
  return found == rules.end() ? nullptr : &*found;
}

bool FieldRules::keeps_any() const {
  return std::any_of(rules.begin(), rules.end(),
                     [](const FieldRule& rule) { return rule.method == FieldMethod::kKeep; });
}

FieldRules FieldRules::read(ConfigReader& reader) {
  FieldRules read;
  const ConfigNode fields = reader.child("fields");
  if (!fields.is_map()) {
    reader.problem("fields", "must map columns or paths to a PHI class, text, keep or drop");
    return read;
  }
  for (const auto& [path, value] : fields.members()) {
    const auto rule = parse_rule(path, value.is_scalar() ? value.scalar() : "");
    if (rule && read.rules.size() < kRulesMax)
      read.rules.push_back(*rule);
    else
      reader.problem("fields." + path,
                     "must be a path such as visit.note or **.ssn with a PHI class, text, keep or "
                     "drop");
  }
  if (reader.choice("unmatched_fields", {"text", "drop"}, "text") == "drop")
    read.unmatched = FieldMethod::kDrop;
  return read;
}

Json FieldRules::to_json() const {
  Json list = Json::array();
  for (const FieldRule& rule : rules)
    list.push_back({{"path", rule.text()}, {"as", method_text(rule)}});
  return {{"rules", list}, {"unmatched", unmatched == FieldMethod::kDrop ? "drop" : "text"}};
}

}  // namespace residency::deid
