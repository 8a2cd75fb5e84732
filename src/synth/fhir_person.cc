#include <fmt/format.h>

#include "synth/fhir.h"
#include "synth/identifiers.h"

namespace residency::synth {
namespace {

std::string dashed(const std::string& ten) {
  return ten.substr(0, 3) + "-" + ten.substr(3, 3) + "-" + ten.substr(6);
}

Json telecom(std::string_view system, std::string_view value, std::string_view use) {
  Json point{{"system", system}, {"value", value}};
  if (!use.empty()) point["use"] = use;
  return point;
}

Json human_name(const PersonName& name, std::string_view use) {
  Json given = Json::array({name.given});
  if (!name.middle.empty()) given.push_back(name.middle);
  return {{"use", use}, {"family", name.family}, {"given", given}, {"text", full_name(name)}};
}

Json address_of(const std::string& street, const std::string& unit, const Place& place) {
  Json line = Json::array({street});
  if (!unit.empty()) line.push_back(unit);
  return {{"use", "home"},        {"line", line},
          {"city", place.city},   {"district", place.county},
          {"state", place.state}, {"postalCode", place.zip},
          {"country", "US"}};
}

Json identifier(std::string_view type, std::string_view display, std::string_view system,
                std::string_view value) {
  Json coding{{"system", "http://terminology.hl7.org/CodeSystem/v2-0203"},
              {"code", type},
              {"display", display}};
  return {{"type", {{"coding", Json::array({coding})}, {"text", display}}},
          {"system", system},
          {"value", value}};
}

Json contact_of(const Contact& contact) {
  return {{"relationship", Json::array({{{"text", contact.relation}}})},
          {"name", human_name(contact.name, "usual")},
          {"telecom", Json::array({telecom("phone", dashed(contact.phone), "mobile")})}};
}

Json patient_resource(const PatientPerson& person) {
  Json names = Json::array({human_name(person.name, "official")});
  if (!person.preferred.empty()) {
    names.push_back({{"use", "nickname"}, {"given", Json::array({person.preferred})}});
  }
  Json contacts = Json::array();
  for (const Contact& contact : person.contacts) contacts.push_back(contact_of(contact));
  const std::string ssn =
      person.ssn.substr(0, 3) + "-" + person.ssn.substr(3, 2) + "-" + person.ssn.substr(5);
  return {{"resourceType", "Patient"},
          {"id", person.id},
          {"identifier",
           Json::array(
               {identifier("MR", "Medical Record Number", "urn:oid:2.999.1.1", person.mrn),
                identifier("SS", "Social Security Number", "http://hl7.org/fhir/sid/us-ssn", ssn),
                identifier("DL", "Driver's License", "urn:oid:2.999.1.2", person.driver_license)})},
          {"active", true},
          {"name", names},
          {"telecom", Json::array({telecom("phone", dashed(person.home_phone), "home"),
                                   telecom("phone", dashed(person.mobile_phone), "mobile"),
                                   telecom("phone", dashed(person.work_phone), "work"),
                                   telecom("email", person.email, "")})},
          {"gender", person.female ? "female" : "male"},
          {"birthDate", iso_day(person.birth)},
          {"address", Json::array({address_of(person.street, person.unit, person.place)})},
          {"maritalStatus",
           {{"coding",
             Json::array({{{"system", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"},
                           {"code", person.marital}}})}}},
          {"contact", contacts}};
}

Json coverage_resource(const PatientPlan& plan) {
  const PatientPerson& person = plan.person;
  Json group{{"type",
              concept_of("http://terminology.hl7.org/CodeSystem/coverage-class", "group", "Group")},
             {"value", person.group_number}};
  return {{"resourceType", "Coverage"},
          {"id", plan.coverage_id},
          {"status", "active"},
          {"subscriberId", person.member_id},
          {"beneficiary", reference_to("Patient", person.id)},
          {"payor", Json::array({{{"display", person.plan}}})},
          {"class", Json::array({group})}};
}

Json practitioner_resource(const Clinician& clinician) {
  Json identifiers = Json::array(
      {identifier("NPI", "National provider identifier", "http://hl7.org/fhir/sid/us-npi",
                  clinician.npi),
       identifier("MD", "Medical License number", "urn:oid:2.999.1.3", clinician.license)});
  if (!clinician.dea.empty()) {
    identifiers.push_back(identifier("DEA", "Drug Enforcement Administration registration number",
                                     "urn:oid:2.16.840.1.113883.4.814", clinician.dea));
  }
  Json name = human_name(clinician.name, "official");
  name["suffix"] = Json::array({clinician.credential});
  return {{"resourceType", "Practitioner"},
          {"id", clinician.id},
          {"identifier", identifiers},
          {"active", true},
          {"name", Json::array({name})},
          {"telecom", Json::array({telecom("phone", dashed(clinician.phone), "work")})}};
}

}  // namespace

Json reference_to(std::string_view type, std::string_view id) {
  return {{"reference", fmt::format("{}/{}", type, id)}};
}

Json concept_of(std::string_view system, std::string_view code, std::string_view display) {
  Json concept_{{"text", display}};
  if (!code.empty()) {
    concept_["coding"] = Json::array({{{"system", system}, {"code", code}, {"display", display}}});
  }
  return concept_;
}

std::vector<Json> hospital_resources(const Hospital& hospital) {
  const HospitalSeed& seed = hospital.place;
  Json address = address_of(seed.street, "", seed.place);
  address["use"] = "work";
  const Json phones = Json::array({telecom("phone", dashed(hospital.phone), "work"),
                                   telecom("fax", dashed(hospital.fax), "work")});
  std::vector<Json> resources;
  resources.push_back({{"resourceType", "Organization"},
                       {"id", hospital.id},
                       {"active", true},
                       {"name", seed.name},
                       {"telecom", phones},
                       {"address", Json::array({address})}});
  resources.push_back({{"resourceType", "Location"},
                       {"id", hospital.location_id},
                       {"status", "active"},
                       {"name", seed.name},
                       {"address", address},
                       {"managingOrganization", reference_to("Organization", hospital.id)}});
  for (const Clinician& clinician : hospital.clinicians) {
    resources.push_back(practitioner_resource(clinician));
  }
  return resources;
}

std::vector<Json> person_resources(const PatientPlan& plan, const Tables& tables) {
  std::vector<Json> resources{patient_resource(plan.person), coverage_resource(plan)};
  for (std::size_t i = 0; i < plan.allergies.size(); ++i) {
    const Drug& drug = tables.drugs.find(plan.allergies[i])->second;
    resources.push_back(
        {{"resourceType", "AllergyIntolerance"},
         {"id", plan.allergy_ids[i]},
         {"clinicalStatus",
          concept_of("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active",
                     "Active")},
         {"type", "allergy"},
         {"category", Json::array({"medication"})},
         {"code", concept_of("http://www.nlm.nih.gov/research/umls/rxnorm", drug.rxnorm, drug.key)},
         {"patient", reference_to("Patient", plan.person.id)}});
  }
  return resources;
}

}  // namespace residency::synth
