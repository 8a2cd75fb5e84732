// Radiology reports without their impression, and the impression.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "synth/cases/case_rows.h"

namespace residency::synth {

/// A way to report a region. Urgency 0: as it should be, or of no matter; nothing of it is in the
/// impression. 4 act now, 3 treat or work up, 2 follow, 1 mention.
struct RadiologyFinding {
  std::string name;
  int urgency = 0;
  Template finding;
  Template impression;
};

struct RadiologyRegion {
  std::string name;
  std::vector<RadiologyFinding> usual;
  std::vector<RadiologyFinding> unusual;
};

struct RadiologyStudy {
  std::string name;
  Template title;
  Template indication;
  Template normal;  // the impression where nothing is unusual
  std::vector<RadiologyRegion> regions;
};

/// radiology_findings.tsv; errors name line and field.
Result<std::vector<RadiologyStudy>> parse_radiology_findings(std::string_view table,
                                                             std::string_view name);

/// Every unusual finding once, the most urgent first, of equal ones the first reported; numbered
/// where there are several.
std::string impression_text(std::vector<std::pair<int, std::string>> findings,
                            const std::string& normal);

/// A report and its impression to write.
MadeCase make_radiology(const std::vector<RadiologyStudy>& studies, const Grammar& grammar,
                        Random random, std::uint64_t index);

}  // namespace residency::synth
