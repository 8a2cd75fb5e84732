// FHIR R4 resources of the synthetic hospital. References are "Type/id"; a bundle rewrites them.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "synth/note_writer.h"

namespace residency::synth {

/// The resources that belong to no patient: Organization, Location, Practitioner.
std::vector<Json> hospital_resources(const Hospital& hospital);

/// Patient, Coverage and AllergyIntolerance.
std::vector<Json> person_resources(const PatientPlan& plan, const Tables& tables);

/// Encounter, Condition, MedicationRequest, Observation, Procedure, Device.
std::vector<Json> encounter_resources(const PatientPlan& plan, const Encounter& encounter);

/// DocumentReference with the note as base64 text/plain, its context.encounter, and in
/// context.related the Conditions that the note documents; for radiology a DiagnosticReport too.
std::vector<Json> note_resources(const PatientPlan& plan, const Encounter& encounter,
                                 const PlannedNote& note, const WrittenNote& written);

/// A transaction Bundle of `resources`, each under "urn:uuid:" and its id, with references among
/// them rewritten to match.
Json make_bundle(std::vector<Json> resources);

/// {"reference": "Type/id"}
Json reference_to(std::string_view type, std::string_view id);
/// {"coding": [{...}], "text": display}
Json concept_of(std::string_view system, std::string_view code, std::string_view display);

}  // namespace residency::synth
