#include "guard/clinical/dose_text.h"

#include <algorithm>
#include <array>
#include <optional>

namespace residency::guard {
namespace {

constexpr std::size_t kAfterBytes = 70;  // where route and frequency are looked for
constexpr std::size_t kReachWords = 8;   // between drug and dose
constexpr double kWeek = 1.0 / 7;
constexpr double kMonth = 1.0 / 30;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return c >= 'a' && c <= 'z'; }

struct Amount {
  double value = 0;
  DoseUnit unit = DoseUnit::kMilligram;
  Per per = Per::kDose;
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct UnitName {
  std::string_view name;
  DoseUnit unit;
  double factor;
};
constexpr std::array kUnits{UnitName{"milligrams", DoseUnit::kMilligram, 1},
                            UnitName{"milligram", DoseUnit::kMilligram, 1},
                            UnitName{"mgs", DoseUnit::kMilligram, 1},
                            UnitName{"mg", DoseUnit::kMilligram, 1},
                            UnitName{"micrograms", DoseUnit::kMilligram, 1e-3},
                            UnitName{"microgram", DoseUnit::kMilligram, 1e-3},
                            UnitName{"mcg", DoseUnit::kMilligram, 1e-3},
                            UnitName{"ug", DoseUnit::kMilligram, 1e-3},
                            UnitName{"grams", DoseUnit::kMilligram, 1e3},
                            UnitName{"gram", DoseUnit::kMilligram, 1e3},
                            UnitName{"gm", DoseUnit::kMilligram, 1e3},
                            UnitName{"g", DoseUnit::kMilligram, 1e3},
                            UnitName{"international units", DoseUnit::kUnit, 1},
                            UnitName{"units", DoseUnit::kUnit, 1},
                            UnitName{"unit", DoseUnit::kUnit, 1},
                            UnitName{"iu", DoseUnit::kUnit, 1},
                            UnitName{"u", DoseUnit::kUnit, 1},
                            UnitName{"milliequivalents", DoseUnit::kMilliequivalent, 1},
                            UnitName{"meq", DoseUnit::kMilliequivalent, 1}};

/// Numbers in words as far as doses are dictated.
double number_word(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, double>, 30> kWords{
      {{"half", 0.5},   {"one", 1},       {"two", 2},         {"three", 3},     {"four", 4},
       {"five", 5},     {"six", 6},       {"seven", 7},       {"eight", 8},     {"nine", 9},
       {"ten", 10},     {"eleven", 11},   {"twelve", 12},     {"thirteen", 13}, {"fourteen", 14},
       {"fifteen", 15}, {"sixteen", 16},  {"eighteen", 18},   {"twenty", 20},   {"thirty", 30},
       {"forty", 40},   {"fifty", 50},    {"sixty", 60},      {"seventy", 70},  {"eighty", 80},
       {"ninety", 90},  {"hundred", 100}, {"thousand", 1000}, {"million", 1e6}, {"dozen", 12}}};
  for (const auto& [name, value] : kWords) {
    if (name == word) return value;
  }
  return -1;
}

/// Lower case with the same places; mu becomes 'u' and a blank.
std::string lowered(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] >= 'A' && out[i] <= 'Z') out[i] = static_cast<char>(out[i] + 32);
    // U+00B5 and U+03BC are two bytes each.
    if (i + 1 < out.size() && ((out[i] == '\xC2' && out[i + 1] == '\xB5') ||
                               (out[i] == '\xCE' && out[i + 1] == '\xBC'))) {
      out[i] = ' ';
      out[i + 1] = 'u';
    }
  }
  return out;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Amount> amounts() {
    std::vector<Amount> found;
    for (std::size_t i = 0; i < text_.size();) {
      const bool starts = i == 0 || !(is_alpha(text_[i - 1]) || is_digit(text_[i - 1]) ||
                                      text_[i - 1] == '.' || text_[i - 1] == '/');
      if (!starts || !(is_digit(text_[i]) || text_[i] == '.' || is_alpha(text_[i]))) {
        ++i;
        continue;
      }
      const std::size_t begin = i;
      std::size_t at = i;
      std::optional<double> value = is_alpha(text_[i]) ? words(at) : number(at);
      if (!value) {
        while (i < text_.size() && (is_alpha(text_[i]) || is_digit(text_[i]))) ++i;
        i = std::max(i, begin + 1);
        continue;
      }
      value = range(at, *value);
      Amount amount;
      amount.begin = begin;
      if (unit(at, *value, amount)) found.push_back(amount);
      i = std::max(at, begin + 1);
    }
    return found;
  }

 private:
  std::optional<double> number(std::size_t& at) const {
    double value = 0;
    bool any = false;
    for (; at < text_.size(); ++at) {
      if (is_digit(text_[at])) {
        value = value * 10 + (text_[at] - '0');
        any = true;
        if (value > 1e12) return std::nullopt;
      } else if (!(text_[at] == ',' && any && at + 3 < text_.size() && is_digit(text_[at + 1]) &&
                   is_digit(text_[at + 2]) && is_digit(text_[at + 3]))) {
        break;
      }
    }
    if (at + 1 < text_.size() && text_[at] == '.' && is_digit(text_[at + 1])) {
      double place = 0.1;
      for (++at; at < text_.size() && is_digit(text_[at]); ++at, place /= 10)
        value += place * (text_[at] - '0');
      any = true;
    }
    if (!any) return std::nullopt;
    return value;
  }

  /// "five hundred", "twenty five".
  std::optional<double> words(std::size_t& at) const {
    double sum = 0;
    double part = 0;
    bool any = false;
    while (at < text_.size() && is_alpha(text_[at])) {
      std::size_t end = at;
      while (end < text_.size() && is_alpha(text_[end])) ++end;
      const double value = number_word(text_.substr(at, end - at));
      if (value < 0) break;
      any = true;
      if (value >= 1000) {
        sum += std::max(part, 1.0) * value;
        part = 0;
      } else if (value >= 100) {
        part = std::max(part, 1.0) * value;
      } else {
        part += value;
      }
      at = end;
      while (at < text_.size() && (text_[at] == ' ' || text_[at] == '-')) ++at;
    }
    if (!any) return std::nullopt;
    return sum + part;
  }

  void blanks(std::size_t& at) const {
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\n')) ++at;
  }

  bool take(std::size_t& at, std::string_view what) const {
    if (text_.substr(at, what.size()) != what) return false;
    const std::size_t end = at + what.size();
    if (end < text_.size() && is_alpha(what.back()) && is_alpha(text_[end])) return false;
    at = end;
    return true;
  }

  /// The larger one of "500-1000", "500 to 1000".
  double range(std::size_t& at, double value) const {
    std::size_t ahead = at;
    blanks(ahead);
    if (!take(ahead, "-") && !take(ahead, "to ") && !take(ahead, "\xE2\x80\x93")) return value;
    blanks(ahead);
    if (ahead >= text_.size() || !is_digit(text_[ahead])) return value;
    const auto other = number(ahead);
    if (!other) return value;
    at = ahead;
    return std::max(value, *other);
  }

  bool unit(std::size_t& at, double value, Amount& amount) const {
    std::size_t ahead = at;
    blanks(ahead);
    if (take(ahead, "-")) blanks(ahead);
    const auto found = std::find_if(kUnits.begin(), kUnits.end(),
                                    [&](const UnitName& one) { return take(ahead, one.name); });
    if (found == kUnits.end()) return false;
    amount.value = value * found->factor;
    amount.unit = found->unit;
    amount.end = at = ahead;
    // "/kg", "/kg/day", "per day"; a concentration or a rate is no dose.
    while (true) {
      std::size_t next = at;
      blanks(next);
      if (!take(next, "/") && !take(next, "per ") && !take(next, "a ")) break;
      blanks(next);
      const bool slash =
          text_[at] == '/' || text_.substr(at, 5).find("per") != std::string_view::npos;
      if (take(next, "kilogram") || take(next, "kg")) {
        amount.per = amount.per == Per::kDay ? Per::kKilogramDay : Per::kKilogram;
      } else if (take(next, "day") || take(next, "d") || take(next, "24 hours") ||
                 take(next, "24h")) {
        amount.per = amount.per == Per::kKilogram ? Per::kKilogramDay : Per::kDay;
      } else if (take(next, "dose")) {
        // as it is
      } else {
        return !slash;
      }
      amount.end = at = next;
    }
    return true;
  }

  std::string_view text_;
};

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const bool left = at == 0 || !is_alpha(text[at - 1]);
    const std::size_t end = at + word.size();
    if (left && (end >= text.size() || !is_alpha(text[end]))) return true;
  }
  return false;
}

template <std::size_t N>
bool has_any(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return has_word(text, word); });
}

/// Where a sentence speaks of what was swallowed or measured, its amounts are no prescription.
constexpr std::array<std::string_view, 20> kNoPrescription{
    "overdose",      "overdosed",  "ingested", "ingestion",  "ingestions",         "swallowed",
    "toxic",         "toxicity",   "lethal",   "fatal",      "poisoning",          "nomogram",
    "overdoses",     "overdosing", "error",    "mistakenly", "tablets were found", "contains",
    "equivalent to", "lipid level"};
constexpr std::array<std::string_view, 9> kLimits{"maximum",   "max",          "exceed",
                                                  "exceeding", "no more than", "not more than",
                                                  "up to",     "limit",        "ceiling"};

double frequency(std::string_view after) {
  struct Often {
    std::string_view words;
    double times;
  };
  constexpr std::array kOften{Often{"once a week", kWeek},
                              Often{"once weekly", kWeek},
                              Often{"weekly", kWeek},
                              Often{"every week", kWeek},
                              Often{"per week", kWeek},
                              Often{"monthly", kMonth},
                              Often{"every month", kMonth},
                              Often{"twice daily", 2},
                              Often{"twice a day", 2},
                              Often{"two times", 2},
                              Often{"bid", 2},
                              Often{"b.i.d", 2},
                              Often{"q12h", 2},
                              Often{"every 12 hours", 2},
                              Often{"three times", 3},
                              Often{"thrice", 3},
                              Often{"tid", 3},
                              Often{"t.i.d", 3},
                              Often{"q8h", 3},
                              Often{"every 8 hours", 3},
                              Often{"every eight hours", 3},
                              Often{"four times", 4},
                              Often{"qid", 4},
                              Often{"q.i.d", 4},
                              Often{"q6h", 4},
                              Often{"every 6 hours", 4},
                              Often{"every six hours", 4},
                              Often{"five times", 5},
                              Often{"5x daily", 5},
                              Often{"q4h", 6},
                              Often{"every 4 hours", 6},
                              Often{"every four hours", 6},
                              Often{"q3h", 8},
                              Often{"q2h", 12},
                              Often{"every 2 hours", 12},
                              Often{"every hour", 24},
                              Often{"daily", 1},
                              Often{"once a day", 1},
                              Often{"a day", 1},
                              Often{"per day", 1},
                              Often{"every day", 1},
                              Often{"qd", 1},
                              Often{"q24h", 1},
                              Often{"nightly", 1},
                              Often{"qhs", 1},
                              Often{"at bedtime", 1},
                              Often{"every morning", 1},
                              Often{"every evening", 1},
                              Often{"every night", 1},
                              Often{"qam", 1},
                              Often{"each day", 1}};
  for (const Often& often : kOften) {
    if (has_word(after, often.words)) return often.times;
  }
  return 0;
}

std::string route_of(std::string_view around) {
  struct RouteName {
    std::string_view words, route;
  };
  constexpr std::array kRoutes{RouteName{"iv", "IV"},
                               RouteName{"intravenous", "IV"},
                               RouteName{"intravenously", "IV"},
                               RouteName{"im", "IM"},
                               RouteName{"intramuscular", "IM"},
                               RouteName{"intramuscularly", "IM"},
                               RouteName{"po", "PO"},
                               RouteName{"by mouth", "PO"},
                               RouteName{"oral", "PO"},
                               RouteName{"orally", "PO"},
                               RouteName{"sc", "SC"},
                               RouteName{"subcut", "SC"},
                               RouteName{"subcutaneous", "SC"},
                               RouteName{"subcutaneously", "SC"},
                               RouteName{"sq", "SC"},
                               RouteName{"sl", "SL"},
                               RouteName{"sublingual", "SL"},
                               RouteName{"sublingually", "SL"},
                               RouteName{"patch", "TD"},
                               RouteName{"transdermal", "TD"},
                               RouteName{"inhaled", "INH"},
                               RouteName{"inh", "INH"},
                               RouteName{"td", "TD"},
                               RouteName{"puffs", "INH"},
                               RouteName{"nebulized", "NEB"},
                               RouteName{"neb", "NEB"},
                               RouteName{"nebulizer", "NEB"},
                               RouteName{"tablet", "PO"},
                               RouteName{"tablets", "PO"},
                               RouteName{"capsule", "PO"}};
  for (const RouteName& one : kRoutes) {
    if (has_word(around, one.words)) return std::string(one.route);
  }
  return "";
}

/// The bounds of the sentence around `at`.
std::pair<std::size_t, std::size_t> sentence(std::string_view text, std::size_t at) {
  const auto ends = [&](std::size_t i) {
    return text[i] == '\n' || ((text[i] == '.' || text[i] == ';' || text[i] == '?') &&
                               (i + 1 >= text.size() || text[i + 1] == ' ' || text[i + 1] == '\n'));
  };
  std::size_t begin = at;
  while (begin > 0 && !ends(begin - 1)) --begin;
  std::size_t end = at;
  while (end < text.size() && !ends(end)) ++end;
  return {begin, end};
}

std::size_t words_between(std::string_view text, std::size_t from, std::size_t to) {
  std::size_t count = 0;
  for (std::size_t i = from; i < to; ++i)
    count += text[i] == ' ' && i + 1 < to && text[i + 1] != ' ' ? 1 : 0;
  return count;
}

}  // namespace

std::vector<DoseMention> find_doses(std::string_view text, const DrugTable& table) {
  std::vector<DoseMention> out;
  const std::string low = lowered(text);
  const std::vector<Amount> amounts = Scanner(low).amounts();
  if (amounts.empty()) return out;
  const GuardText words(text);
  const std::vector<DrugMention> drugs = table.find(words.words());
  for (std::size_t n = 0; n < amounts.size(); ++n) {
    const Amount& amount = amounts[n];
    const auto [from, to] = sentence(low, amount.begin);
    const DrugMention* before = nullptr;
    const DrugMention* after = nullptr;
    for (const DrugMention& drug : drugs) {
      if (drug.end <= amount.begin && drug.begin >= from) before = &drug;
      if (after == nullptr && drug.begin >= amount.end && drug.end <= to) after = &drug;
    }
    if (before != nullptr && words_between(low, before->end, amount.begin) > kReachWords)
      before = nullptr;
    const bool close_after =
        after != nullptr && words_between(low, amount.end, after->begin) <= 2 &&
        low.substr(amount.end, after->begin - amount.end).find_first_of(",;") == std::string::npos;
    const bool close_before =
        before != nullptr && words_between(low, before->end, amount.begin) <= 3;
    const bool taken = before != nullptr && n > 0 && amounts[n - 1].begin >= before->end;
    const DrugMention* drug = before;
    if (close_after && (!close_before || taken)) drug = after;
    if (drug == nullptr) continue;
    const std::string_view whole = std::string_view(low).substr(from, to - from);
    if (has_any(whole, kNoPrescription)) continue;
    DoseMention mention;
    mention.drug = drug->drug;
    mention.amount = amount.value;
    mention.unit = amount.unit;
    mention.per = amount.per;
    mention.begin = std::min<std::size_t>(drug->begin, amount.begin);
    mention.end = std::max<std::size_t>(drug->end, amount.end);
    mention.shown = std::string(text.substr(amount.begin, amount.end - amount.begin));
    std::size_t stop = std::min(to, amount.end + kAfterBytes);
    if (n + 1 < amounts.size()) stop = std::min(stop, std::max(amounts[n + 1].begin, amount.end));
    const std::string_view behind = std::string_view(low).substr(amount.end, stop - amount.end);
    mention.times_a_day = frequency(behind);
    if (mention.per == Per::kDose &&
        (behind.starts_with(" total daily") || has_word(whole, "total daily dose") ||
         has_word(whole, "daily dose of") || has_word(whole, "daily maximum")))
      mention.per = Per::kDay;
    mention.route = route_of(std::string_view(low).substr(mention.begin, stop - mention.begin));
    mention.is_limit = has_any(whole, kLimits);
    out.push_back(std::move(mention));
  }
  return out;
}

}  // namespace residency::guard
