#include "deid/policy/policy.h"

#include <algorithm>

#include "base/json.h"

namespace residency::deid {
namespace {

using enum PhiClass;

std::size_t index(PhiClass phi_class) { return static_cast<std::size_t>(phi_class); }

/// True where `action` leaves nothing of the identifier that Safe Harbor forbids.
bool safe_harbor_allows(PhiClass phi_class, Action action) {
  switch (action) {
    case Action::kRedact:
    case Action::kTag:
    case Action::kSurrogate:
      return true;
    case Action::kYearOnly:
      return phi_class == kDate;
    case Action::kAgePool90:
      return phi_class == kAge;
    case Action::kZip3:
      return phi_class == kZip;
    case Action::kKeep:
      return phi_class == kHospital || phi_class == kWard || phi_class == kProfession ||
             phi_class == kClinicianName;
    case Action::kDateShift:
      return false;
  }
  return false;
}

/// 164.514(e)(2): dates, ages, city, county, state and ZIP code may stay.
bool limited_allows(PhiClass phi_class, Action action) {
  const bool may_stay = phi_class == kDate || phi_class == kAge || phi_class == kCity ||
                        phi_class == kCounty || phi_class == kZip;
  return (may_stay && action == Action::kKeep) || safe_harbor_allows(phi_class, action);
}

bool fits(PhiClass phi_class, Action action) {
  switch (action) {
    case Action::kDateShift:
    case Action::kYearOnly:
      return phi_class == kDate;
    case Action::kAgePool90:
      return phi_class == kAge;
    case Action::kZip3:
      return phi_class == kZip;
    default:
      return true;
  }
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

void read_classes(const ConfigNode& node, ConfigReader& reader, Policy& policy) {
  if (node.is_null()) return;
  for (const auto& [name, value] : node.members()) {
    const auto phi_class = phi_class_named(upper(name));
    const auto action = std::find(kActionNames.begin(), kActionNames.end(),
                                  value.is_scalar() ? value.scalar() : "");
    if (!phi_class) {
      reader.problem("classes." + name, "is no class of PHI");
    } else if (action == kActionNames.end()) {
      reader.problem(
          "classes." + name,
          "must be one of keep, redact, tag, surrogate, date_shift, year_only, age_pool_90, zip3");
    } else {
      const auto chosen = static_cast<Action>(action - kActionNames.begin());
      if (!fits(*phi_class, chosen))
        reader.problem("classes." + name, "is a class that this action does not fit");
      policy.actions[index(*phi_class)] = chosen;
    }
  }
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

std::string_view Policy::method() const {
  bool safe_harbor = true;
  bool limited = true;
  for (std::size_t i = 0; i < kPhiClassCount; ++i) {
    safe_harbor = safe_harbor && safe_harbor_allows(static_cast<PhiClass>(i), actions[i]);
    limited = limited && limited_allows(static_cast<PhiClass>(i), actions[i]);
  }
  if (safe_harbor) return "safe_harbor";
  return limited ? "limited_data_set" : "expert_determination";
}

Result<DeidOptions> DeidOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "deid.");
  DeidOptions options;
  const ConfigNode policy_node = reader.child("policy");
  const ConfigNode detector_node = reader.child("detector");
  options.text_bytes_max = static_cast<std::uint64_t>(
      reader.integer("text_bytes_max", static_cast<std::int64_t>(options.text_bytes_max), 1,
                     static_cast<std::int64_t>(kTextBytesMax)));
  options.expires_days = reader.integer("expires_days", options.expires_days, 1, 3650);
  options.threads = reader.integer("threads", options.threads, 0, 1024);
  ConfigReader policy(policy_node, "deid.policy.");
  const std::string preset = policy.choice(
      "preset", {"safe-harbor", "limited-data-set", "expert-determination"}, "safe-harbor");
  auto named = Policy::named(preset);
  if (named.ok()) options.policy = std::move(named).value();
  read_classes(policy.child("classes"), policy, options.policy);
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
  Json classes = Json::object();
  for (std::size_t i = 0; i < kPhiClassCount; ++i)
    classes[std::string(kPhiClassNames[i])] = action_name(policy.actions[i]);
  return dump_json({{"policy", {{"preset", policy.preset}, {"classes", classes}}},
                    {"detector",
                     {{"patterns", detector.patterns},
                      {"dictionaries", detector.dictionaries},
                      {"known", detector.known},
                      {"propagation", detector.propagation},
                      {"threshold", detector.threshold},
                      {"version", kDetectorVersion}}},
                    {"text_bytes_max", text_bytes_max},
                    {"expires_days", expires_days}});
}

}  // namespace residency::deid
