#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "guard/clinical/clinical_rails.h"
#include "guard/clinical/dose_text.h"

namespace residency::guard {
namespace {

constexpr double kSlack = 1.001;     // rounding of units
constexpr double kTooLow = 6;        // so many times below the lowest usual dose
constexpr double kTenfoldLeast = 9;  // and a slip of two or three places
constexpr double kTenfoldMost = 1100;

std::string shown(double amount, const DoseLimit& limit) {
  return fmt::format("{:g} {}", amount / limit.shown_factor, limit.shown_unit);
}

double score_of(double ratio) { return std::min(1.0, 0.6 + 0.1 * ratio); }

Finding finding_of(const DoseMention& dose, double score, std::string note) {
  Finding finding;
  finding.policy = "dose";
  finding.name = dose.drug;
  finding.begin = dose.begin;
  finding.end = dose.end;
  finding.score = score;
  finding.note = std::move(note);
  return finding;
}

/// The limits that may hold for the dose: those of its route, else all.
std::vector<const DoseLimit*> fitting(const DoseMention& dose,
                                      const std::vector<DoseLimit>& limits) {
  std::vector<const DoseLimit*> all;
  std::vector<const DoseLimit*> of_route;
  for (const DoseLimit& limit : limits) {
    all.push_back(&limit);
    if (limit.route == dose.route || limit.route == "*") of_route.push_back(&limit);
  }
  return of_route.empty() ? all : of_route;
}

bool unit_fits(const DoseMention& dose, const std::vector<const DoseLimit*>& limits) {
  return std::any_of(limits.begin(), limits.end(),
                     [&](const DoseLimit* limit) { return limit->unit == dose.unit; });
}

bool for_children(std::string_view text) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const char* word : {"child", "infant", "neonat", "pediatric", "paediatric", "toddler",
                           "newborn", "/kg", "per kg", "baby", "year-old boy", "year-old girl"}) {
    if (low.find(word) != std::string::npos) return true;
  }
  return false;
}

/// The most permissive value of `field` among the limits with the dose's unit; 0 for no limit.
double largest(const DoseMention& dose, const std::vector<const DoseLimit*>& limits,
               double DoseLimit::*field, const DoseLimit** of) {
  double best = -1;
  for (const DoseLimit* limit : limits) {
    if (limit->unit != dose.unit) continue;
    const double value = limit->*field;
    if (value == 0) return 0;
    if (value > best) {
      best = value;
      *of = limit;
    }
  }
  return std::max(best, 0.0);
}

void check_limits(const DoseMention& dose, const std::vector<const DoseLimit*>& limits,
                  bool children, std::vector<Finding>& out) {
  const DoseLimit* of = limits.front();
  const auto above = [&](double amount, double limit, std::string_view what) {
    if (limit <= 0 || amount <= limit * kSlack) return false;
    out.push_back(finding_of(dose, score_of(amount / limit),
                             fmt::format("{}: {} is above the {} of {}", dose.drug,
                                         shown(amount, *of), what, shown(limit, *of))));
    return true;
  };
  if (dose.per == Per::kKilogram) {
    above(dose.amount, largest(dose, limits, &DoseLimit::kg_single, &of), "largest dose per kg");
    return;
  }
  if (dose.per == Per::kKilogramDay) {
    above(dose.amount, largest(dose, limits, &DoseLimit::kg_daily, &of),
          "largest daily dose per kg");
    return;
  }
  const double daily = largest(dose, limits, &DoseLimit::daily, &of);
  const double single = largest(dose, limits, &DoseLimit::single, &of);
  const bool weekly = std::all_of(limits.begin(), limits.end(),
                                  [](const DoseLimit* limit) { return limit->weekly; });
  if (weekly && !dose.is_limit && (dose.times_a_day >= 1 || dose.per == Per::kDay)) {
    out.push_back(
        finding_of(dose, 1.0, fmt::format("{}: is given once a week, not every day", dose.drug)));
    return;
  }
  if (dose.per == Per::kDay || dose.is_limit) {
    // A limit is said of one dose or of a day.
    above(dose.amount, std::max(daily, single), "largest daily dose");
    return;
  }
  if (above(dose.amount, single, "largest single dose")) return;
  if (dose.times_a_day > 1 && above(dose.amount * dose.times_a_day, daily, "largest daily dose"))
    return;
  double low = 1e300;
  for (const DoseLimit* limit : limits) {
    if (limit->unit == dose.unit && limit->low < low) {
      low = limit->low;
      of = limit;
    }
  }
  if (!children && low < 1e300 && dose.amount * kTooLow < low)
    out.push_back(finding_of(dose, 0.6,
                             fmt::format("{}: {} is far below the lowest usual dose of {}",
                                         dose.drug, shown(dose.amount, *of), shown(low, *of))));
}

/// The same drug ten (or a hundred, or a thousand) times as much as the conversation has it.
void check_slip(const DoseMention& dose, const std::vector<DoseMention>& said,
                std::vector<Finding>& out) {
  bool same = false;
  double slip = 0;
  for (const DoseMention& other : said) {
    if (other.drug != dose.drug || other.unit != dose.unit || other.per != dose.per ||
        other.amount <= 0 || dose.amount <= 0)
      continue;
    const double ratio = std::max(dose.amount, other.amount) / std::min(dose.amount, other.amount);
    if (ratio < 1.01) same = true;
    const double places = std::log10(ratio);
    if (ratio >= kTenfoldLeast && ratio <= kTenfoldMost &&
        std::fabs(places - std::round(places)) < 0.02)
      slip = dose.amount / other.amount;
  }
  if (same || slip == 0) return;
  out.push_back(
      finding_of(dose, 1.0,
                 fmt::format("{}: {} is {} times what the conversation says", dose.drug, dose.shown,
                             fmt::format("{:g}", std::round(slip * 1000) / 1000))));
}

}  // namespace

std::vector<Finding> check_doses(std::string_view text, const Conversation& conversation) {
  const DrugTable& table = DrugTable::embedded();
  std::vector<Finding> out;
  const std::vector<DoseMention> doses = find_doses(text, table);
  if (doses.empty()) return out;
  std::vector<DoseMention> said;
  const auto add = [&](std::string_view other) {
    std::vector<DoseMention> some = find_doses(other, table);
    said.insert(said.end(), some.begin(), some.end());
  };
  for (const std::string& source : conversation.sources) add(source);
  for (const Turn& turn : conversation.turns) add(turn.text);
  const bool children = for_children(text) || for_children(conversation.question());
  for (const DoseMention& dose : doses) {
    const std::size_t before = out.size();
    check_slip(dose, said, out);
    const std::vector<DoseLimit>* limits = table.limits(dose.drug);
    if (limits == nullptr || out.size() > before) continue;
    const std::vector<const DoseLimit*> may = fitting(dose, *limits);
    if (!unit_fits(dose, may)) {
      const bool salt =
          dose.unit == DoseUnit::kMilligram && may.front()->unit == DoseUnit::kMilliequivalent;
      if (!salt)
        out.push_back(finding_of(dose, 1.0,
                                 fmt::format("{}: {} is not its unit, which is {}", dose.drug,
                                             dose.shown, may.front()->shown_unit)));
      continue;
    }
    check_limits(dose, may, children, out);
  }
  return out;
}

}  // namespace residency::guard
