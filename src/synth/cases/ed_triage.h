// Triage notes of an emergency department with their level in the Emergency Severity Index.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synth/cases/case_rows.h"

namespace residency::synth {

/// What decides the level.
struct TriageFacts {
  int age_months = 0;
  bool needs_lifesaving = false;
  bool high_risk = false;
  bool newly_confused = false;  // or lethargic, disoriented
  int pain = -1;                // of 10; -1: not asked
  bool distress = false;        // that is seen
  std::size_t resources = 0;    // kinds of them that the visit is expected to take
  int heart_rate = 80;
  int breathing_rate = 16;
  int oxygen_percent = 98;
};

struct TriageLevel {
  int level = 5;     // 1 most urgent
  std::string rule;  // the decision point that gave it, and on what
};

/// The Emergency Severity Index, version 4 (Gilboy et al., AHRQ 2011). A: needs an intervention
/// that saves life: 1. B: high-risk situation; newly confused, lethargic or disoriented; pain of 7
/// or more with distress that is seen: 2. C: resources, none: 5, one: 4. D: with two or more, a
/// vital sign in the danger zone: 2, else 3. At B (pain) and D the Index leaves room to a nurse's
/// judgement; here both always raise the level. Danger zone: SpO2 below 92 %; heart and breathing
/// rate above 180/50 (under 3 months), 160/40 (to 3 years), 140/30 (to 8 years), 100/20 (older).
TriageLevel esi_level(const TriageFacts& facts);

struct EdComplaint {
  std::string key;
  std::pair<int, int> age_years;
  char sex = 'a';
  int risk = 0;  // 1 life-saving, 2 high, 0 neither
  std::vector<std::string> resources;
  bool asks_pain = false;
  std::pair<int, int> pain;
  Template story;
};

/// ed_complaints.tsv; errors name line and field.
Result<std::vector<EdComplaint>> parse_ed_complaints(std::string_view table, std::string_view name);

/// A labelled text, label "1" to "5".
MadeCase make_ed_triage(const std::vector<EdComplaint>& complaints, const Grammar& grammar,
                        Random random, std::uint64_t index);

}  // namespace residency::synth
