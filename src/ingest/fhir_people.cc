#include "ingest/fhir_people.h"

#include <algorithm>

namespace residency::ingest {
namespace {

constexpr std::size_t kValueBytesMax = 512;

const Json& list_of(const Json& object, std::string_view key) {
  static const Json kEmpty = Json::array();
  const Json& member = json_member(object, key);
  return member.is_array() ? member : kEmpty;
}

std::string first_code(const Json& concept_) {
  for (const Json& coding : list_of(concept_, "coding")) {
    const std::string code = json_text(coding, "code");
    if (!code.empty()) return code;
  }
  return "";
}

// By the identifier's type (HL7 table 0203) or, without one, its system.
PhiClass class_of_identifier(const Json& identifier) {
  const std::string code = first_code(json_member(identifier, "type"));
  const std::string system = json_text(identifier, "system");
  if (code == "MR" || code == "MRN" || code == "PI" || code == "PT") return PhiClass::kMrn;
  if (code == "SS" || code == "SB" || system.ends_with("us-ssn") ||
      system == "urn:oid:2.16.840.1.113883.4.1") {
    return PhiClass::kSsn;
  }
  if (code == "MB" || code == "NIIP" || code == "MC" || code == "MA" || code == "SN") {
    return PhiClass::kHealthPlanId;
  }
  if (code == "AN" || code == "BN") return PhiClass::kAccount;
  if (code == "DL" || code == "PPN" || code == "NPI" || code == "MD" || code == "DEA" ||
      code == "LN" || system.ends_with("us-npi")) {
    return PhiClass::kLicense;
  }
  return PhiClass::kOtherId;
}

void add_extension_places(const Json& extensions, std::vector<KnownIdentifier>& out) {
  if (!extensions.is_array()) return;
  for (const Json& extension : extensions) {
    const std::string url = json_text(extension, "url");
    add_address(json_member(extension, "valueAddress"), out);
    if (url.ends_with("mothersMaidenName")) {
      add_value(PhiClass::kRelativeName, json_text(extension, "valueString"), out);
    }
  }
}

void add_names(const Json& names, PhiClass phi_class, std::vector<KnownIdentifier>& out) {
  if (names.is_array()) {
    for (const Json& name : names) add_human_name(name, phi_class, out);
  } else {
    add_human_name(names, phi_class, out);
  }
}

void add_all_common(const Json& resource, std::vector<KnownIdentifier>& out) {
  for (const Json& point : list_of(resource, "telecom")) add_contact_point(point, out);
  for (const Json& identifier : list_of(resource, "identifier")) add_identifier(identifier, out);
  const Json& address = json_member(resource, "address");
  if (address.is_array()) {
    for (const Json& item : address) add_address(item, out);
  } else {
    add_address(address, out);
  }
}

void add_patient_contacts(const Json& patient, std::vector<KnownIdentifier>& out) {
  for (const Json& contact : list_of(patient, "contact")) {
    bool employer = false;
    for (const Json& relation : list_of(contact, "relationship")) {
      employer = employer || first_code(relation) == "E";
    }
    add_names(json_member(contact, "name"), PhiClass::kRelativeName, out);
    if (employer) {
      add_value(PhiClass::kEmployer, json_text(json_member(contact, "organization"), "display"),
                out);
    }
    add_all_common(contact, out);
  }
}

}  // namespace

void add_value(PhiClass phi_class, std::string_view value, std::vector<KnownIdentifier>& out) {
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
  if (value.size() < 2 || value.size() > kValueBytesMax) return;
  const auto same = [&](const KnownIdentifier& known) {
    return known.phi_class == phi_class && known.value.reveal() == value;
  };
  if (std::any_of(out.begin(), out.end(), same)) return;
  out.push_back({phi_class, PhiText(std::string(value))});
}

void add_human_name(const Json& name, PhiClass phi_class, std::vector<KnownIdentifier>& out) {
  if (!name.is_object()) return;
  std::string whole;
  std::vector<std::string> parts;
  for (const Json& given : list_of(name, "given")) {
    if (given.is_string()) parts.push_back(given.get<std::string>());
  }
  const std::string family = json_text(name, "family");
  if (!family.empty()) parts.push_back(family);
  for (const std::string& part : parts) whole += (whole.empty() ? "" : " ") + part;
  add_value(phi_class, json_text(name, "text"), out);
  add_value(phi_class, whole, out);
  for (const std::string& part : parts) add_value(phi_class, part, out);
}

void add_contact_point(const Json& point, std::vector<KnownIdentifier>& out) {
  const std::string system = json_text(point, "system");
  const std::string value = json_text(point, "value");
  PhiClass phi_class = PhiClass::kPhone;
  if (system == "fax") phi_class = PhiClass::kFax;
  if (system == "email") phi_class = PhiClass::kEmail;
  if (system == "url") phi_class = PhiClass::kUrl;
  if (system == "other") phi_class = PhiClass::kOtherId;
  add_value(phi_class, value, out);
}

void add_address(const Json& address, std::vector<KnownIdentifier>& out) {
  if (!address.is_object()) return;
  for (const Json& line : list_of(address, "line")) {
    if (line.is_string()) add_value(PhiClass::kStreet, line.get_ref<const std::string&>(), out);
  }
  add_value(PhiClass::kCity, json_text(address, "city"), out);
  add_value(PhiClass::kCounty, json_text(address, "district"), out);
  add_value(PhiClass::kZip, json_text(address, "postalCode"), out);
}

void add_identifier(const Json& identifier, std::vector<KnownIdentifier>& out) {
  add_value(class_of_identifier(identifier), json_text(identifier, "value"), out);
}

std::vector<KnownIdentifier> identifiers_of(const Json& resource) {
  std::vector<KnownIdentifier> out;
  const std::string type = json_text(resource, "resourceType");
  if (type == "Patient" || type == "RelatedPerson" || type == "Practitioner") {
    const PhiClass name_class = type == "Patient"         ? PhiClass::kPatientName
                                : type == "RelatedPerson" ? PhiClass::kRelativeName
                                                          : PhiClass::kClinicianName;
    add_names(json_member(resource, "name"), name_class, out);
    add_all_common(resource, out);
    add_extension_places(json_member(resource, "extension"), out);
    if (type == "Patient") {
      add_patient_contacts(resource, out);
      add_value(PhiClass::kOtherId, json_text(resource, "id"), out);
      add_value(PhiClass::kDate, json_text(resource, "deceasedDateTime").substr(0, 10), out);
    }
  } else if (type == "Organization" || type == "Location") {
    add_value(PhiClass::kHospital, json_text(resource, "name"), out);
    add_all_common(resource, out);
  } else if (type == "Coverage") {
    add_value(PhiClass::kHealthPlanId, json_text(resource, "subscriberId"), out);
    for (const Json& identifier : list_of(resource, "identifier")) {
      add_value(PhiClass::kHealthPlanId, json_text(identifier, "value"), out);
    }
    for (const Json& part : list_of(resource, "class")) {
      add_value(PhiClass::kHealthPlanId, json_text(part, "value"), out);
    }
  } else if (type == "Device") {
    add_value(PhiClass::kDevice, json_text(resource, "serialNumber"), out);
    add_value(PhiClass::kDevice, json_text(resource, "distinctIdentifier"), out);
    for (const Json& carrier : list_of(resource, "udiCarrier")) {
      add_value(PhiClass::kDevice, json_text(carrier, "deviceIdentifier"), out);
      add_value(PhiClass::kDevice, json_text(carrier, "carrierHRF"), out);
    }
  } else if (type == "Account") {
    for (const Json& identifier : list_of(resource, "identifier")) {
      add_value(PhiClass::kAccount, json_text(identifier, "value"), out);
    }
  } else if (type == "Encounter") {
    for (const Json& identifier : list_of(resource, "identifier")) add_identifier(identifier, out);
  }
  return out;
}

bool display_class(std::string_view resource_type, PhiClass& phi_class) {
  if (resource_type == "Practitioner" || resource_type == "PractitionerRole") {
    phi_class = PhiClass::kClinicianName;
  } else if (resource_type == "Patient") {
    phi_class = PhiClass::kPatientName;
  } else if (resource_type == "RelatedPerson") {
    phi_class = PhiClass::kRelativeName;
  } else if (resource_type == "Organization" || resource_type == "Location") {
    phi_class = PhiClass::kHospital;
  } else {
    return false;
  }
  return true;
}

}  // namespace residency::ingest
