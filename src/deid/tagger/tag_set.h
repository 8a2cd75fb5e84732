// TagSet: the labels of the learned tagger, BIO over groups of PHI classes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/phi_class.h"

namespace residency::deid {

/// What one group of labels stands for. Classes that only a number's label tells apart share one.
inline constexpr std::array kTagGroups{
    PhiClass::kPatientName, PhiClass::kRelativeName, PhiClass::kClinicianName, PhiClass::kEmployer,
    PhiClass::kStreet,      PhiClass::kCity,         PhiClass::kDate,          PhiClass::kAge,
    PhiClass::kPhone,       PhiClass::kOtherId,      PhiClass::kHospital,      PhiClass::kWard,
    PhiClass::kProfession};

inline constexpr std::size_t kTagGroupCount = kTagGroups.size();
/// Label 0 is "outside"; group g begins with 1 + 2g and goes on with 2 + 2g.
inline constexpr std::size_t kTagLabels = 1 + 2 * kTagGroupCount;
/// Labels padded to what vector units like.
inline constexpr std::size_t kTagLanes = 32;

constexpr std::size_t begin_label(std::size_t group) { return 1 + 2 * group; }
constexpr std::size_t inside_label(std::size_t group) { return 2 + 2 * group; }
constexpr bool is_inside(std::size_t label) { return label != 0 && label % 2 == 0; }
constexpr std::size_t group_of(std::size_t label) { return (label - 1) / 2; }

/// An inside label follows only its own group.
constexpr bool may_follow(std::size_t previous, std::size_t next) {
  return !is_inside(next) || (previous != 0 && group_of(previous) == group_of(next));
}

constexpr std::optional<std::size_t> tag_group(PhiClass phi_class) {
  switch (phi_class) {
    case PhiClass::kZip:
      return tag_group(PhiClass::kStreet);
    case PhiClass::kCounty:
      return tag_group(PhiClass::kCity);
    case PhiClass::kFax:
    case PhiClass::kEmail:
    case PhiClass::kUrl:
    case PhiClass::kIpAddress:
      return tag_group(PhiClass::kPhone);
    case PhiClass::kSsn:
    case PhiClass::kMrn:
    case PhiClass::kHealthPlanId:
    case PhiClass::kAccount:
    case PhiClass::kLicense:
    case PhiClass::kVehicle:
    case PhiClass::kDevice:
    case PhiClass::kBiometric:
    case PhiClass::kPhoto:
      return tag_group(PhiClass::kOtherId);
    default:
      for (std::size_t g = 0; g < kTagGroupCount; ++g) {
        if (kTagGroups[g] == phi_class) return g;
      }
      return std::nullopt;
  }
}

}  // namespace residency::deid
