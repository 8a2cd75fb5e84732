// Shows a gate's report artifact: the before/after table and the decision.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "store/workspace.h"

namespace residency::cli {

struct ReportView {
  bool passed = false;
  std::string text;  // the table and the gate's reasons
  Json summary;
};

Result<ReportView> view_report(store::Workspace& workspace, const std::string& artifact);

}  // namespace residency::cli
