#include "cli/report_view.h"

#include <fmt/format.h>

#include "eval/eval.h"

namespace residency::cli {

Result<ReportView> view_report(store::Workspace& workspace, const std::string& artifact) {
  RESIDENCY_TRY(const std::string text, workspace.read_blob(artifact, "report.json"));
  RESIDENCY_TRY(const Json json, parse_json(text));
  RESIDENCY_TRY(const auto report, eval::EvalReport::from_json(json));
  ReportView view;
  view.passed = report.passed;
  view.text = eval::render_table(report);
  view.summary = {
      {"report", artifact}, {"passed", report.passed}, {"decision", report.gate.to_json()}};
  return view;
}

}  // namespace residency::cli
