// What is shown for a clean corpus: samples for review, the estimate of what is left, the
// attestation of 164.514(b)(2)(ii), and the certificate with all of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "base/result.h"
#include "deid/proof/parrot.h"
#include "deid/proof/review_sample.h"
#include "deid/proof/risk.h"
#include "deid/proof/verdicts.h"
#include "pipeline/crosswalk_work.h"
#include "store/workspace.h"

namespace residency::pipeline {

/// Draws notes of a clean corpus for review. kFailedPrecondition where it has none.
Result<deid::ReviewSample> draw_review(store::Workspace& workspace, const CrosswalkRequest& request,
                                       const std::string& corpus, std::size_t documents,
                                       const std::string& seed);

/// Keeps the estimate with the sample's corpus; `reviewers` are names. The newest one counts.
Result<void> keep_review(store::Workspace& workspace, const CrosswalkRequest& request,
                         const deid::ReviewSample& sample, const deid::ReviewEstimate& estimate,
                         const std::vector<std::string>& reviewers, std::int64_t now_unix_ms);

/// One place that the attack of deid/proof/parrot.h found unreplaced; may be PHI.
struct ParrotFind {
  std::string record_id;
  std::string phi_class;
  double score = 0;
  std::string before, text, after;
};
struct ParrotOutcome {
  deid::ParrotReport report;
  std::vector<ParrotFind> finds;  // at most `finds_max`, the likeliest first
};
/// Attacks up to `documents` notes of a clean corpus. Counts are kept with its certificate, what
/// was found is given back alone.
Result<ParrotOutcome> attack_corpus(store::Workspace& workspace, const CrosswalkRequest& request,
                                    const std::string& corpus, std::size_t documents,
                                    std::size_t finds_max, const deid::ParrotOptions& options,
                                    std::int64_t now_unix_ms, Progress& progress);

/// The quasi-identifiers of a clean corpus' patients, one row each, from their Patient resources:
/// the columns of patient_quasi_identifiers(). The sensitive value is the category of the patient's
/// first ICD-10-CM code. kFailedPrecondition where the corpus has no Patient.
const std::vector<std::string>& patient_quasi_identifiers();
Result<std::vector<deid::RiskRow>> risk_rows_of(store::Workspace& workspace,
                                                const std::string& corpus);

/// A named person's word that they have no actual knowledge that what is left could identify
/// (45 CFR 164.514(b)(2)(ii)), or, for expert determination, the expert's with the digest of their
/// report. In the audit log, and with the corpus.
struct Attestation {
  std::string name;
  std::string statement;
  std::string expert_report_sha256;  // "" for safe harbor
};
Result<void> attest(store::Workspace& workspace, const CrosswalkRequest& request,
                    const std::string& corpus, const Attestation& attestation,
                    std::int64_t now_unix_ms);

/// The certificate of a clean corpus as it stands today: what the run left, the day it expires, the
/// attestation, the newest review; "state" is "open", "attested" or "expired".
Result<Json> certificate_of(store::Workspace& workspace, const std::string& corpus,
                            std::int64_t now_unix_ms);

}  // namespace residency::pipeline
