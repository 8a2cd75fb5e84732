#include "synth/cases/cases.h"

#include "base/embedded_data.h"
#include "synth/cases/ed_triage.h"
#include "synth/cases/prior_authorization.h"
#include "synth/cases/radiology_case.h"
#include "synth/cases/trial_matching.h"

RESIDENCY_EMBEDDED(synth_ed_complaints);
RESIDENCY_EMBEDDED(synth_ed_triage);
RESIDENCY_EMBEDDED(synth_prior_authorization);
RESIDENCY_EMBEDDED(synth_prior_records);
RESIDENCY_EMBEDDED(synth_radiology_findings);
RESIDENCY_EMBEDDED(synth_radiology);
RESIDENCY_EMBEDDED(synth_trial_criteria);
RESIDENCY_EMBEDDED(synth_trial_matching);

namespace residency::synth {

struct CaseSets::Tables {
  std::vector<EdComplaint> complaints;
  std::vector<RadiologyStudy> studies;
  std::vector<PaService> services;
  std::vector<TrialAttribute> attributes;
  Grammar triage;
  Grammar radiology;
  Grammar records;
  Grammar trials;
};

CaseSets::CaseSets(std::unique_ptr<Tables> tables) : tables_(std::move(tables)) {}
CaseSets::~CaseSets() = default;
CaseSets::CaseSets(CaseSets&&) noexcept = default;

const std::vector<std::string>& case_set_names() {
  static const std::vector<std::string> kNames{"ed_triage", "prior_authorization",
                                               "radiology_impression", "trial_matching"};
  return kNames;
}

Result<CaseSets> CaseSets::load() {
  auto tables = std::make_unique<Tables>();
  RESIDENCY_TRY(tables->complaints,
                parse_ed_complaints(embedded_synth_ed_complaints(), "ed_complaints.tsv"));
  RESIDENCY_TRY(tables->studies, parse_radiology_findings(embedded_synth_radiology_findings(),
                                                          "radiology_findings.tsv"));
  RESIDENCY_TRY(tables->services, parse_prior_authorization(embedded_synth_prior_authorization(),
                                                            "prior_authorization.tsv"));
  RESIDENCY_TRY(tables->attributes,
                parse_trial_criteria(embedded_synth_trial_criteria(), "trial_criteria.tsv"));
  RESIDENCY_TRY_VOID(tables->triage.add(embedded_synth_ed_triage(), "ed_triage.grammar"));
  RESIDENCY_TRY_VOID(tables->radiology.add(embedded_synth_radiology(), "radiology.grammar"));
  RESIDENCY_TRY_VOID(
      tables->records.add(embedded_synth_prior_records(), "prior_authorization.grammar"));
  RESIDENCY_TRY_VOID(tables->trials.add(embedded_synth_trial_matching(), "trial_matching.grammar"));
  return CaseSets(std::move(tables));
}

std::string CaseSets::source_text() {
  std::string text;
  for (const std::string_view part :
       {embedded_synth_ed_complaints(), embedded_synth_ed_triage(),
        embedded_synth_prior_authorization(), embedded_synth_prior_records(),
        embedded_synth_radiology_findings(), embedded_synth_radiology(),
        embedded_synth_trial_criteria(), embedded_synth_trial_matching()}) {
    text += part;
  }
  return text;
}

MadeCase CaseSets::make(std::string_view name, std::uint64_t seed, std::uint64_t index) const {
  const Random set = Random(seed).fork(0x63617365);
  if (name == "ed_triage")
    return make_ed_triage(tables_->complaints, tables_->triage, set.fork(1).fork(index), index);
  if (name == "prior_authorization") {
    return make_prior_authorization(tables_->services, tables_->records, set.fork(2).fork(index),
                                    index);
  }
  if (name == "radiology_impression")
    return make_radiology(tables_->studies, tables_->radiology, set.fork(3).fork(index), index);
  return make_trial_matching(tables_->attributes, tables_->trials, set.fork(4), index);
}

}  // namespace residency::synth
