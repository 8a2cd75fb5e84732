// The evaluation's report as one HTML file: tables and pictures, no script, nothing from elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eval/eval_report.h"
#include "eval/suite.h"

namespace residency::eval {

/// `title` names the model. `loss_svg` is the training's loss curve, "" for none; `card` the model
/// card as plain text, "" for none. Every text is escaped; no text of any item is in it.
std::string report_html(const EvalReport& report, const std::string& title,
                        const std::string& loss_svg, const std::string& card);

/// The same for several benchmarks: their table and picture with the mean, then each one's report
/// in the suite's order.
std::string suite_html(const SuiteReport& suite, const std::vector<EvalReport>& reports,
                       const std::string& title);

/// A bar for base and tuned model of each metric, with its interval: an SVG.
std::string metrics_svg(const Comparison& comparison);

/// `text` with &, <, >, " and ' as HTML has them.
std::string html_escape(std::string_view text);

}  // namespace residency::eval
