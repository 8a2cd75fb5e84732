#include "pipeline/recipe.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>

#include "base/json.h"
#include "pipeline/stage.h"

namespace residency::pipeline {
namespace {

/// What a recipe key becomes: a step, its stage, and which steps feed it where they exist.
struct StepShape {
  std::string_view key;   // of the recipe
  std::string_view name;  // of the step
  std::string_view stage;
  std::vector<std::string_view> inputs;
};

const std::vector<StepShape>& shapes() {
  static const std::vector<StepShape> kShapes{
      {"synth", "synth", "synth", {}},
      {"ingest", "ingest", "ingest", {"synth"}},
      {"deid", "deid", "deid", {"ingest"}},
      {"dataset", "dataset", "dataset", {"deid"}},
      {"base", "base", "base", {}},
      {"train", "train", "train", {"dataset", "base"}},
      {"eval", "eval-base", "eval", {"dataset", "base"}},
      {"eval", "eval-tuned", "eval", {"dataset", "base", "train"}},
      {"gate", "gate", "gate", {"eval-base", "eval-tuned", "base", "train"}},
      {"deploy", "deploy", "deploy", {"base", "train", "gate"}},
  };
  return kShapes;
}

std::string absolute_path(const std::string& path, const std::string& directory) {
  if (path.empty() || path.front() == '/' || path.rfind("synth:", 0) == 0) return path;
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

/// The files of a policy of de-identification. A public key may be a file or the key itself.
void make_policy_paths_absolute(Json& policy, const std::string& directory) {
  constexpr std::size_t kPublicKeyDigits = 64;
  if (!policy.is_object()) return;
  for (const char* key : {"file", "hash_key_file", "microsoft_config", "require_signature_by"}) {
    const std::string path = json_text(policy, key);
    if (!path.empty() &&
        (std::string_view(key) != "require_signature_by" || path.size() != kPublicKeyDigits))
      policy[key] = absolute_path(path, directory);
  }
}

/// Whether any text of a section is "synth:…", a file that the step synth makes.
bool reads_synth(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().starts_with("synth:");
  return value.is_structured() && std::any_of(value.begin(), value.end(), reads_synth);
}

/// Every member called "path" names a file or folder.
void make_paths_absolute(Json& value, const std::string& directory) {
  if (value.is_object()) {
    for (auto& [key, member] : value.items()) {
      if (key == "path" && member.is_string()) {
        member = absolute_path(member.get<std::string>(), directory);
      } else {
        make_paths_absolute(member, directory);
      }
    }
  } else if (value.is_array()) {
    for (auto& item : value) make_paths_absolute(item, directory);
  }
}

/// The lists of a corpus' files.
void make_file_lists_absolute(Json& files, const std::string& directory) {
  if (!files.is_object()) return;
  for (auto& [part, list] : files.items()) {
    if (list.is_string()) list = Json::array({list});
    if (!list.is_array()) continue;
    for (Json& path : list) {
      if (path.is_string()) path = absolute_path(path.get<std::string>(), directory);
    }
  }
}

using Sections = std::map<std::string, ConfigNode, std::less<>>;

/// What one section asks of another.
Result<void> check_together(const Sections& sections) {
  const auto train = sections.find("train");
  const auto base = sections.find("base");
  if (train == sections.end() || base == sections.end()) return {};
  RESIDENCY_TRY(const Json how, parse_json(train->second.canonical_json()));
  RESIDENCY_TRY(const Json what, parse_json(base->second.canonical_json()));
  const std::string type = json_text(what, "type");
  const bool wide = type.empty() || type == "bf16" || type == "f16" || type == "f32";
  if (json_text(how, "method") == "qlora" && wide) {
    return invalid_argument(
        "train.method: qlora trains on a quantised base: set base.type to q4_k or another "
        "quantised "
        "type, or to as_is where the model's file is quantised");
  }
  return {};
}

/// A model to compare with: `others: [{as: NAME, base: {…}}]`.
struct Other {
  std::string name;
  ConfigNode base;
};

std::vector<Other> read_others(ConfigReader& reader) {
  constexpr std::size_t kOthersMax = 16;
  std::vector<Other> others;
  const auto items = reader.child("others").items();
  if (items.size() > kOthersMax) reader.problem("others", "must be at most 16 models");
  for (const ConfigNode& item : items) {
    ConfigReader child(item, "others.");
    Other other{child.text_required("as"), child.child("base")};
    const bool plain =
        other.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
    const bool again = std::any_of(others.begin(), others.end(), [&](const Other& earlier) {
      return earlier.name == other.name;
    });
    if (!plain || again) child.problem("as", "must be a name of its own: a-z, 0-9, - and .");
    if (const auto stage = find_stage("base"); stage.ok())
      child.absorb((*stage)->validate(other.base));
    reader.absorb(child.finish());
    others.push_back(std::move(other));
  }
  return others;
}

/// Each other model is made ready and scored like the base, and goes to the gate's report.
Result<void> add_others(const std::vector<Other>& others, const std::string& directory,
                        const std::string& name, std::vector<Step>& steps) {
  if (others.empty()) return {};
  const auto by_name = [&](std::string_view wanted) {
    return std::find_if(steps.begin(), steps.end(),
                        [&](const Step& step) { return step.name == wanted; });
  };
  const auto scored = by_name("eval-base");
  if (scored == steps.end() || by_name("gate") == steps.end())
    return invalid_argument("others: need the sections eval and gate");
  const ConfigNode eval_options = scored->options;
  for (const Other& other : others) {
    RESIDENCY_TRY(auto options, parse_json(other.base.canonical_json()));
    make_paths_absolute(options, directory);
    RESIDENCY_TRY(auto node, ConfigNode::parse(dump_json(options), name));
    const auto at =
        steps.insert(by_name("gate"), Step{"base-" + other.name, "base", std::move(node), {}});
    steps.insert(
        at + 1,
        Step{"eval-" + other.name, "eval", eval_options, {"dataset", "base-" + other.name}});
    by_name("gate")->inputs.push_back("eval-" + other.name);
  }
  return {};
}

}  // namespace

Result<Recipe> parse_recipe(std::string_view yaml, const std::string& name,
                            const std::string& directory,
                            const std::vector<std::string>& overrides) {
  RESIDENCY_TRY(auto root, ConfigNode::parse(yaml, name));
  RESIDENCY_TRY(root, root.with_overrides(overrides));
  ConfigReader reader(root);
  Recipe recipe;
  recipe.name = reader.text("name", std::filesystem::path(name).stem().string());
  recipe.description = reader.text("description", "");
  Sections sections;
  for (const StepShape& shape : shapes()) {
    if (sections.count(shape.key) == 0 && reader.has(shape.key)) {
      sections.emplace(shape.key, reader.child(shape.key));
      RESIDENCY_TRY(const Stage* stage, find_stage(shape.stage));
      reader.absorb(stage->validate(sections.at(std::string(shape.key))));
    }
  }
  reader.absorb(check_together(sections));
  const auto others = read_others(reader);
  RESIDENCY_TRY_VOID(reader.finish());
  for (const StepShape& shape : shapes()) {
    const auto section = sections.find(shape.key);
    if (section == sections.end()) continue;
    RESIDENCY_TRY(auto options, parse_json(section->second.canonical_json()));
    if (options.is_null()) options = Json::object();
    make_paths_absolute(options, directory);
    if (options.is_object() && options.contains("policy"))
      make_policy_paths_absolute(options["policy"], directory);
    const bool dataset = shape.name == "dataset";
    if (dataset && options.is_object() && options.contains("files"))
      make_file_lists_absolute(options["files"], directory);
    const bool on_synth = dataset && sections.count("synth") > 0 && reads_synth(options);
    RESIDENCY_TRY(auto node, ConfigNode::parse(dump_json(options), name));
    Step step{std::string(shape.name), std::string(shape.stage), std::move(node), {}};
    bool feeds = true;
    for (std::string_view input : shape.inputs) {
      const bool present = std::any_of(recipe.steps.begin(), recipe.steps.end(),
                                       [&](const Step& earlier) { return earlier.name == input; });
      if (present) step.inputs.emplace_back(input);
      if (!present && shape.name == "eval-tuned" && input == "train") feeds = false;
    }
    if (on_synth) step.inputs.emplace_back("synth");
    if (feeds) recipe.steps.push_back(std::move(step));
  }
  RESIDENCY_TRY_VOID(add_others(others, directory, name, recipe.steps));
  if (recipe.steps.empty()) return invalid_argument("recipe has no stage: " + name);
  return recipe;
}

Result<Recipe> load_recipe(Env& env, const std::string& path,
                           const std::vector<std::string>& overrides) {
  RESIDENCY_TRY(auto yaml, env.read_file(path, 1u << 20));
  std::error_code code;
  const auto directory = std::filesystem::absolute(path, code).parent_path().string();
  return parse_recipe(yaml, path, directory, overrides);
}

}  // namespace residency::pipeline
