#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "synth/base64.h"
#include "synth/fhir.h"

namespace residency::synth {
namespace {

struct NoteType {
  std::string_view loinc;
  std::string_view display;
  std::string_view text;  // as users say it; in lower case with '_', the kind's name
};

NoteType type_of(NoteKind kind) {
  static constexpr NoteType types[] = {
      {"34117-2", "History and physical note", "Admission note"},
      {"11506-3", "Progress note", "Progress note"},
      {"18842-5", "Discharge summary", "Discharge summary"},
      {"18748-4", "Diagnostic imaging study", "Radiology report"},
      {"54094-8", "Emergency department Triage note", "ED triage note"},
      {"11504-8", "Surgical operation note", "Operative note"}};
  return types[static_cast<std::size_t>(kind)];
}

// The ids of the Conditions that `note` documents, in the encounter's order.
std::vector<std::string> documented(const Encounter& encounter, const PlannedNote& note) {
  std::vector<std::string> ids;
  std::size_t at = 0;
  for (std::size_t i = 0; i < encounter.conditions.size(); ++i) {
    for (std::size_t k = 0; k < encounter.conditions[i]->codes.size(); ++k, ++at) {
      if (std::find(note.conditions.begin(), note.conditions.end(), i) != note.conditions.end()) {
        ids.push_back(encounter.condition_ids[at]);
      }
    }
  }
  return ids;
}

void rewrite_references(Json& value, const std::map<std::string, std::string>& urls) {
  if (value.is_array()) {
    for (Json& item : value) rewrite_references(item, urls);
  } else if (value.is_object()) {
    for (auto& [key, member] : value.items()) {
      if (key == "reference" && member.is_string()) {
        const auto found = urls.find(member.get_ref<const std::string&>());
        if (found != urls.end()) member = found->second;
      } else {
        rewrite_references(member, urls);
      }
    }
  }
}

}  // namespace

std::vector<Json> note_resources(const PatientPlan& plan, const Encounter& encounter,
                                 const PlannedNote& note, const WrittenNote& written) {
  const NoteType type = type_of(note.kind);
  Json concept_json = concept_of("http://loinc.org", type.loinc, type.display);
  concept_json["text"] = type.text;
  const std::string encoded = base64_encode(written.text.text());
  const std::string stamp =
      fmt::format("{}T{:02}:{:02}:00Z", iso_day(note.day), note.minute / 60, note.minute % 60);
  Json related = Json::array();
  for (const std::string& id : documented(encounter, note)) {
    related.push_back(reference_to("Condition", id));
  }
  std::vector<Json> resources;
  resources.push_back(
      {{"resourceType", "DocumentReference"},
       {"id", note.document},
       {"identifier", Json::array({{{"system", "urn:residency:synth:note"}, {"value", note.id}}})},
       {"status", "current"},
       {"type", concept_json},
       {"category", Json::array({concept_of(
                        "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
                        "clinical-note", "Clinical Note")})},
       {"subject", reference_to("Patient", plan.person.id)},
       {"date", stamp},
       {"author", Json::array({reference_to("Practitioner", note.author->id)})},
       {"content", Json::array({{{"attachment",
                                  {{"contentType", "text/plain; charset=utf-8"},
                                   {"data", encoded},
                                   {"title", note_kind_name(note.kind)}}}}})},
       {"context",
        {{"encounter", Json::array({reference_to("Encounter", encounter.id)})},
         {"period", {{"start", iso_day(encounter.start)}, {"end", iso_day(encounter.end)}}},
         {"related", related}}}});
  if (note.kind == NoteKind::kRadiology) {
    // The report's id is the document's with another last digit.
    std::string id = note.document;
    id.back() = id.back() == '0' ? '1' : '0';
    resources.push_back(
        {{"resourceType", "DiagnosticReport"},
         {"id", id},
         {"status", "final"},
         {"category", Json::array({concept_of("http://terminology.hl7.org/CodeSystem/v2-0074",
                                              "RAD", "Radiology")})},
         {"code", concept_json},
         {"subject", reference_to("Patient", plan.person.id)},
         {"encounter", reference_to("Encounter", encounter.id)},
         {"effectiveDateTime", stamp},
         {"issued", stamp},
         {"performer", Json::array({reference_to("Practitioner", note.author->id)})}});
  }
  return resources;
}

Json make_bundle(std::vector<Json> resources) {
  std::map<std::string, std::string> urls;
  for (const Json& resource : resources) {
    const std::string& id = resource["id"].get_ref<const std::string&>();
    urls[resource["resourceType"].get_ref<const std::string&>() + "/" + id] = "urn:uuid:" + id;
  }
  Json entries = Json::array();
  for (Json& resource : resources) {
    rewrite_references(resource, urls);
    Json entry = Json::object();
    entry["fullUrl"] = "urn:uuid:" + resource["id"].get_ref<const std::string&>();
    entry["request"] = {{"method", "POST"}, {"url", resource["resourceType"]}};
    entry["resource"] = std::move(resource);
    entries.push_back(std::move(entry));
  }
  Json bundle = Json::object();
  bundle["resourceType"] = "Bundle";
  bundle["type"] = "transaction";
  bundle["entry"] = std::move(entries);
  return bundle;
}

}  // namespace residency::synth
