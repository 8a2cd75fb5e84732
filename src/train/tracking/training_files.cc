#include "train/tracking/training_files.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "base/json.h"

namespace residency::train {
namespace {

constexpr std::size_t kPointsMax = 600;  // of a drawn curve
constexpr double kWidth = 720, kHeight = 360;
constexpr double kLeft = 60, kRight = 20, kTop = 20, kBottom = 45;

struct Point {
  double step = 0;
  double loss = 0;
};

/// At most kPointsMax means of neighbouring points.
std::vector<Point> thinned(const std::vector<Point>& points) {
  const std::size_t group = (points.size() + kPointsMax - 1) / kPointsMax;
  if (group <= 1) return points;
  std::vector<Point> means;
  for (std::size_t i = 0; i < points.size(); i += group) {
    const std::size_t end = std::min(i + group, points.size());
    Point mean;
    for (std::size_t k = i; k < end; ++k) {
      mean.step += points[k].step / static_cast<double>(end - i);
      mean.loss += points[k].loss / static_cast<double>(end - i);
    }
    means.push_back(mean);
  }
  return means;
}

/// The picture's frame: where a step and a loss lie.
struct Frame {
  double last_step = 1;
  double low = 0;
  double high = 1;

  double x(double step) const { return kLeft + (kWidth - kLeft - kRight) * step / last_step; }
  double y(double loss) const {
    return kTop + (kHeight - kTop - kBottom) * (high - loss) / (high - low);
  }
};

/// A round distance between lines of a grid: 1, 2 or 5 times a power of ten.
double grid_step(double range) {
  const double rough = std::max(range, 1e-9) / 5;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

std::string grid(const Frame& frame) {
  std::string svg;
  const double down = grid_step(frame.high - frame.low);
  for (double loss = std::ceil(frame.low / down) * down; loss <= frame.high + 1e-9; loss += down) {
    svg += fmt::format(
        "<line x1='{0:.1f}' x2='{1:.1f}' y1='{2:.1f}' y2='{2:.1f}' stroke='#ddd'/>"
        "<text x='{3:.1f}' y='{4:.1f}' text-anchor='end'>{5:.4g}</text>\n",
        kLeft, kWidth - kRight, frame.y(loss), kLeft - 6, frame.y(loss) + 4, loss);
  }
  const double across = std::max(1.0, grid_step(frame.last_step));
  for (double step = 0; step <= frame.last_step + 1e-9; step += across) {
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>{:.0f}</text>\n",
                       frame.x(step), kHeight - kBottom + 18, step);
  }
  return svg;
}

std::string curve(const Frame& frame, const std::vector<Point>& points, std::string_view colour,
                  bool dots) {
  std::string path;
  std::string marks;
  for (const Point& point : thinned(points)) {
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", frame.x(point.step),
                        frame.y(point.loss));
    if (dots) {
      marks += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='3' fill='{}'/>", frame.x(point.step),
                           frame.y(point.loss), colour);
    }
  }
  return fmt::format("<polyline points='{}' fill='none' stroke='{}' stroke-width='1.5'/>{}\n", path,
                     colour, marks);
}

}  // namespace

std::string training_metrics_csv(const std::vector<LossPoint>& history) {
  std::string csv = "step_number,epoch_number,training_loss,perplexity\n";
  for (const LossPoint& point : history) {
    if (!std::isfinite(point.loss)) continue;
    csv += fmt::format("{},{},{:.6f},{:.6f}\n", point.step - 1, point.epoch, point.loss,
                       std::exp(point.loss));
  }
  return csv;
}

std::string validation_metrics_csv(const std::vector<LossPoint>& history) {
  std::string csv = "step_number,epoch_number,validation_loss,validation_perplexity\n";
  for (const LossPoint& point : history) {
    if (std::isnan(point.validation_loss)) continue;
    csv += fmt::format("{},{},{:.6f},{:.6f}\n", point.step - 1, point.epoch, point.validation_loss,
                       std::exp(point.validation_loss));
  }
  return csv;
}

std::string metrics_jsonl(const std::vector<LossPoint>& history) {
  std::string lines;
  for (const LossPoint& point : history) {
    Json line{{"step", point.step},
              {"epoch", point.epoch},
              {"loss", point.loss},
              {"learning_rate", point.learning_rate},
              {"gradient_norm", point.gradient_norm},
              {"tokens", point.tokens}};
    if (point.skipped != SkipReason::kNone)
      line["skipped"] = point.skipped == SkipReason::kSpike ? "spike" : "not_finite";
    if (!std::isnan(point.validation_loss)) line["validation_loss"] = point.validation_loss;
    lines += dump_json(line) + "\n";
  }
  return lines;
}

std::string loss_curve_svg(const std::vector<LossPoint>& history) {
  std::vector<Point> training;
  std::vector<Point> validation;
  Frame frame{1, 0, 0};
  for (const LossPoint& point : history) {
    const auto step = static_cast<double>(point.step);
    if (std::isfinite(point.loss)) training.push_back({step, point.loss});
    if (!std::isnan(point.validation_loss)) validation.push_back({step, point.validation_loss});
    frame.last_step = std::max(frame.last_step, step);
  }
  for (const auto* points : {&training, &validation}) {
    for (const Point& point : thinned(*points)) frame.high = std::max(frame.high, point.loss);
  }
  frame.high = frame.high > 0 ? frame.high * 1.05 : 1;
  return fmt::format(
             "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0:.0f} {1:.0f}' "
             "font-family='sans-serif' font-size='12' fill='#333'>\n"
             "<title>Training and validation loss by step</title>\n"
             "<rect width='{0:.0f}' height='{1:.0f}' fill='white'/>\n",
             kWidth, kHeight) +
         grid(frame) + curve(frame, training, "#1f6fb2", false) +
         curve(frame, validation, "#c0392b", true) +
         fmt::format(
             "<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>step</text>\n"
             "<text x='{:.1f}' y='{:.1f}' fill='#1f6fb2' text-anchor='end'>training loss</text>\n"
             "<text x='{:.1f}' y='{:.1f}' fill='#c0392b' text-anchor='end'>validation loss</text>\n"
             "</svg>\n",
             kLeft + (kWidth - kLeft - kRight) / 2, kHeight - 8, kWidth - kRight - 4, kTop + 14,
             kWidth - kRight - 4, kTop + 30);
}

}  // namespace residency::train
