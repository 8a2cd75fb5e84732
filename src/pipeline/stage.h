// Stage: one kind of job. The table of stages is explicit; nothing registers itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/audit_log.h"
#include "base/config.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/result.h"
#include "store/workspace.h"

namespace residency::pipeline {

/// What a stage's run is given. `inputs` are the job's input artifacts by kind, in the plan's
/// order.
struct StageContext {
  store::Workspace& workspace;
  audit::AuditLog& audit;
  const store::Job& job;
  ConfigNode options;
  Progress& progress;

  /// The first input artifact of `kind`; kFailedPrecondition, naming the kind, where there is none.
  Result<store::Manifest> input(std::string_view kind) const;
  /// As input(), but an empty optional where there is none.
  Result<std::optional<store::Manifest>> optional_input(std::string_view kind) const;
  /// A manifest with job, tool version, recipe digest and parents filled in.
  store::Manifest manifest(std::string_view kind, std::vector<std::string> parents) const;
};

/// One row of the table.
struct Stage {
  std::string_view name;
  std::string_view summary;
  /// Changes when the stage's output for equal input changes, so that old jobs are not reused.
  int version;
  /// Kinds of artifact it takes; one it can do without ends in '?'.
  std::vector<std::string_view> takes;
  /// Checks the stage's options; all problems at once.
  Result<void> (*validate)(const ConfigNode& options);
  /// A digest of what it reads from outside the workspace (source files); "" where it reads
  /// nothing.
  Result<std::string> (*fingerprint)(store::Workspace& workspace, const ConfigNode& options);
  /// Does the work; returns the ids of the artifacts it made.
  Result<std::vector<std::string>> (*run)(StageContext& context);
};

/// All stages in the order of the flow.
const std::vector<Stage>& stages();
/// kInvalidArgument, listing the names, where there is none of that name.
Result<const Stage*> find_stage(std::string_view name);

/// The version that manifests carry: "0.1.0+<build>".
std::string tool_version();

}  // namespace residency::pipeline
