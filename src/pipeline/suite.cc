#include "pipeline/suite.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <set>

#include "base/json.h"
#include "eval/suite.h"

namespace residency::pipeline {
namespace {

constexpr std::uint64_t kFileBytesMax = 1u << 20;

std::string beside(const std::string& file, const std::string& path) {
  if (path.starts_with('/')) return path;
  std::error_code code;
  const auto folder = std::filesystem::absolute(file, code).parent_path();
  return (folder / path).lexically_normal().string();
}

/// "bc5cdr.train.epochs=4" goes to the benchmark bc5cdr alone, what names no benchmark to all.
std::vector<std::string> overrides_of(const std::string& name, const std::set<std::string>& names,
                                      const std::vector<std::string>& overrides) {
  std::vector<std::string> own;
  for (const std::string& one : overrides) {
    const std::string first = one.substr(0, one.find('.'));
    if (names.count(first) == 0) {
      own.push_back(one);
    } else if (first == name) {
      own.push_back(one.substr(first.size() + 1));
    }
  }
  return own;
}

/// Deployment waits for the whole suite.
Result<Recipe> load_item(Env& env, const std::string& path,
                         const std::vector<std::string>& overrides) {
  RESIDENCY_TRY(Recipe recipe, load_recipe(env, path, overrides));
  const auto last = std::find_if(recipe.steps.begin(), recipe.steps.end(),
                                 [](const Step& step) { return step.stage == "gate"; });
  if (last == recipe.steps.end()) return invalid_argument("a suite's recipe needs a gate: " + path);
  recipe.steps.erase(last + 1, recipe.steps.end());
  return recipe;
}

}  // namespace

bool is_suite(Env& env, const std::string& path) {
  const auto yaml = env.read_file(path, kFileBytesMax);
  if (!yaml.ok()) return false;
  const auto root = ConfigNode::parse(*yaml, path);
  if (!root.ok()) return false;
  const auto members = root->members();
  return std::any_of(members.begin(), members.end(),
                     [](const auto& member) { return member.first == "recipes"; });
}

Result<Suite> load_suite(Env& env, const std::string& path,
                         const std::vector<std::string>& overrides) {
  RESIDENCY_TRY(const auto yaml, env.read_file(path, kFileBytesMax));
  RESIDENCY_TRY(const auto root, ConfigNode::parse(yaml, path));
  ConfigReader reader(root);
  Suite suite;
  suite.name = reader.text("name", std::filesystem::path(path).stem().string());
  suite.description = reader.text("description", "");
  Json options = {{"names", Json::array()}, {"metrics", Json::array()}};
  std::set<std::string> names;
  std::vector<std::string> paths;
  for (const ConfigNode& node : reader.child("recipes").items()) {
    ConfigReader item(node, "recipes.");
    const std::string name = item.text_required("name");
    paths.push_back(beside(path, item.text_required("path")));
    options["names"].push_back(name);
    options["metrics"].push_back(item.text("metric", ""));
    if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos)
      item.problem("name", "must be of a-z, 0-9, _ and -");
    if (!names.insert(name).second) item.problem("name", "stands twice");
    reader.absorb(item.finish());
  }
  const ConfigNode gate = reader.child("gate");
  RESIDENCY_TRY(options["gate"], parse_json(gate.canonical_json()));
  if (options["gate"].is_null()) options["gate"] = Json::object();
  RESIDENCY_TRY(suite.options, ConfigNode::parse(dump_json(options), path));
  const auto parsed = eval::SuiteOptions::from_config(suite.options);
  if (!parsed.ok()) reader.absorb(Result<void>(parsed.error()));
  RESIDENCY_TRY_VOID(reader.finish());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto name = options["names"][i].get<std::string>();
    RESIDENCY_TRY(auto recipe, load_item(env, paths[i], overrides_of(name, names, overrides)));
    suite.items.push_back({name, std::move(recipe)});
  }
  return suite;
}

Result<std::string> run_suite(store::Workspace& workspace, Executor& executor, const Suite& suite,
                              Progress& progress, const RunListener& steps,
                              const SuiteListener& benchmarks) {
  std::vector<std::string> reports;
  for (std::size_t i = 0; i < suite.items.size(); ++i) {
    const Suite::Item& item = suite.items[i];
    if (benchmarks) benchmarks(item.name, i + 1, suite.items.size());
    auto outcome = run_steps(workspace, executor, item.recipe.steps, progress, steps);
    if (!outcome.ok()) return outcome.error().with_context("benchmark " + item.name);
    const auto* made = outcome->outputs_of("gate");
    if (made == nullptr || made->empty()) return internal_error("a gate gave no report");
    reports.push_back(made->front());
  }
  const Step step{"suite", "suite", suite.options, {}};
  if (steps.started) steps.started(step, 1, 1);
  RESIDENCY_TRY(const auto outcome, run_step(workspace, executor, step, reports, progress));
  if (steps.ended) steps.ended(outcome);
  if (outcome.outputs.empty()) return internal_error("a suite gave no artifact");
  return outcome.outputs.front();
}

}  // namespace residency::pipeline
