// The classes of protected health information: the 18 of 45 CFR 164.514(b)(2)(i), divided where
// the parts need different surrogates, and the optional ones beyond them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace residency {

enum class PhiClass : std::uint8_t {
  kPatientName,    // A
  kRelativeName,   // A
  kClinicianName,  // A
  kEmployer,       // A
  kStreet,         // B
  kCity,           // B
  kCounty,         // B
  kZip,            // B
  kDate,           // C
  kAge,            // C (every age; policy pools those over 89)
  kPhone,          // D
  kFax,            // E
  kEmail,          // F
  kSsn,            // G
  kMrn,            // H
  kHealthPlanId,   // I
  kAccount,        // J
  kLicense,        // K (certificates and licences, NPI and DEA numbers)
  kVehicle,        // L
  kDevice,         // M
  kUrl,            // N
  kIpAddress,      // O
  kBiometric,      // P
  kPhoto,          // Q
  kOtherId,        // R
  kHospital,       // optional
  kWard,           // optional
  kProfession,     // optional
};

inline constexpr std::size_t kPhiClassCount = 28;

/// Stable upper-case names, in the order of the enumeration: used in tags, gold files and reports.
inline constexpr std::array<std::string_view, kPhiClassCount> kPhiClassNames{"PATIENT_NAME",
                                                                             "RELATIVE_NAME",
                                                                             "CLINICIAN_NAME",
                                                                             "EMPLOYER",
                                                                             "STREET",
                                                                             "CITY",
                                                                             "COUNTY",
                                                                             "ZIP",
                                                                             "DATE",
                                                                             "AGE",
                                                                             "PHONE",
                                                                             "FAX",
                                                                             "EMAIL",
                                                                             "SSN",
                                                                             "MRN",
                                                                             "HEALTH_PLAN_ID",
                                                                             "ACCOUNT",
                                                                             "LICENSE",
                                                                             "VEHICLE",
                                                                             "DEVICE",
                                                                             "URL",
                                                                             "IP_ADDRESS",
                                                                             "BIOMETRIC",
                                                                             "PHOTO",
                                                                             "OTHER_ID",
                                                                             "HOSPITAL",
                                                                             "WARD",
                                                                             "PROFESSION"};

constexpr std::string_view phi_class_name(PhiClass phi_class) {
  return kPhiClassNames[static_cast<std::size_t>(phi_class)];
}

constexpr std::optional<PhiClass> phi_class_named(std::string_view name) {
  for (std::size_t i = 0; i < kPhiClassCount; ++i) {
    if (kPhiClassNames[i] == name) return static_cast<PhiClass>(i);
  }
  return std::nullopt;
}

}  // namespace residency
