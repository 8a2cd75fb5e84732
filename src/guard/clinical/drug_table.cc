#include "guard/clinical/drug_table.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/embedded_data.h"

RESIDENCY_EMBEDDED(guard_doses);
RESIDENCY_EMBEDDED(guard_drug_classes);
RESIDENCY_EMBEDDED(guard_interactions);

namespace residency::guard {
namespace {

constexpr std::size_t kNameWordsMax = 4;

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1));
}

std::vector<std::string> parted(std::string_view text, char by) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(by, begin), text.size());
    parts.push_back(trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

/// The words of a name as GuardText parts them.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  const GuardText text(name);
  for (const Word& word : text.words()) words.push_back(word.text);
  return words;
}

template <class Take>
Result<void> each_line(std::string_view text, std::string_view file, Take take) {
  int number = 0;
  for (const std::string& line : parted(text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (auto taken = take(line); !taken.ok())
      return taken.error().with_context(fmt::format("{}:{}", file, number));
  }
  return {};
}

Result<double> amount(const std::string& text) {
  if (text == "-") return 0.0;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !(value > 0) || value > 1e9)
    return invalid_input("is no amount: " + text);
  return value;
}

std::string pair_key(const std::string& a, const std::string& b) {
  return a < b ? a + "|" + b : b + "|" + a;
}

}  // namespace

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::kModerate:
      return "moderate";
    case Severity::kSerious:
      return "serious";
    case Severity::kContraindicated:
      return "contraindicated";
  }
  return "";
}

void DrugTable::add_name(std::string_view name, const std::string& drug) {
  const std::string key(name);
  if (canonical_.contains(key)) return;
  std::vector<std::string> words = words_of(name);
  if (words.empty() || words.size() > kNameWordsMax) return;
  canonical_.emplace(key, drug);
  names_[words.front()].emplace_back(std::move(words), drug);
}

Result<void> DrugTable::read_doses(std::string_view text) {
  return each_line(text, "doses.txt", [&](const std::string& line) -> Result<void> {
    const std::vector<std::string> parts = parted(line, '|');
    if (parts.size() != 9) return invalid_input("a line has nine columns");
    const std::vector<std::string> names = parted(parts[0], ';');
    const auto known = canonical_.find(names.front());
    DoseLimit limit;
    limit.drug = known == canonical_.end() ? names.front() : known->second;
    limit.route = parts[1];
    limit.shown_unit = parts[2];
    if (parts[2] == "mcg") {
      limit.shown_factor = 1e-3;
    } else if (parts[2] == "g") {
      limit.shown_factor = 1e3;
    } else if (parts[2] == "units") {
      limit.unit = DoseUnit::kUnit;
    } else if (parts[2] == "meq") {
      limit.unit = DoseUnit::kMilliequivalent;
    } else if (parts[2] != "mg") {
      return invalid_input("no such unit: " + parts[2]);
    }
    const std::array<double*, 5> into{&limit.low, &limit.single, &limit.daily, &limit.kg_single,
                                      &limit.kg_daily};
    for (std::size_t i = 0; i < into.size(); ++i) {
      RESIDENCY_TRY(const double value, amount(parts[3 + i]));
      *into[i] = value * limit.shown_factor;
    }
    limit.weekly = parts[8] == "weekly";
    for (const std::string& name : names) add_name(name, limit.drug);
    limits_[limit.drug].push_back(std::move(limit));
    return {};
  });
}

Result<void> DrugTable::read_classes(std::string_view text) {
  const auto starts = [](std::string_view rest, const std::string& name) {
    return rest.starts_with(name) && (rest.size() == name.size() || rest[name.size()] == ' ');
  };
  // The longest class whose name `rest` begins with; what follows it stays in `rest`.
  const auto take_class = [&](std::string_view& rest) -> std::string {
    std::string best;
    for (const auto& [name, drugs] : members_) {
      if (name.size() > best.size() && starts(rest, name)) best = name;
    }
    rest.remove_prefix(std::min(rest.size(), best.size() + 1));
    return best;
  };
  return each_line(text, "drug_classes.txt", [&](const std::string& line) -> Result<void> {
    std::string_view rest = line;
    if (rest.starts_with("cross ")) {
      rest.remove_prefix(6);
      Cross cross{take_class(rest), take_class(rest), std::string(rest)};
      if (cross.from.empty() || cross.to.empty()) return invalid_input("no such class");
      crosses_.push_back(std::move(cross));
      return {};
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return invalid_input("a line has a colon");
    rest = std::string_view(line).substr(0, colon);
    const std::string after = trimmed(std::string_view(line).substr(colon + 1));
    if (rest.starts_with("alias ")) {
      rest.remove_prefix(6);
      const std::string name = take_class(rest);
      if (name.empty()) return invalid_input("no such class");
      for (const std::string& alias : parted(after, '|')) aliases_.emplace(alias, name);
      return {};
    }
    if (rest.starts_with("interact ")) {
      rest.remove_prefix(9);
      ClassPair pair{take_class(rest), take_class(rest), {Severity::kModerate, after}};
      if (pair.a.empty() || pair.b.empty()) return invalid_input("no such class");
      if (rest == "serious") pair.interaction.severity = Severity::kSerious;
      if (rest == "contraindicated") pair.interaction.severity = Severity::kContraindicated;
      class_pairs_.push_back(std::move(pair));
      return {};
    }
    const std::string name(rest);
    for (const std::string& drug : parted(after, '|')) {
      const auto known = canonical_.find(drug);
      const std::string canonical = known == canonical_.end() ? drug : known->second;
      add_name(drug, canonical);
      auto& members = members_[name];
      if (std::find(members.begin(), members.end(), canonical) != members.end()) continue;
      members.push_back(canonical);
      class_of_[canonical].push_back(name);
    }
    aliases_.emplace(name, name);
    return {};
  });
}

Result<void> DrugTable::read_interactions(std::string_view text) {
  return each_line(text, "interactions.txt", [&](const std::string& line) -> Result<void> {
    const std::vector<std::string> parts = parted(line, '|');
    if (parts.size() != 3) return invalid_input("a line has three columns");
    const auto canonical = [&](const std::string& name) {
      add_name(name, name);
      const auto known = canonical_.find(name);
      return known == canonical_.end() ? name : known->second;
    };
    const std::string a = canonical(parts[0]);
    for (std::size_t i = 1; i < 3; ++i) {
      for (const std::string& other : parted(parts[i], ';')) {
        if (other.empty()) continue;
        pairs_.emplace(pair_key(a, canonical(other)),
                       i == 1 ? Severity::kSerious : Severity::kModerate);
      }
    }
    return {};
  });
}

Result<DrugTable> DrugTable::parse(std::string_view doses, std::string_view classes,
                                   std::string_view interactions) {
  DrugTable table;
  RESIDENCY_TRY_VOID(table.read_doses(doses));
  RESIDENCY_TRY_VOID(table.read_classes(classes));
  RESIDENCY_TRY_VOID(table.read_interactions(interactions));
  return table;
}

const DrugTable& DrugTable::embedded() {
  static const DrugTable kTable = [] {
    auto parsed =
        parse(embedded_guard_doses(), embedded_guard_drug_classes(), embedded_guard_interactions());
    RESIDENCY_CHECK(parsed.ok());
    return std::move(parsed).value();
  }();
  return kTable;
}

std::vector<DrugMention> DrugTable::find(const std::vector<Word>& words) const {
  std::vector<DrugMention> mentions;
  for (std::uint32_t i = 0; i < words.size();) {
    const auto found = names_.find(words[i].text);
    const std::pair<std::vector<std::string>, std::string>* best = nullptr;
    if (found != names_.end()) {
      for (const auto& name : found->second) {
        if (i + name.first.size() > words.size() ||
            (best != nullptr && best->first.size() >= name.first.size()))
          continue;
        bool same = true;
        for (std::size_t k = 1; same && k < name.first.size(); ++k)
          same = words[i + k].text == name.first[k];
        if (same) best = &name;
      }
    }
    if (best == nullptr) {
      ++i;
      continue;
    }
    const auto last = static_cast<std::uint32_t>(i + best->first.size());
    mentions.push_back({best->second, i, last, words[i].begin, words[last - 1].end});
    i = last;
  }
  return mentions;
}

const std::vector<DoseLimit>* DrugTable::limits(const std::string& drug) const {
  const auto found = limits_.find(drug);
  return found == limits_.end() ? nullptr : &found->second;
}

std::vector<std::string> DrugTable::classes_of(const std::string& drug) const {
  const auto found = class_of_.find(drug);
  return found == class_of_.end() ? std::vector<std::string>{} : found->second;
}

std::optional<Interaction> DrugTable::interaction(const std::string& a,
                                                  const std::string& b) const {
  if (a == b) return std::nullopt;
  std::optional<Interaction> best;
  const auto found = pairs_.find(pair_key(a, b));
  if (found != pairs_.end()) best = Interaction{found->second, ""};
  const auto in = [](const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  const std::vector<std::string> of_a = classes_of(a);
  const std::vector<std::string> of_b = classes_of(b);
  for (const ClassPair& pair : class_pairs_) {
    if (!(in(of_a, pair.a) && in(of_b, pair.b)) && !(in(of_a, pair.b) && in(of_b, pair.a)))
      continue;
    if (!best || best->effect.empty() || pair.interaction.severity > best->severity) {
      const Severity severity =
          best ? std::max(best->severity, pair.interaction.severity) : pair.interaction.severity;
      best = Interaction{severity, pair.interaction.effect};
    }
  }
  return best;
}

bool DrugTable::names_allergen(const std::string& words) const {
  return canonical_.contains(words) || aliases_.contains(words);
}

std::string DrugTable::cross_allergy(const std::string& allergen, const std::string& drug) const {
  std::vector<std::string> from;
  const auto known = canonical_.find(allergen);
  if (known != canonical_.end()) {
    if (known->second == drug) return "same";
    from = classes_of(known->second);
  }
  const auto alias = aliases_.find(allergen);
  if (alias != aliases_.end()) from.push_back(alias->second);
  const std::vector<std::string> to = classes_of(drug);
  std::string degree;
  for (const std::string& a : from) {
    for (const std::string& b : to) {
      if (a == b) return "same";
      for (const Cross& cross : crosses_) {
        if (cross.from == a && cross.to == b && degree != "likely") degree = cross.degree;
      }
    }
  }
  return degree;
}

std::vector<std::string> DrugTable::drugs_with_limits() const {
  std::vector<std::string> names;
  for (const auto& [drug, limits] : limits_) names.push_back(drug);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace residency::guard
