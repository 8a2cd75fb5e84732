#include "deid/deid.h"

namespace residency::deid {
namespace {

bool read_counts(const Json& json, std::map<std::string, std::uint64_t>& counts) {
  if (!json.is_object()) return false;
  for (const auto& [name, count] : json.items()) {
    if (!count.is_number_unsigned()) return false;
    counts[name] = count.get<std::uint64_t>();
  }
  return true;
}

bool read_classes(const Json& json, ActionCounts& counts) {
  if (!json.is_object()) return false;
  for (const auto& [class_name, actions] : json.items()) {
    const auto phi_class = phi_class_named(class_name);
    if (!phi_class || !actions.is_object()) return false;
    for (std::size_t j = 0; j < kActionNames.size(); ++j) {
      const Json& count = json_member(actions, kActionNames[j]);
      if (count.is_number_unsigned())
        counts[static_cast<std::size_t>(*phi_class)][j] = count.get<std::uint64_t>();
    }
  }
  return true;
}

}  // namespace

Json DeidReport::to_json() const {
  Json classes = Json::object();
  for (std::size_t i = 0; i < kPhiClassCount; ++i) {
    for (std::size_t j = 0; j < kActionNames.size(); ++j) {
      if (counts[i][j] > 0)
        classes[std::string(kPhiClassNames[i])][std::string(kActionNames[j])] = counts[i][j];
    }
  }
  return {{"records", records},
          {"clean", clean},
          {"quarantined", quarantined},
          {"patients", patients},
          {"bytes", bytes},
          {"classes", classes},
          {"by_kind", by_kind},
          {"quarantined_by_reason", quarantined_by_reason}};
}

Result<DeidReport> DeidReport::from_json(const Json& json) {
  DeidReport report;
  bool whole = true;
  const auto number = [&](std::string_view key, std::uint64_t& value) {
    const Json& member = json_member(json, key);
    whole = whole && member.is_number_unsigned();
    if (whole) value = member.get<std::uint64_t>();
  };
  number("records", report.records);
  number("clean", report.clean);
  number("quarantined", report.quarantined);
  number("patients", report.patients);
  number("bytes", report.bytes);
  whole = whole && read_classes(json_member(json, "classes"), report.counts) &&
          read_counts(json_member(json, "by_kind"), report.by_kind) &&
          read_counts(json_member(json, "quarantined_by_reason"), report.quarantined_by_reason);
  if (!whole) return corrupt("a de-identification report lacks a count");
  return report;
}

}  // namespace residency::deid
