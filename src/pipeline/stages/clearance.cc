#include "pipeline/stages/clearance.h"

#include <fmt/format.h>

#include "pipeline/proof_work.h"

namespace residency::pipeline {

Result<void> check_clearance(store::Workspace& workspace, const store::Manifest& dataset,
                             std::int64_t now_unix_ms) {
  const bool certified = json_member(dataset.properties, "certificate").is_object();
  if (!certified && !json_member(dataset.properties, "waiver").is_object())
    return failed_precondition(
        "the data set has neither a de-identification certificate nor a named person's waiver: " +
        dataset.id);
  for (const std::string& parent : dataset.parents) {
    RESIDENCY_TRY(const auto manifest, workspace.manifest(parent));
    if (manifest.kind != "corpus.clean") continue;
    RESIDENCY_TRY(const Json certificate, certificate_of(workspace, parent, now_unix_ms));
    if (json_text(certificate, "state") == "expired")
      return failed_precondition(fmt::format(
          "the certificate of the data set's corpus expired on {}: review the corpus and "
          "de-identify it again: {}",
          json_text(certificate, "expires_at"), parent));
  }
  return {};
}

}  // namespace residency::pipeline
