// What the patients' own records say of whom an example is about.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dataset/assemble.h"
#include "deid/clean_record.h"

namespace residency::dataset {

/// Learns sex, race and ethnicity (US Core) from FHIR Patient resources as de-identification left
/// them, and writes them to examples, so that results by subgroup can be shown.
class PatientGroups {
 public:
  /// Takes what a Patient resource says; other records are passed over.
  void learn(const deid::CleanRecord& record);
  /// Fills in the groups of examples that name a patient who is known.
  void apply(std::vector<Candidate>& candidates) const;

 private:
  std::map<std::string, std::map<std::string, std::string>> groups_;  // by pseudonym
};

}  // namespace residency::dataset
