#include <charconv>
#include <fmt/format.h>

#include "synth/fhir.h"
#include "synth/identifiers.h"

namespace residency::synth {
namespace {

constexpr std::string_view kCategorySystem =
    "http://terminology.hl7.org/CodeSystem/observation-category";

Json number_of(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// What most clinical resources say of their subject and encounter.
void place_in(Json& resource, const PatientPlan& plan, const Encounter& encounter) {
  resource["subject"] = reference_to("Patient", plan.person.id);
  resource["encounter"] = reference_to("Encounter", encounter.id);
}

Json encounter_resource(const PatientPlan& plan, const Encounter& encounter) {
  const bool stays = encounter.setting == 'i' || encounter.setting == 'o';
  const std::string_view code = encounter.setting == 'e' ? "EMER" : stays ? "IMP" : "AMB";
  const std::string_view display = encounter.setting == 'e' ? "emergency"
                                   : stays                  ? "inpatient encounter"
                                                            : "ambulatory";
  Json diagnoses = Json::array();
  for (const std::string& id : encounter.condition_ids) {
    diagnoses.push_back(
        {{"condition", reference_to("Condition", id)}, {"rank", diagnoses.size() + 1}});
  }
  Json participants = Json::array();
  for (const Clinician* clinician : {encounter.attending, encounter.nurse}) {
    participants.push_back({{"individual", reference_to("Practitioner", clinician->id)}});
  }
  return {
      {"resourceType", "Encounter"},
      {"id", encounter.id},
      {"status", "finished"},
      {"identifier",
       Json::array({{{"system", "urn:oid:2.999.1.4"}, {"value", encounter.visit}},
                    {{"system", "urn:oid:2.999.1.5"}, {"value", encounter.account}}})},
      {"class",
       {{"system", "http://terminology.hl7.org/CodeSystem/v3-ActCode"},
        {"code", code},
        {"display", display}}},
      {"subject", reference_to("Patient", plan.person.id)},
      {"participant", participants},
      {"period", {{"start", iso_day(encounter.start)}, {"end", iso_day(encounter.end)}}},
      {"diagnosis", diagnoses},
      {"location",
       Json::array({{{"location", reference_to("Location", encounter.hospital->location_id)}}})},
      {"serviceProvider", reference_to("Organization", encounter.hospital->id)}};
}

void add_conditions(const PatientPlan& plan, const Encounter& encounter,
                    std::vector<Json>& resources) {
  std::size_t at = 0;
  for (const Condition* condition : encounter.conditions) {
    for (std::size_t i = 0; i < condition->codes.size(); ++i, ++at) {
      Json code = concept_of("http://hl7.org/fhir/sid/icd-10-cm", condition->codes[i],
                             condition->titles[i]);
      if (i == 0 && !condition->snomed.empty()) {
        code["coding"].push_back(
            {{"system", "http://snomed.info/sct"}, {"code", condition->snomed}});
      }
      Json resource{
          {"resourceType", "Condition"},
          {"id", encounter.condition_ids[at]},
          {"clinicalStatus", concept_of("http://terminology.hl7.org/CodeSystem/condition-clinical",
                                        "active", "Active")},
          {"verificationStatus",
           concept_of("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed",
                      "Confirmed")},
          {"category",
           Json::array({concept_of("http://terminology.hl7.org/CodeSystem/condition-category",
                                   "encounter-diagnosis", "Encounter Diagnosis")})},
          {"code", code},
          {"recordedDate", iso_day(encounter.start)}};
      place_in(resource, plan, encounter);
      resources.push_back(std::move(resource));
    }
  }
}

void add_medications(const PatientPlan& plan, const Encounter& encounter,
                     std::vector<Json>& resources) {
  for (const Medication& medication : encounter.medications) {
    const Drug& drug = *medication.drug;
    const std::string text =
        fmt::format("{} {} {} {}", drug.key, medication.dose, drug.route, medication.frequency);
    Json resource{
        {"resourceType", "MedicationRequest"},
        {"id", medication.id},
        {"status", "active"},
        {"intent", "order"},
        {"medicationCodeableConcept",
         concept_of("http://www.nlm.nih.gov/research/umls/rxnorm", drug.rxnorm, drug.key)},
        {"authoredOn", iso_day(encounter.start)},
        {"requester", reference_to("Practitioner", encounter.attending->id)},
        {"dosageInstruction", Json::array({{{"text", text}}})}};
    place_in(resource, plan, encounter);
    resources.push_back(std::move(resource));
  }
}

Json observation(std::string id, std::string_view category, const Json& code,
                 std::string_view day) {
  return {{"resourceType", "Observation"},
          {"id", std::move(id)},
          {"status", "final"},
          {"category", Json::array({concept_of(kCategorySystem, category, category)})},
          {"code", code},
          {"effectiveDateTime", day}};
}

void add_results(const PatientPlan& plan, const Encounter& encounter,
                 std::vector<Json>& resources) {
  const std::string day = iso_day(encounter.start);
  for (const LabResult& result : encounter.labs) {
    const Lab& lab = *result.lab;
    Json resource = observation(result.id, "laboratory",
                                concept_of("http://loinc.org", lab.loinc, lab.names.front()), day);
    resource["valueQuantity"] = {{"value", number_of(result.value)},
                                 {"unit", lab.unit},
                                 {"system", "http://unitsofmeasure.org"}};
    resource["referenceRange"] =
        Json::array({{{"low", {{"value", lab.low}, {"unit", lab.unit}}},
                      {"high", {{"value", lab.high}, {"unit", lab.unit}}}}});
    place_in(resource, plan, encounter);
    resources.push_back(std::move(resource));
  }
}

void add_vitals(const PatientPlan& plan, const Encounter& encounter, std::vector<Json>& resources) {
  const Vitals& vitals = encounter.vitals;
  struct Vital {
    std::string_view loinc;
    std::string_view display;
    Json value;
    std::string_view unit;
  };
  const Vital list[] = {{"8867-4", "Heart rate", vitals.heart_rate, "/min"},
                        {"8480-6", "Systolic blood pressure", vitals.systolic, "mm[Hg]"},
                        {"8462-4", "Diastolic blood pressure", vitals.diastolic, "mm[Hg]"},
                        {"9279-1", "Respiratory rate", vitals.respirations, "/min"},
                        {"59408-5", "Oxygen saturation", vitals.oxygen, "%"},
                        {"8310-5", "Body temperature", number_of(vitals.temperature_f), "[degF]"},
                        {"29463-7", "Body weight", vitals.weight_kg, "kg"}};
  int number = 0;
  for (const Vital& vital : list) {
    // Ids of one panel differ in their last digit.
    std::string id = vitals.id;
    id.back() = static_cast<char>('0' + number++);
    Json resource = observation(std::move(id), "vital-signs",
                                concept_of("http://loinc.org", vital.loinc, vital.display),
                                iso_day(encounter.start));
    resource["valueQuantity"] = {{"value", vital.value},
                                 {"unit", vital.unit},
                                 {"system", "http://unitsofmeasure.org"},
                                 {"code", vital.unit}};
    place_in(resource, plan, encounter);
    resources.push_back(std::move(resource));
  }
}

void add_procedure(const PatientPlan& plan, const Encounter& encounter,
                   std::vector<Json>& resources) {
  if (encounter.procedure == nullptr) return;
  const Procedure& procedure = *encounter.procedure;
  Json resource{
      {"resourceType", "Procedure"},
      {"id", encounter.procedure_id},
      {"status", "completed"},
      {"code", concept_of("http://snomed.info/sct", procedure.snomed, procedure.names.front())},
      {"performedDateTime", iso_day(encounter.start)},
      {"reasonReference",
       Json::array({reference_to("Condition", encounter.condition_ids.front())})}};
  place_in(resource, plan, encounter);
  if (!encounter.device_serial.empty()) {
    resource["focalDevice"] =
        Json::array({{{"manipulated", reference_to("Device", encounter.device_id)}}});
    resources.push_back({{"resourceType", "Device"},
                         {"id", encounter.device_id},
                         {"status", "active"},
                         {"serialNumber", encounter.device_serial},
                         {"udiCarrier", Json::array({{{"carrierHRF", encounter.device_udi}}})},
                         {"patient", reference_to("Patient", plan.person.id)}});
  }
  resources.push_back(std::move(resource));
}

}  // namespace

std::vector<Json> encounter_resources(const PatientPlan& plan, const Encounter& encounter) {
  std::vector<Json> resources{encounter_resource(plan, encounter)};
  add_conditions(plan, encounter, resources);
  add_medications(plan, encounter, resources);
  add_results(plan, encounter, resources);
  add_vitals(plan, encounter, resources);
  add_procedure(plan, encounter, resources);
  return resources;
}

}  // namespace residency::synth
