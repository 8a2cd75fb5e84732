#include <algorithm>
#include <fmt/format.h>
#include <re2/re2.h>

#include "crypto/sha256.h"
#include "guard/phi/pii_types.h"
#include "guard/policy/guard_policy.h"

namespace residency::guard {
namespace {

constexpr std::array<std::string_view, 6> kFilterTypes{"HATE",     "INSULTS",    "SEXUAL",
                                                       "VIOLENCE", "MISCONDUCT", "PROMPT_ATTACK"};
constexpr std::size_t kMessageMax = 500;

/// Collects every problem with the request's field.
class Problems {
 public:
  void add(std::string_view where, std::string_view what) {
    all_ += fmt::format("{}{}: {}", all_.empty() ? "" : "; ", where, what);
  }
  Result<void> finish() const {
    if (all_.empty()) return {};
    return invalid_argument(all_);
  }

 private:
  std::string all_;
};

/// "BLOCK", "ANONYMIZE" or "NONE"; `key` is tried before `fallback_key`.
Action action_of(const Json& object, std::string_view key, std::string_view enabled_key,
                 Action fallback, Problems& problems, std::string_view where) {
  if (!json_flag(object, enabled_key, true)) return Action::kOff;
  const std::string name = json_text(object, key);
  if (name.empty()) return fallback;
  if (name == "BLOCK") return Action::kBlock;
  if (name == "ANONYMIZE") return Action::kMask;
  if (name == "NONE") return Action::kDetect;
  problems.add(where, "must be BLOCK, ANONYMIZE or NONE");
  return fallback;
}

Strength strength_of(const Json& filter, std::string_view key, Problems& problems) {
  const std::string name = json_text(filter, key);
  const auto found = std::find(kStrengthNames.begin(), kStrengthNames.end(), name);
  if (found == kStrengthNames.end()) {
    problems.add(fmt::format("contentPolicyConfig.filtersConfig.{}", key),
                 "must be NONE, LOW, MEDIUM or HIGH");
    return Strength::kNone;
  }
  return static_cast<Strength>(found - kStrengthNames.begin());
}

void read_content(const Json& config, GuardPolicy& policy, Problems& problems) {
  const Json& filters = json_member(config, "filtersConfig");
  if (!filters.is_array() || filters.empty())
    return problems.add("contentPolicyConfig.filtersConfig", "must have at least one filter");
  for (const Json& filter : filters) {
    const auto type =
        std::find(kFilterTypes.begin(), kFilterTypes.end(), json_text(filter, "type"));
    if (type == kFilterTypes.end()) {
      problems.add("contentPolicyConfig.filtersConfig.type", "is unknown");
      continue;
    }
    ContentSetting& one = policy.content[static_cast<std::size_t>(type - kFilterTypes.begin())];
    constexpr std::string_view kWhere = "contentPolicyConfig.filtersConfig";
    one.input = strength_of(filter, "inputStrength", problems);
    one.output = strength_of(filter, "outputStrength", problems);
    one.input_action =
        action_of(filter, "inputAction", "inputEnabled", Action::kBlock, problems, kWhere);
    one.output_action =
        action_of(filter, "outputAction", "outputEnabled", Action::kBlock, problems, kWhere);
    if (*type == "PROMPT_ATTACK" && one.output != Strength::kNone)
      problems.add(kWhere, "outputStrength of PROMPT_ATTACK must be NONE");
  }
}

void read_topics(const Json& config, GuardPolicy& policy, Problems& problems) {
  const Json& topics = json_member(config, "topicsConfig");
  if (!topics.is_array() || topics.empty() || topics.size() > kTopicsMax)
    return problems.add("topicPolicyConfig.topicsConfig", "must have 1 to 30 topics");
  for (const Json& json : topics) {
    Topic topic;
    topic.name = json_text(json, "name");
    topic.definition = json_text(json, "definition");
    const Json& examples = json_member(json, "examples");
    for (std::size_t i = 0; examples.is_array() && i < examples.size(); ++i) {
      if (examples[i].is_string()) topic.examples.push_back(examples[i].get<std::string>());
    }
    if (topic.name.empty() || topic.name.size() > 100)
      problems.add("topicPolicyConfig.topicsConfig.name", "must have 1 to 100 characters");
    if (topic.definition.empty() || topic.definition.size() > 1000)
      problems.add("topicPolicyConfig.topicsConfig.definition", "must have 1 to 1000 characters");
    if (topic.examples.size() > 5)
      problems.add("topicPolicyConfig.topicsConfig.examples", "must be at most 5");
    if (json_text(json, "type") != "DENY")
      problems.add("topicPolicyConfig.topicsConfig.type", "must be DENY");
    topic.action = action_of(json, "inputAction", "inputEnabled", Action::kBlock, problems,
                             "topicPolicyConfig.topicsConfig");
    policy.topics.push_back(std::move(topic));
  }
  policy.rail(Rail::kTopics) = {Action::kBlock, Action::kBlock, false, 0.5};
}

void read_words(const Json& config, GuardPolicy& policy, Problems& problems) {
  const Json& words = json_member(config, "wordsConfig");
  for (std::size_t i = 0; words.is_array() && i < words.size(); ++i) {
    const std::string text = json_text(words[i], "text");
    if (text.empty() || text.size() > 100)
      problems.add("wordPolicyConfig.wordsConfig.text", "must have 1 to 100 characters");
    policy.words.push_back(text);
  }
  if (policy.words.size() > kWordsMax)
    problems.add("wordPolicyConfig.wordsConfig", "must be at most 10000");
  if (!policy.words.empty())
    policy.rail(Rail::kWords) = {Action::kBlock, Action::kBlock, false, 0.5};
  const Json& lists = json_member(config, "managedWordListsConfig");
  for (std::size_t i = 0; lists.is_array() && i < lists.size(); ++i) {
    if (json_text(lists[i], "type") != "PROFANITY")
      problems.add("wordPolicyConfig.managedWordListsConfig.type", "must be PROFANITY");
    policy.rail(Rail::kProfanity) = {Action::kBlock, Action::kBlock, false, 0.5};
  }
}

void read_sensitive(const Json& config, GuardPolicy& policy, Problems& problems) {
  const Json& entities = json_member(config, "piiEntitiesConfig");
  for (std::size_t i = 0; entities.is_array() && i < entities.size(); ++i) {
    constexpr std::string_view kWhere = "sensitiveInformationPolicyConfig.piiEntitiesConfig";
    PiiSetting one;
    one.type = json_text(entities[i], "type");
    if (!is_pii_type(one.type)) problems.add(kWhere, "type is unknown: " + one.type);
    const Action both =
        action_of(entities[i], "action", "enabled", Action::kMask, problems, kWhere);
    one.input = action_of(entities[i], "inputAction", "inputEnabled", both, problems, kWhere);
    one.output = action_of(entities[i], "outputAction", "outputEnabled", both, problems, kWhere);
    policy.pii.push_back(std::move(one));
  }
  if (!policy.pii.empty()) policy.rail(Rail::kPhi) = {Action::kMask, Action::kMask, false, 0.7};
  const Json& regexes = json_member(config, "regexesConfig");
  for (std::size_t i = 0; regexes.is_array() && i < regexes.size(); ++i) {
    constexpr std::string_view kWhere = "sensitiveInformationPolicyConfig.regexesConfig";
    UserRegex one;
    one.name = json_text(regexes[i], "name");
    one.pattern = json_text(regexes[i], "pattern");
    one.description = json_text(regexes[i], "description");
    const re2::RE2 compiled(one.pattern, re2::RE2::Quiet);
    if (one.name.empty() || one.name.size() > 100)
      problems.add(kWhere, "name must have 1 to 100 characters");
    if (one.pattern.empty() || one.pattern.size() > 500 || !compiled.ok() ||
        re2::RE2::FullMatch("", compiled))
      problems.add(kWhere, "pattern must be an RE2 pattern of 1 to 500 characters");
    const Action both = action_of(regexes[i], "action", "enabled", Action::kMask, problems, kWhere);
    one.input = action_of(regexes[i], "inputAction", "inputEnabled", both, problems, kWhere);
    one.output = action_of(regexes[i], "outputAction", "outputEnabled", both, problems, kWhere);
    policy.regexes.push_back(std::move(one));
  }
  if (policy.regexes.size() > kRegexesMax)
    problems.add("sensitiveInformationPolicyConfig.regexesConfig", "must be at most 100");
  if (!policy.regexes.empty())
    policy.rail(Rail::kRegexes) = {Action::kMask, Action::kMask, false, 0.5};
}

void read_grounding(const Json& config, GuardPolicy& policy, Problems& problems) {
  const Json& filters = json_member(config, "filtersConfig");
  for (std::size_t i = 0; filters.is_array() && i < filters.size(); ++i) {
    constexpr std::string_view kWhere = "contextualGroundingPolicyConfig.filtersConfig";
    const std::string type = json_text(filters[i], "type");
    const double threshold = json_number(filters[i], "threshold", -1);
    if (type != "GROUNDING" && type != "RELEVANCE")
      problems.add(kWhere, "type must be GROUNDING or RELEVANCE");
    if (!(threshold >= 0 && threshold <= 0.99)) problems.add(kWhere, "threshold must be 0 to 0.99");
    const Action action =
        action_of(filters[i], "action", "enabled", Action::kBlock, problems, kWhere);
    policy.rail(type == "RELEVANCE" ? Rail::kRelevance : Rail::kGrounding) = {Action::kOff, action,
                                                                              false, threshold};
  }
}

std::string_view verb(Action action) {
  if (action == Action::kBlock || action == Action::kAnswer) return "BLOCK";
  return action == Action::kMask ? "ANONYMIZE" : "NONE";
}

}  // namespace

Result<GuardPolicy> GuardPolicy::from_bedrock(const Json& request) {
  if (!request.is_object()) return invalid_argument("a guardrail must be a JSON object");
  Problems problems;
  GuardPolicy policy;
  policy.name = json_text(request, "name");
  if (policy.name.empty() || policy.name.size() > 50)
    problems.add("name", "must have 1 to 50 characters");
  policy.description = json_text(request, "description");
  policy.blocked_input = json_text(request, "blockedInputMessaging");
  policy.blocked_output = json_text(request, "blockedOutputsMessaging");
  if (policy.blocked_input.empty() || policy.blocked_input.size() > kMessageMax)
    problems.add("blockedInputMessaging", "must have 1 to 500 characters");
  if (policy.blocked_output.empty() || policy.blocked_output.size() > kMessageMax)
    problems.add("blockedOutputsMessaging", "must have 1 to 500 characters");
  int policies = 0;
  const auto part = [&](std::string_view key, auto read) {
    const Json& config = json_member(request, key);
    if (!config.is_object()) return;
    ++policies;
    read(config, policy, problems);
  };
  part("contentPolicyConfig", read_content);
  part("topicPolicyConfig", read_topics);
  part("wordPolicyConfig", read_words);
  part("sensitiveInformationPolicyConfig", read_sensitive);
  part("contextualGroundingPolicyConfig", read_grounding);
  if (policies == 0) problems.add("guardrail", "must have at least one policy");
  RESIDENCY_TRY_VOID(problems.finish());
  policy.sha256 = crypto::sha256_hex(policy.canonical_json());
  return policy;
}

Json GuardPolicy::to_bedrock() const {
  Json out{{"name", name},
           {"description", description},
           {"version", std::to_string(version)},
           {"blockedInputMessaging", blocked_input},
           {"blockedOutputsMessaging", blocked_output}};
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i].input == Strength::kNone && content[i].output == Strength::kNone) continue;
    out["contentPolicy"]["filters"].push_back(
        {{"type", kFilterTypes[i]},
         {"inputStrength", kStrengthNames[static_cast<std::size_t>(content[i].input)]},
         {"outputStrength", kStrengthNames[static_cast<std::size_t>(content[i].output)]},
         {"inputAction", verb(content[i].input_action)},
         {"outputAction", verb(content[i].output_action)}});
  }
  for (const Topic& topic : topics)
    out["topicPolicy"]["topics"].push_back({{"name", topic.name},
                                            {"definition", topic.definition},
                                            {"examples", topic.examples},
                                            {"type", "DENY"}});
  for (const std::string& word : words) out["wordPolicy"]["words"].push_back({{"text", word}});
  if (rail(Rail::kProfanity).output != Action::kOff)
    out["wordPolicy"]["managedWordLists"].push_back({{"type", "PROFANITY"}});
  for (const PiiSetting& one : pii)
    out["sensitiveInformationPolicy"]["piiEntities"].push_back(
        {{"type", one.type},
         {"action", verb(one.output)},
         {"inputAction", verb(one.input)},
         {"outputAction", verb(one.output)}});
  for (const UserRegex& one : regexes)
    out["sensitiveInformationPolicy"]["regexes"].push_back({{"name", one.name},
                                                            {"pattern", one.pattern},
                                                            {"description", one.description},
                                                            {"action", verb(one.output)}});
  for (const auto& [which, type] :
       {std::pair{Rail::kGrounding, "GROUNDING"}, std::pair{Rail::kRelevance, "RELEVANCE"}}) {
    if (rail(which).output == Action::kOff) continue;
    out["contextualGroundingPolicy"]["filters"].push_back({{"type", type},
                                                           {"threshold", rail(which).threshold},
                                                           {"action", verb(rail(which).output)}});
  }
  return out;
}

}  // namespace residency::guard
