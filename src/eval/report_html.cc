#include "eval/report_html.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "eval/report_sections.h"

namespace residency::eval {
namespace {

constexpr double kWidth = 720;
constexpr double kLabelWidth = 190;
constexpr double kRowHeight = 44;
constexpr std::string_view kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1f24}table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{border-bottom:1px "
    "solid #d5dae0;padding:.35rem .6rem;text-align:left;vertical-align:top}td.n{text-align:right;"
    "font-variant-numeric:tabular-nums}.passed{color:#11632f}.refused{color:#a1170f}svg{max-width:"
    "100%;height:auto}pre{white-space:pre-wrap;background:#f4f6f8;padding:1rem}";

double share(double value) { return std::isfinite(value) ? std::clamp(value, 0.0, 1.0) : 0; }

std::string bar(const Metric& metric, double y, std::string_view colour, std::string_view name) {
  const double span = kWidth - kLabelWidth - 70;
  const auto x = [&](double value) { return kLabelWidth + span * share(value); };
  return fmt::format(
      "<rect x='{0:.1f}' y='{1:.1f}' width='{2:.1f}' height='14' fill='{3}'><title>{4}: {5}</title>"
      "</rect><line x1='{6:.1f}' x2='{7:.1f}' y1='{8:.1f}' y2='{8:.1f}' stroke='#1b1f24'/>"
      "<text x='{9:.1f}' y='{10:.1f}'>{11:.3f}</text>\n",
      kLabelWidth, y, span * share(metric.value), colour, name, interval_text(metric),
      x(metric.low), x(metric.high), y + 7, x(std::max(metric.value, metric.high)) + 6, y + 12,
      metric.value);
}

std::string category_rows(const EvalReport& report) {
  std::string rows;
  for (const auto& [name, category] : report.tuned.categories) {
    const auto before = report.base.categories.find(name);
    rows += fmt::format(
        "<tr><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{:.3f}</td></tr>\n",
        html_escape(name), category.items,
        before == report.base.categories.end() ? "" : fmt::format("{:.3f}", before->second.value),
        category.value);
  }
  if (rows.empty()) return rows;
  return "<h2>By category</h2><table><tr><th>category</th><th>items</th><th>base</th><th>tuned</th>"
         "</tr>\n" +
         rows + "</table>\n";
}

std::string conditions(const ModelScores& scores) {
  return fmt::format(
      "<p>n = {}; {} gold labels; template: {}; shots: {}; intervals are 95 %, percentile "
      "bootstrap over the items; SHA-256 of all prompts: <code>{}</code></p>\n{}"
      "<p>Options: <code>{}</code></p>\n",
      scores.items, scores.label_count, html_escape(scores.template_use), scores.shots,
      html_escape(scores.prompts_sha256), notes_section(scores), html_escape(scores.options_json));
}

std::string begin_page(const std::string& title) {
  return fmt::format(
      "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>Evaluation of "
      "{0}</title><style>{1}</style></head><body>\n<h1>Evaluation of {0}</h1>\n",
      html_escape(title), kStyle);
}

std::string verdict(const GateDecision& gate, std::string_view what) {
  std::string html = fmt::format("<p class={0}><strong>The gate {0} {1}.</strong></p>\n",
                                 gate.passed ? "passed" : "refused", what);
  const auto reasons = gate.reasons();
  if (reasons.empty()) return html;
  html += "<ul>\n";
  for (const std::string& reason : reasons)
    html += fmt::format("<li>{}</li>\n", html_escape(reason));
  return html + "</ul>\n";
}

/// All that one benchmark's report says.
std::string body(const EvalReport& report) {
  std::string html = verdict(report.gate, "this model");
  html += fmt::format("<h2>Scores: {}</h2>\n", task_name(report.tuned.task));
  html += metrics_svg(report.comparison);
  html +=
      "<table><tr><th>metric</th><th>base</th><th>tuned</th><th>difference</th><th>relative</th>"
      "</tr>\n" +
      metric_rows(report.comparison) + "</table>\n";
  html += conditions(report.tuned);
  html += fmt::format(
      "<p>Items better: {}, worse: {}. Wholly correct by the tuned model alone: {}, by the base "
      "alone: {}; McNemar's exact test: p = {:.2g}.</p>\n",
      report.comparison.better, report.comparison.worse, report.comparison.tuned_only_correct,
      report.comparison.base_only_correct, report.comparison.mcnemar_p);
  html += worse_section(report.comparison);
  const std::string reliability = reliability_svg(report.base, report.tuned);
  if (!reliability.empty()) html += "<h2>Calibration</h2>\n" + reliability;
  html += category_rows(report);
  html += subgroup_section(report.base, report.tuned);
  return html + others_section(report);
}

}  // namespace

std::string html_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped.push_back(c);
    }
  }
  return escaped;
}

std::string metrics_svg(const Comparison& comparison) {
  const double height = kRowHeight * static_cast<double>(comparison.metrics.size()) + 30;
  std::string svg = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0:.0f} {1:.0f}' width='{0:.0f}' "
      "font-family='system-ui,sans-serif' font-size='12'>\n<rect x='{2:.0f}' y='4' width='10' "
      "height='10' fill='#9aa5b1'/><text x='{3:.0f}' y='13'>base</text><rect x='{4:.0f}' y='4' "
      "width='10' height='10' fill='#2563a8'/><text x='{5:.0f}' y='13'>tuned</text>\n",
      kWidth, height, kLabelWidth, kLabelWidth + 15, kLabelWidth + 60, kLabelWidth + 75);
  double y = 26;
  for (const auto& [name, change] : comparison.metrics) {
    if (name == "general_perplexity") continue;  // lies on no scale from 0 to 1
    svg += fmt::format("<text x='{:.0f}' y='{:.1f}' text-anchor='end'>{}</text>\n", kLabelWidth - 8,
                       y + 20, html_escape(name));
    svg += bar(change.base, y, "#9aa5b1", "base");
    svg += bar(change.tuned, y + 17, "#2563a8", "tuned");
    y += kRowHeight;
  }
  return svg + "</svg>\n";
}

std::string report_html(const EvalReport& report, const std::string& title,
                        const std::string& loss_svg, const std::string& card) {
  std::string html = begin_page(title) + body(report);
  if (!loss_svg.empty()) html += "<h2>Training</h2>\n" + loss_svg + "\n";
  if (!card.empty()) html += "<h2>Model card</h2>\n<pre>" + html_escape(card) + "</pre>\n";
  return html + "</body></html>\n";
}

std::string suite_html(const SuiteReport& suite, const std::vector<EvalReport>& reports,
                       const std::string& title) {
  std::string html = begin_page(title) + verdict(suite.gate, "these models");
  Comparison rows;
  const auto add = [&](const std::string& name, const Metric& base, const Metric& tuned,
                       const Metric& difference, std::optional<double> relative) {
    rows.metrics[name] = {base, tuned, difference, relative};
  };
  for (const auto& row : suite.rows)
    add(row.name + ": " + row.metric, row.base, row.tuned, row.difference, row.relative);
  add("mean", suite.base, suite.tuned, suite.difference,
      suite.base.value == 0 ? std::nullopt : std::optional(suite.relative.value));
  html += metrics_svg(rows);
  html +=
      "<table><tr><th>benchmark</th><th>base</th><th>tuned</th><th>difference</th><th>relative"
      "</th></tr>\n" +
      metric_rows(rows) + "</table>\n";
  html +=
      fmt::format("<p>Relative improvement of the mean: {:+.1f} % [{:+.1f}, {:+.1f}].</p>\n",
                  100 * suite.relative.value, 100 * suite.relative.low, 100 * suite.relative.high);
  for (std::size_t i = 0; i < reports.size() && i < suite.rows.size(); ++i) {
    html += fmt::format("<hr><h1>{}</h1>\n", html_escape(suite.rows[i].name)) + body(reports[i]);
  }
  return html + "</body></html>\n";
}

}  // namespace residency::eval
