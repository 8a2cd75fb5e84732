// Parts of the HTML report that are about one model or one comparison.
#pragma once

#include <string>

#include "eval/eval_report.h"
#include "eval/suite.h"

namespace residency::eval {

/// A reliability picture: accuracy by confidence, base and tuned; an SVG. "" where neither model
/// gave log-probabilities.
std::string reliability_svg(const ModelScores& base, const ModelScores& tuned);

/// The equity report: a table of subgroups with n and interval for both models, and the largest gap
/// of each attribute. "" where the items name no subgroups.
std::string subgroup_section(const ModelScores& base, const ModelScores& tuned);

/// Ids of the items that got worse, the first few hundred, folded.
std::string worse_section(const Comparison& comparison);

/// A table for each other model.
std::string others_section(const EvalReport& report);

/// The notes of scores_notes() as a list.
std::string notes_section(const ModelScores& scores);

/// "0.412 [0.377, 0.451]"
std::string interval_text(const Metric& metric);

/// Rows of a table of metrics: base, tuned, difference, relative.
std::string metric_rows(const Comparison& comparison);

}  // namespace residency::eval
