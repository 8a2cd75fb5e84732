#include "ingest/column_class.h"

#include <unordered_map>

namespace residency::ingest {

std::optional<PhiClass> column_class(std::string_view name) {
  static const std::unordered_map<std::string_view, PhiClass> kColumns{
      {"mrn", PhiClass::kMrn},
      {"medical_record_number", PhiClass::kMrn},
      {"family_name", PhiClass::kPatientName},
      {"last_name", PhiClass::kPatientName},
      {"given_name", PhiClass::kPatientName},
      {"first_name", PhiClass::kPatientName},
      {"middle_name", PhiClass::kPatientName},
      {"preferred_name", PhiClass::kPatientName},
      {"name", PhiClass::kPatientName},
      {"patient_name", PhiClass::kPatientName},
      {"contact_name", PhiClass::kRelativeName},
      {"birth_date", PhiClass::kDate},
      {"dob", PhiClass::kDate},
      {"date", PhiClass::kDate},
      {"ssn", PhiClass::kSsn},
      {"home_phone", PhiClass::kPhone},
      {"mobile_phone", PhiClass::kPhone},
      {"work_phone", PhiClass::kPhone},
      {"phone", PhiClass::kPhone},
      {"contact_phone", PhiClass::kPhone},
      {"fax", PhiClass::kFax},
      {"email", PhiClass::kEmail},
      {"street", PhiClass::kStreet},
      {"address", PhiClass::kStreet},
      {"unit", PhiClass::kStreet},
      {"city", PhiClass::kCity},
      {"county", PhiClass::kCounty},
      {"zip", PhiClass::kZip},
      {"zip_code", PhiClass::kZip},
      {"postal_code", PhiClass::kZip},
      {"member_id", PhiClass::kHealthPlanId},
      {"group_number", PhiClass::kHealthPlanId},
      {"employer", PhiClass::kEmployer},
      {"occupation", PhiClass::kProfession},
      {"driver_license", PhiClass::kLicense},
      {"license_plate", PhiClass::kVehicle},
      {"vin", PhiClass::kVehicle},
      {"npi", PhiClass::kLicense},
      {"account", PhiClass::kAccount},
      {"provider", PhiClass::kClinicianName},
      {"physician", PhiClass::kClinicianName},
      {"note_id", PhiClass::kOtherId},
      {"row_id", PhiClass::kOtherId},
      {"id", PhiClass::kOtherId}};
  const auto found = kColumns.find(name);
  if (found == kColumns.end()) return std::nullopt;
  return found->second;
}

}  // namespace residency::ingest
