#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "guard/clinical/clinical_rails.h"
#include "guard/clinical/drug_table.h"

namespace residency::guard {
namespace {

constexpr std::size_t kAllergenWordsMax = 3;
constexpr std::size_t kReachWords = 12;

bool is_one_of(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// True where the words before `at` take the drug back: "avoid", "stop", "do not give".
bool advised_against(const std::vector<Word>& words, std::uint32_t at, std::uint32_t last) {
  const std::uint32_t from = at > 8 ? at - 8 : 0;
  for (std::uint32_t i = at; i-- > from;) {
    // "allergic to penicillin and takes warfarin": what stands before the verb is of another drug.
    if (is_one_of(words[i].text,
                  {"take", "takes", "taking", "give", "start", "use", "continue", "on"}))
      return i > 0 &&
             is_one_of(words[i - 1].text, {"not", "don't", "never", "cannot", "avoid", "no"});
    if (is_one_of(words[i].text,
                  {"avoid",  "avoided", "avoiding",        "stop",    "stopped",  "discontinue",
                   "hold",   "held",    "contraindicated", "never",   "not",      "don't",
                   "cannot", "without", "instead",         "allergy", "allergic", "withhold",
                   "no",     "refrain", "against"}))
      return true;
  }
  const auto to = std::min<std::uint32_t>(last + 5, static_cast<std::uint32_t>(words.size()));
  for (std::uint32_t i = last; i < to; ++i) {
    if (is_one_of(words[i].text, {"contraindicated", "avoided", "allergy", "allergic", "stopped",
                                  "discontinued", "held"}))
      return true;
  }
  return false;
}

/// What the conversation says someone is allergic to.
std::set<std::string> allergens_of(std::string_view text) {
  const DrugTable& table = DrugTable::embedded();
  std::set<std::string> found;
  const GuardText guard_text(text);
  const std::vector<Word>& words = guard_text.words();
  const auto add_around = [&](std::size_t from, std::size_t to, bool backwards) {
    for (std::size_t i = from; i < to; ++i) {
      for (std::size_t n = kAllergenWordsMax; n > 0; --n) {
        if (i + n > to) continue;
        std::string name = words[i].text;
        for (std::size_t k = 1; k < n; ++k) name += " " + words[i + k].text;
        if (table.names_allergen(name)) {
          found.insert(name);
          break;
        }
      }
      if (!backwards && is_one_of(words[i].text, {"but", "tolerates", "tolerated", "tolerate",
                                                  "takes", "taking", "prescribed", "what", "can"}))
        return;
    }
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i].text;
    const bool denied =
        i > 0 && is_one_of(words[i - 1].text, {"no", "denies", "not", "nil", "without"});
    if (is_one_of(word, {"allergic", "allergies", "anaphylaxis", "anaphylactic", "angioedema",
                         "hives", "intolerance", "intolerant", "hypersensitivity", "reaction"}) &&
        !denied) {
      add_around(i + 1, std::min(words.size(), i + 1 + kReachWords), false);
    }
    if (is_one_of(word, {"allergy", "anaphylaxis", "intolerance", "hypersensitivity", "rash"}) &&
        i > 0 && !denied)
      add_around(i > 3 ? i - 3 : 0, i, true);
    if (word == "allergy" && !denied)
      add_around(i + 1, std::min(words.size(), i + 1 + kReachWords), false);
  }
  return found;
}

/// True where the text itself warns: "A with B raises the risk of bleeding".
bool already_warns(const std::vector<Word>& words, const DrugMention& a, const DrugMention& b) {
  const std::uint32_t from = std::min(a.first, b.first) > 6 ? std::min(a.first, b.first) - 6 : 0;
  const auto to = std::min<std::uint32_t>(std::max(a.last, b.last) + 8,
                                          static_cast<std::uint32_t>(words.size()));
  for (std::uint32_t i = from; i < to; ++i) {
    if (is_one_of(words[i].text,
                  {"interact", "interacts", "interaction", "interactions", "raises", "raise",
                   "risk", "increases", "increase", "combination", "combining", "caution",
                   "toxicity", "levels", "monitor", "inhibits", "bleeding", "closely", "warning"}))
      return true;
  }
  return false;
}

}  // namespace

std::vector<Finding> check_interactions(std::string_view text, const Conversation& conversation) {
  const DrugTable& table = DrugTable::embedded();
  std::vector<Finding> out;
  const GuardText guard_text(text);
  const std::vector<DrugMention> named = table.find(guard_text.words());
  if (named.empty()) return out;
  std::vector<DrugMention> taken;  // places in another text do not matter
  const auto add = [&](std::string_view other) {
    const GuardText words(other);
    for (DrugMention& drug : table.find(words.words())) {
      if (!advised_against(words.words(), drug.first, drug.last)) taken.push_back(std::move(drug));
    }
  };
  for (const std::string& source : conversation.sources) add(source);
  for (const Turn& turn : conversation.turns) {
    if (turn.role == "user") add(turn.text);
  }
  std::set<std::string> told;
  for (const DrugMention& drug : named) {
    if (advised_against(guard_text.words(), drug.first, drug.last)) continue;
    const auto meet = [&](const DrugMention& other, bool in_text) {
      if (in_text && advised_against(guard_text.words(), other.first, other.last)) return;
      const auto interaction = table.interaction(drug.drug, other.drug);
      const std::string key =
          std::min(drug.drug, other.drug) + "|" + std::max(drug.drug, other.drug);
      if (!interaction || (in_text && already_warns(guard_text.words(), drug, other)) ||
          !told.insert(key).second)
        return;
      Finding finding;
      finding.policy = "interactions";
      finding.name = key;
      finding.begin = in_text ? std::min(drug.begin, other.begin) : drug.begin;
      finding.end = in_text ? std::max(drug.end, other.end) : drug.end;
      finding.score = interaction->severity == Severity::kModerate  ? 0.6
                      : interaction->severity == Severity::kSerious ? 0.85
                                                                    : 1.0;
      finding.note = fmt::format("{} with {}: {}{}{}", drug.drug, other.drug,
                                 severity_name(interaction->severity),
                                 interaction->effect.empty() ? "" : ", ", interaction->effect);
      out.push_back(std::move(finding));
    };
    for (const DrugMention& other : named) meet(other, true);
    for (const DrugMention& other : taken) meet(other, false);
  }
  return out;
}

std::vector<Finding> check_allergies(std::string_view text, const Conversation& conversation) {
  const DrugTable& table = DrugTable::embedded();
  std::vector<Finding> out;
  std::set<std::string> allergens;
  const auto add = [&](std::string_view other) {
    for (const std::string& one : allergens_of(other)) allergens.insert(one);
  };
  for (const std::string& source : conversation.sources) add(source);
  for (const Turn& turn : conversation.turns) {
    if (turn.role != "assistant") add(turn.text);
  }
  add(text);
  if (allergens.empty()) return out;
  const GuardText guard_text(text);
  std::set<std::string> told;
  for (const DrugMention& drug : table.find(guard_text.words())) {
    if (advised_against(guard_text.words(), drug.first, drug.last)) continue;
    for (const std::string& allergen : allergens) {
      const std::string degree = table.cross_allergy(allergen, drug.drug);
      if (degree.empty() || !told.insert(allergen + "|" + drug.drug).second) continue;
      Finding finding;
      finding.policy = "allergies";
      finding.name = drug.drug;
      finding.begin = drug.begin;
      finding.end = drug.end;
      finding.score = degree == "same" ? 1.0 : degree == "likely" ? 0.8 : 0.5;
      finding.note = fmt::format("{}: allergy to {} is on record{}", drug.drug, allergen,
                                 degree == "same" ? "" : ", cross-reaction " + degree);
      out.push_back(std::move(finding));
    }
  }
  return out;
}

}  // namespace residency::guard
