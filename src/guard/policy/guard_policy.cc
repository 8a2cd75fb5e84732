#include "guard/policy/guard_policy.h"

#include <algorithm>
#include <fmt/format.h>
#include <re2/re2.h>

#include "crypto/sha256.h"

namespace residency::guard {
namespace {

constexpr std::size_t kNameBytesMax = 100;
constexpr std::size_t kDefinitionBytesMax = 1000;
constexpr std::size_t kExamplesMax = 20;
constexpr std::size_t kPatternBytesMax = 500;
constexpr std::size_t kMessageBytesMax = 4000;
constexpr std::int64_t kVersionMax = 1'000'000;
constexpr std::array<std::string_view, 6> kActionNames{"off",  "detect", "warn",
                                                       "mask", "block",  "answer"};

void set_all_content(GuardPolicy& policy, Strength strength) {
  for (ContentSetting& one : policy.content) one.input = one.output = strength;
  policy.content[static_cast<std::size_t>(Category::kPromptAttack)].output = Strength::kNone;
}

GuardPolicy clinician_policy() {
  GuardPolicy policy;
  policy.name = "clinician";
  policy.mode = Mode::kClinician;
  set_all_content(policy, Strength::kMedium);
  const auto set = [&](Rail rail, Action input, Action output, double threshold) {
    policy.rail(rail) = {input, output, false, threshold};
  };
  set(Rail::kTopics, Action::kBlock, Action::kBlock, 0.5);
  set(Rail::kWords, Action::kBlock, Action::kBlock, 0.5);
  set(Rail::kProfanity, Action::kOff, Action::kBlock, 0.5);
  set(Rail::kPhi, Action::kDetect, Action::kMask, 0.7);
  set(Rail::kRegexes, Action::kMask, Action::kMask, 0.5);
  set(Rail::kGrounding, Action::kOff, Action::kDetect, 0.5);
  set(Rail::kRelevance, Action::kOff, Action::kDetect, 0.1);
  set(Rail::kDose, Action::kDetect, Action::kWarn, 0.5);
  set(Rail::kInteractions, Action::kOff, Action::kWarn, 0.5);
  set(Rail::kAllergies, Action::kOff, Action::kWarn, 0.5);
  set(Rail::kCodes, Action::kOff, Action::kWarn, 0.5);
  set(Rail::kCitations, Action::kOff, Action::kWarn, 0.5);
  set(Rail::kContradiction, Action::kOff, Action::kWarn, 0.5);
  set(Rail::kCrisis, Action::kAnswer, Action::kOff, 0.5);
  set(Rail::kEmergency, Action::kOff, Action::kOff, 0.5);
  set(Rail::kScope, Action::kOff, Action::kOff, 0.5);
  set(Rail::kAbstain, Action::kOff, Action::kOff, 0.0);
  return policy;
}

GuardPolicy patient_policy() {
  GuardPolicy policy = clinician_policy();
  policy.name = "patient";
  policy.mode = Mode::kPatient;
  policy.rail(Rail::kEmergency).input = Action::kAnswer;
  policy.rail(Rail::kScope).output = Action::kWarn;
  policy.rail(Rail::kDose).output = Action::kBlock;
  return policy;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::optional<Action> action_named(std::string_view name) {
  const auto found = std::find(kActionNames.begin(), kActionNames.end(), name);
  if (found == kActionNames.end()) return std::nullopt;
  return static_cast<Action>(found - kActionNames.begin());
}

/// Reads one policy file's maps; problems are collected in the readers.
class PolicyReader {
 public:
  PolicyReader(ConfigReader& reader, GuardPolicy& policy) : reader_(reader), policy_(policy) {}

  void content() {
    if (!reader_.has("content")) return;
    ConfigReader all(reader_.child("content"), "content.");
    for (std::size_t i = 0; i < policy_.content.size(); ++i) {
      if (!all.has(kCategoryNames[i])) continue;
      const ConfigNode node = all.child(kCategoryNames[i]);
      ContentSetting& one = policy_.content[i];
      const std::string path = fmt::format("content.{}.", kCategoryNames[i]);
      ConfigReader fields(node, path);
      one.input = strength(fields, "input", one.input);
      one.output = strength(fields, "output", one.output);
      const Action action = this->action(fields, "action", one.input_action);
      one.input_action = one.output_action = action;
      one.dry_run = fields.flag("dry_run", one.dry_run);
      reader_.absorb(fields.finish());
    }
    reader_.absorb(all.finish());
  }

  void rails() {
    for (std::size_t i = 0; i < kRailCount; ++i) {
      const std::string_view name = kRailNames[i];
      if (name == "topics" || name == "words" || name == "regexes" || !reader_.has(name)) continue;
      ConfigReader fields(reader_.child(name), fmt::format("{}.", name));
      RailSetting& one = policy_.rails[i];
      if (fields.has("action")) {
        const Action both = action(fields, "action", one.output);
        if (one.input != Action::kOff || name == "phi") one.input = both;
        if (!input_only(name)) one.output = both;
        if (input_only(name)) one.input = both;
      }
      one.input = action(fields, "input", one.input);
      one.output = action(fields, "output", one.output);
      one.dry_run = fields.flag("dry_run", one.dry_run);
      one.threshold = fields.number("threshold", one.threshold, 0, 1);
      if (name == "phi") classes(fields);
      if (name == "codes") policy_.codes_also = fields.texts("also", {});
      reader_.absorb(fields.finish());
    }
  }

  void topics() {
    if (!reader_.has("topics")) return;
    const ConfigNode list = reader_.child("topics");
    if (!list.is_sequence()) return reader_.problem("topics", "must be a list");
    for (const ConfigNode& node : list.items()) {
      ConfigReader fields(node, "topics.");
      Topic topic;
      topic.name = fields.text_required("name");
      topic.definition = fields.text("definition", "");
      topic.examples = fields.texts("examples", {});
      topic.action = action(fields, "action", Action::kBlock);
      if (topic.name.size() > kNameBytesMax) fields.problem("name", "is longer than 100 bytes");
      if (topic.definition.size() > kDefinitionBytesMax)
        fields.problem("definition", "is longer than 1000 bytes");
      if (topic.definition.empty() && topic.examples.empty())
        fields.problem("definition", "is missing, and there are no examples");
      if (topic.examples.size() > kExamplesMax) fields.problem("examples", "are more than 20");
      reader_.absorb(fields.finish());
      policy_.topics.push_back(std::move(topic));
    }
    if (policy_.topics.size() > kTopicsMax) reader_.problem("topics", "are more than 30");
  }

  void words() {
    policy_.words = reader_.texts("words", {});
    if (policy_.words.size() > kWordsMax) reader_.problem("words", "are more than 10000");
  }

  void regexes() {
    if (!reader_.has("regexes")) return;
    const ConfigNode list = reader_.child("regexes");
    if (!list.is_sequence()) return reader_.problem("regexes", "must be a list");
    for (const ConfigNode& node : list.items()) {
      ConfigReader fields(node, "regexes.");
      UserRegex one;
      one.name = fields.text_required("name");
      one.pattern = fields.text_required("pattern");
      one.description = fields.text("description", "");
      one.input = one.output = action(fields, "action", Action::kMask);
      one.input = action(fields, "input", one.input);
      one.output = action(fields, "output", one.output);
      if (one.pattern.size() > kPatternBytesMax)
        fields.problem("pattern", "is longer than 500 bytes");
      const re2::RE2 compiled(one.pattern, re2::RE2::Quiet);
      if (!compiled.ok()) {
        fields.problem("pattern", "is no RE2 pattern: " + compiled.error());
      } else if (re2::RE2::FullMatch("", compiled)) {
        fields.problem("pattern", "matches the empty text");
      }
      reader_.absorb(fields.finish());
      policy_.regexes.push_back(std::move(one));
    }
    if (policy_.regexes.size() > kRegexesMax) reader_.problem("regexes", "are more than 100");
  }

  void messages() {
    if (!reader_.has("messages")) return;
    ConfigReader fields(reader_.child("messages"), "messages.");
    const auto read = [&](std::string_view key, std::string& into) {
      into = fields.text(key, into);
      if (into.size() > kMessageBytesMax) fields.problem(key, "is longer than 4000 bytes");
    };
    read("blocked_input", policy_.blocked_input);
    read("blocked_output", policy_.blocked_output);
    read("crisis", policy_.crisis_text);
    read("emergency", policy_.emergency_text);
    read("abstain", policy_.abstain_text);
    read("scope", policy_.scope_text);
    reader_.absorb(fields.finish());
  }

 private:
  static bool input_only(std::string_view name) { return name == "crisis" || name == "emergency"; }

  Action action(ConfigReader& fields, std::string_view key, Action fallback) {
    const std::string name = fields.text(key, kActionNames[static_cast<std::size_t>(fallback)]);
    const auto found = action_named(lower(name));
    if (!found) fields.problem(key, "must be one of off, detect, warn, mask, block, answer");
    return found.value_or(fallback);
  }

  Strength strength(ConfigReader& fields, std::string_view key, Strength fallback) {
    std::string name = fields.text(key, kStrengthNames[static_cast<std::size_t>(fallback)]);
    for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    const auto found = std::find(kStrengthNames.begin(), kStrengthNames.end(), name);
    if (found == kStrengthNames.end()) {
      fields.problem(key, "must be one of NONE, LOW, MEDIUM, HIGH");
      return fallback;
    }
    return static_cast<Strength>(found - kStrengthNames.begin());
  }

  void classes(ConfigReader& fields) {
    const RailSetting& phi = policy_.rail(Rail::kPhi);
    for (std::string name : fields.texts("classes", {})) {
      for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      if (!phi_class_named(name)) {
        fields.problem("classes", "names no class of PHI: " + name);
        continue;
      }
      policy_.pii.push_back({name, phi.input, phi.output});
    }
  }

  ConfigReader& reader_;
  GuardPolicy& policy_;
};

Json setting_json(const RailSetting& one) {
  return {{"input", action_name(one.input)},
          {"output", action_name(one.output)},
          {"dry_run", one.dry_run},
          {"threshold", one.threshold}};
}

}  // namespace

std::string_view action_name(Action action) {
  return kActionNames[static_cast<std::size_t>(action)];
}

double strength_threshold(Strength strength) {
  switch (strength) {
    case Strength::kHigh:
      return 0.3;
    case Strength::kMedium:
      return 0.6;
    case Strength::kLow:
      return 0.85;
    case Strength::kNone:
      break;
  }
  return 2;
}

std::string_view confidence_of(double score) {
  if (score >= strength_threshold(Strength::kLow)) return "HIGH";
  if (score >= strength_threshold(Strength::kMedium)) return "MEDIUM";
  if (score >= strength_threshold(Strength::kHigh)) return "LOW";
  return "NONE";
}

Result<GuardPolicy> GuardPolicy::named(std::string_view preset) {
  GuardPolicy policy;
  if (preset == "clinician") {
    policy = clinician_policy();
  } else if (preset == "patient") {
    policy = patient_policy();
  } else if (preset == "phi") {
    policy.name = "phi";
    policy.rail(Rail::kPhi) = {Action::kOff, Action::kMask, false, 0.7};
  } else if (preset == "off") {
    policy.name = "off";
  } else {
    return not_found("no guardrail of that name; there are clinician, patient, phi, off: " +
                     std::string(preset));
  }
  policy.sha256 = crypto::sha256_hex(policy.canonical_json());
  return policy;
}

Result<GuardPolicy> GuardPolicy::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "");
  if (!reader.has("residency_guardrail"))
    reader.problem("residency_guardrail",
                   "is missing: the file begins with residency_guardrail: 1");
  static_cast<void>(reader.integer("residency_guardrail", 1, 1, 1));
  const std::string preset =
      reader.choice("preset", {"clinician", "patient", "phi", "off"}, "clinician");
  RESIDENCY_TRY(GuardPolicy policy, GuardPolicy::named(preset));
  policy.name = reader.text_required("name");
  if (policy.name.size() > kNameBytesMax) reader.problem("name", "is longer than 100 bytes");
  if (!reader.has("version")) reader.problem("version", "is missing");
  policy.version = reader.integer("version", 1, 1, kVersionMax);
  policy.description = reader.text("description", "");
  const std::string mode =
      reader.choice("mode", {"clinician", "patient"}, std::string(mode_name(policy.mode)));
  policy.mode = mode == "patient" ? Mode::kPatient : Mode::kClinician;
  policy.country = reader.text("country", policy.country);
  policy.dry_run = reader.flag("dry_run", false);
  policy.window_bytes = reader.integer("window_bytes", policy.window_bytes, 64, 4096);
  PolicyReader parts(reader, policy);
  parts.content();
  parts.rails();
  parts.topics();
  parts.words();
  parts.regexes();
  parts.messages();
  RESIDENCY_TRY_VOID(reader.finish());
  policy.sha256 = crypto::sha256_hex(policy.canonical_json());
  return policy;
}

std::string GuardPolicy::canonical_json() const {
  Json json{
      {"name", name},
      {"version", version},
      {"mode", mode_name(mode)},
      {"country", country},
      {"dry_run", dry_run},
      {"window_bytes", window_bytes},
      {"words", words},
      {"codes_also", codes_also},
      {"messages",
       {blocked_input, blocked_output, crisis_text, emergency_text, abstain_text, scope_text}}};
  for (std::size_t i = 0; i < content.size(); ++i) {
    json["content"][std::string(kCategoryNames[i])] = {
        {"input", kStrengthNames[static_cast<std::size_t>(content[i].input)]},
        {"output", kStrengthNames[static_cast<std::size_t>(content[i].output)]},
        {"input_action", action_name(content[i].input_action)},
        {"output_action", action_name(content[i].output_action)},
        {"dry_run", content[i].dry_run}};
  }
  for (std::size_t i = 0; i < kRailCount; ++i)
    json["rails"][std::string(kRailNames[i])] = setting_json(rails[i]);
  json["topics"] = Json::array();
  for (const Topic& topic : topics)
    json["topics"].push_back(
        {topic.name, topic.definition, topic.examples, action_name(topic.action)});
  json["pii"] = Json::array();
  for (const PiiSetting& one : pii)
    json["pii"].push_back({one.type, action_name(one.input), action_name(one.output)});
  json["regexes"] = Json::array();
  for (const UserRegex& one : regexes)
    json["regexes"].push_back(
        {one.name, one.pattern, action_name(one.input), action_name(one.output)});
  return dump_json(json);
}

}  // namespace residency::guard
