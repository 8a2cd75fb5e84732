#include "guard/guard_options.h"

#include <algorithm>

#include "base/json.h"

namespace residency::guard {
namespace {

constexpr std::array<std::string_view, 3> kModeNames{"mask", "block", "detect"};

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

}  // namespace

Result<FilterMode> filter_mode_named(std::string_view name) {
  const auto found = std::find(kModeNames.begin(), kModeNames.end(), name);
  if (found == kModeNames.end())
    return invalid_argument("no filter mode of that name; there are mask, block, detect: " +
                            std::string(name));
  return static_cast<FilterMode>(found - kModeNames.begin());
}

std::array<bool, kPhiClassCount> GuardOptions::default_classes() {
  std::array<bool, kPhiClassCount> classes;
  classes.fill(true);
  for (const PhiClass left_out :
       {PhiClass::kAge, PhiClass::kProfession, PhiClass::kWard, PhiClass::kPhoto})
    classes[static_cast<std::size_t>(left_out)] = false;
  return classes;
}

Result<GuardOptions> GuardOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "guard.");
  GuardOptions options;
  const std::string mode = reader.choice("mode", {"mask", "block", "detect"}, "mask");
  options.mode = static_cast<FilterMode>(std::find(kModeNames.begin(), kModeNames.end(), mode) -
                                         kModeNames.begin());
  const std::vector<std::string> names = reader.texts("classes", {});
  if (!names.empty()) options.classes.fill(false);
  for (const std::string& name : names) {
    const auto phi_class = phi_class_named(upper(name));
    if (!phi_class) {
      reader.problem("classes", "names no class of PHI: " + name);
    } else {
      options.classes[static_cast<std::size_t>(*phi_class)] = true;
    }
  }
  options.threshold = reader.number("threshold", options.threshold, 0, 1);
  options.window_bytes = reader.integer("window_bytes", options.window_bytes, 64, 4096);
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

std::string GuardOptions::canonical_json() const {
  Json names = Json::array();
  for (std::size_t i = 0; i < kPhiClassCount; ++i) {
    if (classes[i]) names.push_back(std::string(kPhiClassNames[i]));
  }
  return dump_json({{"mode", kModeNames[static_cast<std::size_t>(mode)]},
                    {"classes", names},
                    {"threshold", threshold},
                    {"window_bytes", window_bytes}});
}

}  // namespace residency::guard
