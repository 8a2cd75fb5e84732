// DoseText: doses that a text gives, with their drug, unit, route and how often.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "guard/clinical/drug_table.h"

namespace residency::guard {

enum class Per : std::uint8_t { kDose, kDay, kKilogram, kKilogramDay };

/// One dose with its drug.
struct DoseMention {
  std::string drug;
  double amount = 0;  // milligrams, units or milliequivalents; the larger of a range
  DoseUnit unit = DoseUnit::kMilligram;
  Per per = Per::kDose;
  std::string route;       // "PO", "IV", ...; "" where not said
  double times_a_day = 0;  // 0 where not said
  bool is_limit = false;   // "maximum", "do not exceed"
  std::size_t begin = 0;   // from the drug's name to the dose, or the other way round
  std::size_t end = 0;
  std::string shown;  // "5000 mg"
};

/// Doses outside of overdoses, levels, concentrations and infusions.
std::vector<DoseMention> find_doses(std::string_view text, const DrugTable& table);

}  // namespace residency::guard
