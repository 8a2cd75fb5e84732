#include "pipeline/sweep.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <utility>

#include "pipeline/recipe.h"
#include "pipeline/runner.h"

namespace residency::pipeline {
namespace {

constexpr std::size_t kPointsMax = 1000;
constexpr std::int64_t kStepsMax = 100'000'000;

struct Axis {
  std::string key;
  std::vector<std::string> values;
};

Result<Axis> parse_axis(const std::string& text) {
  const std::size_t equals = text.find('=');
  Axis axis{text.substr(0, equals), {}};
  if (equals == std::string::npos || !axis.key.starts_with("train."))
    return invalid_argument("a grid's axis is train.KEY=VALUE,VALUE...: " + text);
  std::string_view rest = std::string_view(text).substr(equals + 1);
  while (true) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (comma == 0) return invalid_argument("a grid's axis has an empty value: " + text);
    axis.values.emplace_back(rest.substr(0, comma));
    if (comma == rest.size()) return axis;
    rest.remove_prefix(comma + 1);
  }
}

/// The grid's points: the last axis varies first.
Result<std::vector<SweepPoint>> points_of(const std::vector<std::string>& grid) {
  if (grid.empty()) return invalid_argument("a sweep needs a grid: --grid train.KEY=VALUE,VALUE");
  std::vector<SweepPoint> points(1);
  for (const std::string& text : grid) {
    RESIDENCY_TRY(const Axis axis, parse_axis(text));
    std::vector<SweepPoint> more;
    for (const SweepPoint& point : points) {
      for (const std::string& value : axis.values) {
        more.push_back(point);
        more.back().settings.push_back(axis.key + "=" + value);
      }
      if (more.size() > kPointsMax) return invalid_argument("a grid has at most 1000 points");
    }
    points = std::move(more);
  }
  return points;
}

/// The recipe's steps up to training, under the point's settings.
Result<std::vector<Step>> steps_of(Env& env, const SweepOptions& options, const SweepPoint& point,
                                   std::int64_t steps_max) {
  std::vector<std::string> overrides = options.overrides;
  overrides.insert(overrides.end(), point.settings.begin(), point.settings.end());
  if (steps_max > 0) overrides.push_back(fmt::format("train.steps_max={}", steps_max));
  RESIDENCY_TRY(Recipe recipe, load_recipe(env, options.recipe, overrides));
  const auto train = std::find_if(recipe.steps.begin(), recipe.steps.end(),
                                  [](const Step& step) { return step.stage == "train"; });
  if (train == recipe.steps.end()) return invalid_argument("the recipe has no train section");
  recipe.steps.erase(train + 1, recipe.steps.end());
  return std::move(recipe.steps);
}

bool is_of_the_point(ErrorCode code) {
  return code == ErrorCode::kInvalidInput || code == ErrorCode::kResourceExhausted ||
         code == ErrorCode::kInvalidArgument;
}

double rank_of(const SweepPoint& point) {
  return point.validation_loss.value_or(std::numeric_limits<double>::infinity());
}

class Sweep {
 public:
  Sweep(store::Workspace& workspace, Executor& executor, const SweepOptions& options,
        Progress& progress, const SweepListener& listener)
      : workspace_(workspace),
        executor_(executor),
        options_(options),
        progress_(progress),
        listener_(listener) {}

  Result<SweepResult> go() {
    RESIDENCY_TRY(points_, points_of(options_.grid));
    std::vector<std::size_t> left(points_.size());
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
    std::int64_t steps = options_.halving_steps;
    for (std::int64_t rung = 0;; ++rung) {
      for (std::size_t i = 0; i < left.size(); ++i)
        RESIDENCY_TRY_VOID(train(points_[left[i]], rung, steps, i + 1, left.size()));
      if (steps == 0 || left.size() == 1 || steps > kStepsMax / options_.halving_factor) break;
      std::stable_sort(left.begin(), left.end(), [&](std::size_t a, std::size_t b) {
        return rank_of(points_[a]) < rank_of(points_[b]);
      });
      const auto factor = static_cast<std::size_t>(options_.halving_factor);
      left.resize(std::max<std::size_t>(1, left.size() / factor));
      if (!points_[left.front()].validation_loss) break;
      steps *= options_.halving_factor;
    }
    std::stable_sort(points_.begin(), points_.end(), [](const SweepPoint& a, const SweepPoint& b) {
      const bool failed_a = !a.validation_loss;
      const bool failed_b = !b.validation_loss;
      if (failed_a != failed_b) return failed_b;
      if (a.rung != b.rung) return a.rung > b.rung;
      return rank_of(a) < rank_of(b);
    });
    return SweepResult{std::move(points_)};
  }

 private:
  Result<void> train(SweepPoint& point, std::int64_t rung, std::int64_t steps_max,
                     std::size_t number, std::size_t count) {
    if (listener_) listener_(point, number, count);
    point.rung = rung;
    RESIDENCY_TRY(const auto steps, steps_of(workspace_.env(), options_, point, steps_max));
    const auto outcome = run_steps(workspace_, executor_, steps, progress_, {});
    if (!outcome.ok()) {
      const bool in_training = outcome.error().message().find("step train") != std::string::npos;
      if (!in_training || !is_of_the_point(outcome.error().code())) return outcome.error();
      point.failure = outcome.error().message();
      point.validation_loss.reset();
      return {};
    }
    const StepOutcome& trained = outcome->steps.back();
    if (trained.outputs.empty()) return internal_error("a training gave no artifact");
    point.seconds += trained.seconds;
    point.artifact = trained.outputs.front();
    RESIDENCY_TRY(const auto manifest, workspace_.manifest(point.artifact));
    const Json& training = json_member(manifest.properties, "training");
    point.steps = json_integer(training, "steps", 0);
    const Json& loss = json_member(training, "best_validation_loss");
    if (!loss.is_number())
      return invalid_argument(
          "a sweep compares validation losses: the data set has no validation part");
    point.validation_loss = loss.get<double>();
    return {};
  }

  store::Workspace& workspace_;
  Executor& executor_;
  const SweepOptions& options_;
  Progress& progress_;
  const SweepListener& listener_;
  std::vector<SweepPoint> points_;
};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

std::string label_of(const SweepPoint& point) {
  std::string label;
  for (const std::string& setting : point.settings)
    label += (label.empty() ? "" : "  ") + setting.substr(std::string_view("train.").size());
  return label;
}

}  // namespace

Json SweepResult::to_json() const {
  Json list = Json::array();
  for (const SweepPoint& point : points) {
    Json settings = Json::object();
    for (const std::string& setting : point.settings) {
      const std::size_t equals = setting.find('=');
      settings[setting.substr(0, equals)] = setting.substr(equals + 1);
    }
    list.push_back(
        {{"settings", settings},
         {"rung", point.rung},
         {"steps", point.steps},
         {"validation_loss", point.validation_loss ? Json(*point.validation_loss) : Json()},
         {"failure", point.failure},
         {"artifact", point.artifact},
         {"seconds", point.seconds}});
  }
  return list;
}

std::string SweepResult::csv() const {
  std::string text = "settings,rung,steps,validation_loss,seconds,artifact,failure\n";
  for (const SweepPoint& point : points) {
    text += fmt::format("{},{},{},{},{:.2f},{},\"{}\"\n", label_of(point), point.rung, point.steps,
                        point.validation_loss ? fmt::format("{:.6f}", *point.validation_loss) : "",
                        point.seconds, point.artifact, point.failure);
  }
  return text;
}

std::string SweepResult::svg() const {
  constexpr double kLabel = 330, kBar = 330, kRow = 22, kTop = 34;
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const SweepPoint& point : points) {
    if (!point.validation_loss) continue;
    low = std::min(low, *point.validation_loss);
    high = std::max(high, *point.validation_loss);
  }
  const double range = high > low ? high - low : 1;
  std::string rows;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const SweepPoint& point = points[i];
    const double y = kTop + kRow * static_cast<double>(i);
    rows += fmt::format("<text x='{:.0f}' y='{:.0f}' text-anchor='end'>{}</text>\n", kLabel - 8,
                        y + 15, escaped(label_of(point)));
    if (!point.validation_loss) {
      rows +=
          fmt::format("<text x='{:.0f}' y='{:.0f}' fill='#c0392b'>failed</text>\n", kLabel, y + 15);
      continue;
    }
    // The shortest bar is the best loss; a tenth of the width is left for it to be seen.
    const double width = kBar * (0.1 + 0.9 * (*point.validation_loss - low) / range);
    rows += fmt::format(
        "<rect x='{:.0f}' y='{:.0f}' width='{:.1f}' height='{:.0f}' fill='{}'/>"
        "<text x='{:.1f}' y='{:.0f}'>{:.4f}, {} steps</text>\n",
        kLabel, y + 3, width, kRow - 6, i == 0 ? "#1f6fb2" : "#9dc1dd", kLabel + width + 6, y + 15,
        *point.validation_loss, point.steps);
  }
  return fmt::format(
             "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {:.0f} {:.0f}' "
             "font-family='sans-serif' font-size='12' fill='#333'>\n<title>Validation loss of a "
             "sweep's points</title>\n<rect width='100%' height='100%' fill='white'/>\n<text "
             "x='{:.0f}' "
             "y='20'>validation loss</text>\n",
             kLabel + kBar + 160, kTop + kRow * static_cast<double>(points.size()) + 10, kLabel) +
         rows + "</svg>\n";
}

Result<SweepResult> run_sweep(store::Workspace& workspace, Executor& executor,
                              const SweepOptions& options, Progress& progress,
                              const SweepListener& listener) {
  if (options.halving_factor < 2 || options.halving_factor > 100 || options.halving_steps < 0)
    return invalid_argument("successive halving needs a factor of 2 to 100 and steps of 0 or more");
  return Sweep(workspace, executor, options, progress, listener).go();
}

}  // namespace residency::pipeline
