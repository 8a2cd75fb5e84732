// What a privacy officer does with a workspace's crosswalk: every act is in the audit log before it
// begins and after it ended, also when it was refused.
#pragma once

#include <cstdint>
#include <string>

#include "base/line_io.h"
#include "base/result.h"
#include "store/workspace.h"

namespace residency::pipeline {

/// Who asks, as what, and why. The reason is kept encrypted under the number of its audit event.
struct CrosswalkRequest {
  std::string actor;   // "os:1000"
  std::string role;    // must be "privacy-officer"
  std::string reason;  // at least 8 characters
};

inline constexpr std::string_view kPrivacyOfficer = "privacy-officer";

struct ReversalReport {
  std::uint64_t records = 0;
  std::uint64_t restored = 0;
  std::uint64_t decrypted = 0;
  std::uint64_t unreadable = 0;
};

/// Writes records of the clean corpus `corpus` with their values back, one line of JSON each: that
/// of `record_id`, those of `patient` (a pseudonym), or all where both are "". The lines are PHI.
/// kPermissionDenied for another role or no reason; kFailedPrecondition where the crosswalk's key
/// is not here; kNotFound where no record fits.
Result<ReversalReport> reverse_corpus(store::Workspace& workspace, const CrosswalkRequest& request,
                                      const std::string& corpus, const std::string& record_id,
                                      const std::string& patient, LineSink& out);

/// The crosswalk into one file under `passphrase`; out of one.
Result<void> export_crosswalk(store::Workspace& workspace, const CrosswalkRequest& request,
                              const std::string& path, const std::string& passphrase);
Result<void> import_crosswalk(store::Workspace& workspace, const CrosswalkRequest& request,
                              const std::string& path, const std::string& passphrase);
/// Destroys the crosswalk's key.
Result<void> shred_crosswalk(store::Workspace& workspace, const CrosswalkRequest& request);

}  // namespace residency::pipeline
