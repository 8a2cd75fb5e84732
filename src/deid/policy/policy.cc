#include "deid/policy/policy.h"

#include <algorithm>

#include "base/env.h"
#include "base/json.h"
#include "crypto/sha256.h"
#include "deid/policy/microsoft_config.h"
#include "deid/policy/policy_file.h"

namespace residency::deid {
namespace {

using enum PhiClass;

constexpr std::uint64_t kKeyFileBytesMax = 4096;
constexpr std::size_t kKeyBytesMin = 16;

std::size_t index(PhiClass phi_class) { return static_cast<std::size_t>(phi_class); }

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

std::string action_list() {
  std::string list;
  for (const std::string_view name : kActionNames)
    list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
}

void read_classes(const ConfigNode& node, ConfigReader& reader, Policy& policy) {
  if (node.is_null()) return;
  for (const auto& [name, value] : node.members()) {
    const auto phi_class = phi_class_named(upper(name));
    const auto action = action_named(value.is_scalar() ? value.scalar() : "");
    if (!phi_class) {
      reader.problem("classes." + name, "is no class of PHI");
    } else if (!action) {
      reader.problem("classes." + name, "must be one of " + action_list());
    } else {
      if (!action_fits(*phi_class, *action))
        reader.problem("classes." + name, "is a class that this action does not fit");
      policy.actions[index(*phi_class)] = *action;
    }
  }
}

Result<std::string> read_key(const std::string& path) {
  RESIDENCY_TRY(std::string key, Env::posix().read_file(path, kKeyFileBytesMax));
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  if (key.size() < kKeyBytesMin)
    return invalid_argument("the key of keyed_hash is shorter than 16 bytes: " + path);
  return key;
}

Result<ElementRules> read_microsoft(const std::string& path) {
  RESIDENCY_TRY(const std::string text, Env::posix().read_file(path, kMicrosoftConfigBytesMax));
  auto rules = parse_microsoft_config(text);
  if (!rules.ok()) return rules.error().with_context(path);
  return rules;
}

/// What tells one key from another without telling the key.
std::string key_code(std::string_view key) {
  return key.empty() ? ""
                     : crypto::to_hex(crypto::hmac_sha256(key, "residency key code")).substr(0, 16);
}

Json elements_json(const ElementRules& elements) {
  Json rules = Json::array();
  for (const ElementRule& rule : elements.rules) rules.push_back(rule.to_json());
  return {
      {"rules", rules},
      {"unmatched", element_method_name(elements.unmatched)},
      {"partial_ages", elements.partial_ages},
      {"partial_dates", elements.partial_dates},
      {"partial_zip_codes", elements.partial_zip_codes},
      {"small_zip3", elements.small_zip3},
      {"date_shift_key", key_code(elements.date_shift_key)},
      {"crypto_hash_key", key_code(elements.crypto_hash_key)},
      {"encrypt_key", key_code(elements.encrypt_key)},
      {"shift_scope", static_cast<int>(elements.shift_scope)},
      {"shift_fixed_days", elements.shift_fixed_days ? Json(*elements.shift_fixed_days) : Json()}};
}

Result<Policy> read_from_file(ConfigReader& reader) {
  const std::string path = reader.text("file", "");
  const std::string required = reader.text("require_signature_by", "");
  return open_policy_file(Env::posix(), path, required);
}

}  // namespace

Result<Policy> Policy::named(std::string_view preset) {
  Policy policy;
  policy.preset = std::string(preset);
  policy.actions.fill(Action::kSurrogate);
  policy.actions[index(kProfession)] = Action::kKeep;
  policy.actions[index(kPhoto)] = Action::kRedact;
  policy.actions[index(kBiometric)] = Action::kRedact;
  if (preset == "safe-harbor") {
    policy.actions[index(kDate)] = Action::kYearOnly;
    policy.actions[index(kAge)] = Action::kAgePool90;
    policy.actions[index(kZip)] = Action::kZip3;
  } else if (preset == "limited-data-set") {
    for (const PhiClass kept : {kDate, kAge, kCity, kCounty, kZip})
      policy.actions[index(kept)] = Action::kKeep;
  } else if (preset == "expert-determination") {
    policy.actions[index(kDate)] = Action::kDateShift;
    policy.actions[index(kAge)] = Action::kAgePool90;
    policy.actions[index(kZip)] = Action::kZip3;
  } else {
    return invalid_argument(
        "no policy preset of that name; there are safe-harbor, limited-data-set, "
        "expert-determination: " +
        std::string(preset));
  }
  return policy;
}

Policy Policy::read(ConfigReader& reader) {
  Policy policy;
  const std::string preset = reader.choice(
      "preset", {"safe-harbor", "limited-data-set", "expert-determination"}, "safe-harbor");
  if (auto found = named(preset); found.ok()) policy = std::move(found).value();
  read_classes(reader.child("classes"), reader, policy);
  policy.reversible = reader.flag("reversible", false);
  policy.zip_census = reader.choice("zip3_census", {"2000", "2010"}, "2010") == "2000"
                          ? ZipCensus::k2000
                          : ZipCensus::k2010;
  if (const std::string path = reader.text("hash_key_file", ""); !path.empty()) {
    if (auto key = read_key(path); key.ok())
      policy.hash_key = std::move(key).value();
    else
      reader.problem("hash_key_file", key.error().message());
  }
  if (const std::string path = reader.text("microsoft_config", ""); !path.empty()) {
    if (auto rules = read_microsoft(path); rules.ok())
      policy.elements = std::move(rules).value();
    else
      reader.problem("microsoft_config", rules.error().message());
  }
  policy.fields = FieldRules::read(reader);
  return policy;
}

Json Policy::to_json() const {
  Json classes = Json::object();
  for (std::size_t i = 0; i < kPhiClassCount; ++i)
    classes[std::string(kPhiClassNames[i])] = action_name(actions[i]);
  Json json{{"preset", preset},
            {"classes", classes},
            {"reversible", reversible},
            {"zip3_census", zip_census_name(zip_census)}};
  if (!hash_key.empty()) json["hash_key"] = key_code(hash_key);
  if (!fields.empty()) json["fields"] = fields.to_json();
  if (!elements.empty()) json["elements"] = elements_json(elements);
  if (!file_sha256.empty())
    json["file"] = {
        {"name", name}, {"version", version}, {"sha256", file_sha256}, {"signed_by", signed_by}};
  return json;
}

Result<DeidOptions> DeidOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "deid.");
  DeidOptions options;
  const ConfigNode policy_node = reader.child("policy");
  const ConfigNode detector_node = reader.child("detector");
  options.text_bytes_max = static_cast<std::uint64_t>(
      reader.integer("text_bytes_max", static_cast<std::int64_t>(options.text_bytes_max), 1,
                     static_cast<std::int64_t>(kTextBytesMax)));
  options.check_language = reader.flag("check_language", options.check_language);
  options.expires_days = reader.integer("expires_days", options.expires_days, 1, 3650);
  options.threads = reader.integer("threads", options.threads, 0, 1024);
  ConfigReader policy(policy_node, "deid.policy.");
  if (policy.has("file")) {
    auto opened = read_from_file(policy);
    if (opened.ok())
      options.policy = std::move(opened).value();
    else
      policy.problem("file", opened.error().message());
  } else {
    options.policy = Policy::read(policy);
  }
  reader.absorb(policy.finish());
  auto detector = DetectorOptions::from_config(detector_node);
  if (detector.ok()) {
    options.detector = *detector;
  } else {
    reader.absorb(Result<void>(detector.error()));
  }
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

std::string DeidOptions::canonical_json() const {
  Json thresholds = Json::object();
  for (const auto& [phi_class, threshold] : detector.reach.thresholds)
    thresholds[std::string(phi_class_name(phi_class))] = threshold;
  return dump_json({{"policy", policy.to_json()},
                    {"detector",
                     {{"patterns", detector.patterns},
                      {"dictionaries", detector.dictionaries},
                      {"known", detector.known},
                      {"propagation", detector.propagation},
                      {"tagger", detector.tagger},
                      {"tagger_bias", detector.reach.bias},
                      {"tagger_thresholds", thresholds},
                      {"threshold", detector.threshold},
                      {"version", kDetectorVersion}}},
                    {"text_bytes_max", text_bytes_max},
                    {"check_language", check_language},
                    {"expires_days", expires_days}});
}

}  // namespace residency::deid
