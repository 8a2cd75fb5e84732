#include "eval/report_sections.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "eval/report_html.h"

namespace residency::eval {
namespace {

constexpr double kSide = 300;
constexpr double kMargin = 40;
constexpr std::size_t kWorseListed = 300;
/// Fewer items than these say little: such subgroups are shown and not compared.
constexpr std::uint64_t kSubgroupItemsMin = 10;

double x_of(double value) { return kMargin + kSide * value; }
double y_of(double value) { return 10 + kSide * (1 - value); }

std::string reliability_marks(const Calibration& calibration, std::string_view colour,
                              std::string_view name) {
  std::string marks;
  const double all = static_cast<double>(std::max<std::uint64_t>(1, calibration.items()));
  for (const auto& bin : calibration.bins) {
    if (bin.items == 0) continue;
    const auto items = static_cast<double>(bin.items);
    const double accuracy = static_cast<double>(bin.correct) / items;
    marks += fmt::format(
        "<circle cx='{:.1f}' cy='{:.1f}' r='{:.1f}' fill='{}' fill-opacity='.75'><title>{}: "
        "confidence {:.2f}, accuracy {:.2f}, {} items</title></circle>\n",
        x_of(bin.confidence / items), y_of(accuracy), 3 + 9 * items / all, colour, name,
        bin.confidence / items, accuracy, bin.items);
  }
  return marks;
}

/// The attribute's largest difference between two subgroups of enough items, with their names.
std::string gap_text(const std::map<std::string, SubgroupScore>& values) {
  const SubgroupScore* best = nullptr;
  const SubgroupScore* worst = nullptr;
  std::string best_name;
  std::string worst_name;
  for (const auto& [name, score] : values) {
    if (score.items < kSubgroupItemsMin) continue;
    if (best == nullptr || score.value.value > best->value.value) {
      best = &score;
      best_name = name;
    }
    if (worst == nullptr || score.value.value < worst->value.value) {
      worst = &score;
      worst_name = name;
    }
  }
  if (best == nullptr || best == worst)
    return fmt::format("no two subgroups of at least {} items", kSubgroupItemsMin);
  return fmt::format("largest gap {:.3f}, between {} and {}{}",
                     best->value.value - worst->value.value, html_escape(best_name),
                     html_escape(worst_name),
                     best->value.low > worst->value.high ? ": their intervals do not overlap"
                                                         : " (their intervals overlap)");
}

}  // namespace

std::string interval_text(const Metric& metric) {
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", metric.value, metric.low, metric.high);
}

std::string metric_rows(const Comparison& comparison) {
  std::string rows;
  for (const auto& [name, change] : comparison.metrics) {
    rows += fmt::format(
        "<tr><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{:+.3f} [{:+.3f}, "
        "{:+.3f}]</td><td class=n>{}</td></tr>\n",
        html_escape(name), interval_text(change.base), interval_text(change.tuned),
        change.difference.value, change.difference.low, change.difference.high,
        change.relative ? fmt::format("{:+.0f} %", 100 * *change.relative) : "");
  }
  return rows;
}

std::string reliability_svg(const ModelScores& base, const ModelScores& tuned) {
  if (base.calibration.items() + tuned.calibration.items() == 0) return "";
  std::string svg = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0:.0f} {1:.0f}' width='{0:.0f}' "
      "font-family='system-ui,sans-serif' font-size='12'>\n<title>Reliability: accuracy by "
      "confidence</title><rect x='{2:.0f}' y='10' width='{3:.0f}' height='{3:.0f}' fill='none' "
      "stroke='#9aa5b1'/><line x1='{2:.0f}' y1='{4:.0f}' x2='{5:.0f}' y2='10' stroke='#9aa5b1' "
      "stroke-dasharray='4'/>\n",
      kMargin + kSide + 90, kSide + 50, kMargin, kSide, y_of(0), x_of(1));
  for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    svg += fmt::format(
        "<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>{}</text><text x='{:.1f}' y='{:.1f}' "
        "text-anchor='end'>{}</text>\n",
        x_of(tick), kSide + 26, tick, kMargin - 6, y_of(tick) + 4, tick);
  }
  svg += fmt::format(
      "<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>confidence</text><text x='{:.1f}' y='24' "
      "fill='#66717d'>base</text><text x='{:.1f}' y='42' fill='#2563a8'>tuned</text>\n",
      x_of(0.5), kSide + 44, x_of(1) + 12, x_of(1) + 12);
  svg += reliability_marks(base.calibration, "#9aa5b1", "base");
  svg += reliability_marks(tuned.calibration, "#2563a8", "tuned");
  return svg + "</svg>\n";
}

std::string subgroup_section(const ModelScores& base, const ModelScores& tuned) {
  if (tuned.subgroups.empty()) return "";
  std::string html = fmt::format("<h2>By subgroup: {}</h2>\n", html_escape(tuned.headline));
  for (const auto& [attribute, values] : tuned.subgroups) {
    html += fmt::format("<table><tr><th>{}</th><th>items</th><th>base</th><th>tuned</th></tr>\n",
                        html_escape(attribute));
    for (const auto& [value, score] : values) {
      std::string before;
      const auto group = base.subgroups.find(attribute);
      if (group != base.subgroups.end()) {
        const auto found = group->second.find(value);
        if (found != group->second.end()) before = interval_text(found->second.value);
      }
      html += fmt::format(
          "<tr><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td></tr>\n",
          html_escape(value), score.items, before, interval_text(score.value));
    }
    html += fmt::format("</table>\n<p>Tuned model: {}.</p>\n", gap_text(values));
  }
  return html;
}

std::string worse_section(const Comparison& comparison) {
  if (comparison.worse_ids.empty()) return "";
  std::string html =
      fmt::format("<details><summary>The {} items that got worse</summary><p>", comparison.worse);
  const std::size_t shown = std::min(kWorseListed, comparison.worse_ids.size());
  for (std::size_t i = 0; i < shown; ++i)
    html += (i == 0 ? "" : ", ") + html_escape(comparison.worse_ids[i]);
  if (shown < comparison.worse) html += ", ...";
  return html + "</p></details>\n";
}

std::string others_section(const EvalReport& report) {
  std::string html;
  for (const OtherModel& other : report.others) {
    html += fmt::format(
        "<h2>Against {}</h2>\n<table><tr><th>metric</th><th>{}</th><th>tuned</th><th>difference"
        "</th><th>relative</th></tr>\n{}</table>\n<p>McNemar's exact test: p = {:.2g}.{}</p>\n",
        html_escape(other.name), html_escape(other.name), metric_rows(other.comparison),
        other.comparison.mcnemar_p,
        other.comparison.prompts_differ ? " Each model was asked through its own chat template."
                                        : "");
  }
  return html;
}

std::string notes_section(const ModelScores& scores) {
  std::string html = "<ul>\n";
  for (const std::string& note : scores_notes(scores))
    html += fmt::format("<li>{}</li>\n", html_escape(note));
  return html + "</ul>\n";
}

}  // namespace residency::eval
