#include "synth/cases/ed_triage.h"

#include <fmt/format.h>

#include "synth/tables.h"

namespace residency::synth {
namespace {

constexpr int kMonths = 12;
constexpr int kSeverePain = 7;
constexpr int kLowOxygen = 92;

/// Rates by age: usual ones, and the one above which danger begins.
struct RateLimits {
  int months_below;
  int heart_low, heart_high, heart_danger;
  int breath_low, breath_high, breath_danger;
};

constexpr RateLimits kRates[] = {{3, 115, 168, 180, 32, 48, 50},
                                 {3 * kMonths, 95, 150, 160, 24, 38, 40},
                                 {8 * kMonths, 78, 130, 140, 18, 28, 30},
                                 {1'000'000, 58, 98, 100, 12, 20, 20}};

const RateLimits& rates_at(int months) {
  for (const RateLimits& rates : kRates) {
    if (months < rates.months_below) return rates;
  }
  return kRates[3];
}

/// Draws facts and text of one visit to a complaint. What makes an easy complaint urgent, or does
/// not although it looks so, is drawn beside it.
class Visit {
 public:
  Visit(const EdComplaint& complaint, const Grammar& grammar, Random& random, bool harder)
      : complaint_(complaint), grammar_(grammar), random_(random), text_(random) {
    draw_person();
    draw_state(harder);
    draw_vitals(harder);
  }

  const TriageFacts& facts() const { return facts_; }
  bool missed_a_slot() const { return text_.missed_a_slot(); }

  std::string write() {
    if (facts_.pain >= 0) {
      text_.set("pain", std::to_string(facts_.pain));
      const std::string distress = facts_.distress ? text_.write(grammar_, "distress") : "";
      std::string said = text_.write(grammar_, "pain_said");
      if (!distress.empty() && said.ends_with('.')) said.insert(said.size() - 1, distress);
      text_.set("pain_line", said);
    } else {
      text_.set("pain_line", "");
    }
    return text_.write(grammar_, "note");
  }

 private:
  void draw_person() {
    const auto [low, high] = complaint_.age_years;
    facts_.age_months = high == 0   ? random_.between(1, 2)
                        : high <= 1 ? random_.between(2, 18)
                                    : random_.between(low, high) * kMonths;
    const bool months = facts_.age_months < 2 * kMonths;
    const int number = months ? facts_.age_months : facts_.age_months / kMonths;
    text_.set("age", fmt::format("{}{}", number,
                                 months ? "-month-old"
                                        : random_.pick(std::vector<std::string>{
                                              "yo", " y/o", "-year-old", " year old"})));
    const bool female = complaint_.sex == 'f' || (complaint_.sex == 'a' && random_.chance(50));
    const bool adult = facts_.age_months >= 16 * kMonths;
    const std::vector<std::string> words =
        female ? std::vector<std::string>{"female", adult ? "woman" : "girl", "F"}
               : std::vector<std::string>{"male", adult ? "man" : "boy", "M"};
    text_.set("sex", random_.pick(words));
    text_.set("story", story_ = text_.write(grammar_, complaint_.story));
  }

  void draw_state(bool harder) {
    facts_.needs_lifesaving = complaint_.risk == 1;
    facts_.high_risk = complaint_.risk == 2;
    facts_.resources = complaint_.resources.size();
    const bool easy = complaint_.risk == 0;
    if (complaint_.asks_pain)
      facts_.pain = random_.between(complaint_.pain.first, complaint_.pain.second);
    const bool confused = easy && harder && random_.chance(34);
    facts_.newly_confused = confused;
    if (easy && complaint_.asks_pain && complaint_.pain.second >= 4) {
      const bool severe = harder && !confused && random_.chance(50);
      // Much pain without distress does not raise the level.
      if (severe || random_.chance(12)) facts_.pain = random_.between(kSeverePain, 10);
      facts_.distress = severe;
    }
    const bool old = facts_.age_months > 70 * kMonths;
    std::string said;
    if (confused) {
      said = text_.write(grammar_, "mental_new");
    } else if (!facts_.needs_lifesaving && old && random_.chance(25)) {
      said = text_.write(grammar_, "mental_known");
    } else if (!facts_.needs_lifesaving && random_.chance(40)) {
      said = text_.write(grammar_, "mental_well");
    }
    text_.set("mental_line", said);
  }

  void draw_vitals(bool harder) {
    const RateLimits& rates = rates_at(facts_.age_months);
    facts_.heart_rate = random_.between(rates.heart_low, rates.heart_high);
    facts_.breathing_rate = random_.between(rates.breath_low, rates.breath_high);
    facts_.oxygen_percent = random_.between(95, 100);
    if (facts_.needs_lifesaving) {
      facts_.heart_rate = random_.chance(50) ? random_.between(28, 44) : random_.between(125, 178);
      facts_.breathing_rate = random_.chance(50) ? random_.between(4, 8) : random_.between(36, 48);
      facts_.oxygen_percent = random_.between(66, 85);
    } else if (facts_.high_risk && random_.chance(40)) {
      facts_.heart_rate = rates.heart_danger + random_.between(1, 25);
    } else if (complaint_.risk == 0 && facts_.resources >= 2 && harder && !facts_.newly_confused &&
               !facts_.distress) {
      switch (random_.below(3)) {
        case 0:
          facts_.heart_rate = rates.heart_danger + random_.between(2, 35);
          break;
        case 1:
          facts_.breathing_rate = rates.breath_danger + random_.between(2, 14);
          break;
        default:
          facts_.oxygen_percent = random_.between(85, kLowOxygen - 1);
      }
    }
    const bool fever =
        story_.find("fever") != std::string::npos && story_.find("no fever") == std::string::npos;
    const int tenths = fever ? random_.between(381, 396) : random_.between(364, 374);
    const bool adult = facts_.age_months >= 14 * kMonths;
    const int systolic = facts_.needs_lifesaving ? random_.between(58, 84)
                         : adult                 ? random_.between(104, 158)
                                                 : random_.between(84, 112);
    text_.set("hr", std::to_string(facts_.heart_rate));
    text_.set("rr", std::to_string(facts_.breathing_rate));
    text_.set("spo2", std::to_string(facts_.oxygen_percent));
    text_.set("temp", fmt::format("{}.{}", tenths / 10, tenths % 10));
    text_.set("bp", fmt::format("{}/{}", systolic, systolic * random_.between(52, 66) / 100));
  }

  const EdComplaint& complaint_;
  const Grammar& grammar_;
  Random& random_;
  CaseText text_;
  std::string story_;
  TriageFacts facts_;
};

/// A complaint for the level that is aimed at.
const EdComplaint& pick_complaint(const std::vector<EdComplaint>& complaints, Random& random,
                                  int level, bool harder) {
  std::vector<const EdComplaint*> fit;
  for (const EdComplaint& complaint : complaints) {
    const std::size_t resources = complaint.resources.size();
    const bool fits = level == 1 ? complaint.risk == 1
                      : level == 2
                          ? (harder ? complaint.risk == 0 && resources >= 2 : complaint.risk == 2)
                      : level == 3 ? complaint.risk == 0 && resources >= 2
                      : level == 4 ? complaint.risk == 0 && resources == 1
                                   : complaint.risk == 0 && resources == 0;
    if (fits) fit.push_back(&complaint);
  }
  return fit.empty() ? complaints.front() : *random.pick(fit);
}

}  // namespace

TriageLevel esi_level(const TriageFacts& facts) {
  if (facts.needs_lifesaving) return {1, "A: needs an intervention that saves life"};
  if (facts.high_risk) return {2, "B: high-risk situation"};
  if (facts.newly_confused) return {2, "B: newly confused, lethargic or disoriented"};
  if (facts.pain >= kSeverePain && facts.distress)
    return {2, fmt::format("B: pain {} with distress", facts.pain)};
  if (facts.resources == 0) return {5, "C: no resources"};
  if (facts.resources == 1) return {4, "C: one resource"};
  const RateLimits& rates = rates_at(facts.age_months);
  if (facts.oxygen_percent < kLowOxygen)
    return {2, fmt::format("D: SpO2 {} below {}", facts.oxygen_percent, kLowOxygen)};
  if (facts.heart_rate > rates.heart_danger)
    return {2, fmt::format("D: heart rate {} above {}", facts.heart_rate, rates.heart_danger)};
  if (facts.breathing_rate > rates.breath_danger) {
    return {
        2, fmt::format("D: breathing rate {} above {}", facts.breathing_rate, rates.breath_danger)};
  }
  return {3,
          fmt::format("D: {} resources, vital signs outside of the danger zone", facts.resources)};
}

Result<std::vector<EdComplaint>> parse_ed_complaints(std::string_view table,
                                                     std::string_view name) {
  RESIDENCY_TRY(const auto rows, parse_case_rows(table, name, 7));
  std::vector<EdComplaint> complaints;
  for (const CaseRow& row : rows) {
    EdComplaint made;
    made.key = row.fields[0];
    RESIDENCY_TRY(made.age_years, parse_case_range(row, 1));
    const std::string& sex = row.fields[2];
    if (sex != "a" && sex != "f" && sex != "m")
      return invalid_input("sex must be a, f or m: " + row.where);
    made.sex = sex[0];
    const std::string& risk = row.fields[3];
    if (risk != "0" && risk != "1" && risk != "2")
      return invalid_input("risk must be 0, 1 or 2: " + row.where);
    made.risk = risk[0] - '0';
    if (row.fields[4] != "-") made.resources = split_fields(row.fields[4], ',');
    made.asks_pain = row.fields[5] != "-";
    if (made.asks_pain) {
      RESIDENCY_TRY(made.pain, parse_case_range(row, 5));
      if (made.pain.second > 10) return invalid_input("pain must be 0 to 10: " + row.where);
    }
    RESIDENCY_TRY(made.story, parse_case_template(row, 6));
    complaints.push_back(std::move(made));
  }
  if (complaints.empty()) return invalid_input("table has no complaint: " + std::string(name));
  return complaints;
}

MadeCase make_ed_triage(const std::vector<EdComplaint>& complaints, const Grammar& grammar,
                        Random random, std::uint64_t index) {
  const auto ticket = static_cast<int>(random.below(100));
  const int aim = ticket < 10 ? 1 : ticket < 38 ? 2 : ticket < 64 ? 3 : ticket < 83 ? 4 : 5;
  // A few easy complaints are made urgent by what stands beside them.
  const bool harder = aim == 2 ? random.chance(50) : aim >= 4 && random.chance(8);
  const EdComplaint& complaint = pick_complaint(complaints, random, aim, harder);
  Visit visit(complaint, grammar, random, harder);
  const TriageLevel level = esi_level(visit.facts());
  const TriageFacts& facts = visit.facts();
  const std::string id = fmt::format("ed-{:06}", index);
  MadeCase made;
  made.line = {{"id", id}, {"text", visit.write()}, {"label", std::to_string(level.level)}};
  made.truth = {{"id", id},
                {"label", std::to_string(level.level)},
                {"rule", level.rule},
                {"facts",
                 {{"complaint", complaint.key},
                  {"age_months", facts.age_months},
                  {"resources", complaint.resources},
                  {"pain", facts.pain},
                  {"distress", facts.distress},
                  {"newly_confused", facts.newly_confused},
                  {"heart_rate", facts.heart_rate},
                  {"breathing_rate", facts.breathing_rate},
                  {"oxygen_percent", facts.oxygen_percent}}}};
  made.missed_a_slot = visit.missed_a_slot();
  return made;
}

}  // namespace residency::synth
