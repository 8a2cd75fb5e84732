// Any bytes as a table of cases (the first byte chooses which): parsed or refused, and what was
// parsed gives a case.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "synth/cases/ed_triage.h"
#include "synth/cases/prior_authorization.h"
#include "synth/cases/radiology_case.h"
#include "synth/cases/trial_matching.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::synth;
  if (size == 0) return 0;
  const std::string_view table(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Grammar grammar;
  const Random random(data[0]);
  switch (data[0] % 4) {
    case 0:
      if (const auto parsed = parse_ed_complaints(table, "fuzz"); parsed.ok())
        (void)make_ed_triage(*parsed, grammar, random, 1);
      break;
    case 1:
      if (const auto parsed = parse_radiology_findings(table, "fuzz"); parsed.ok())
        (void)make_radiology(*parsed, grammar, random, 1);
      break;
    case 2:
      if (const auto parsed = parse_prior_authorization(table, "fuzz"); parsed.ok())
        (void)make_prior_authorization(*parsed, grammar, random, 1);
      break;
    default:
      if (const auto parsed = parse_trial_criteria(table, "fuzz"); parsed.ok())
        (void)make_trial_matching(*parsed, grammar, random, 1);
  }
  return 0;
}
