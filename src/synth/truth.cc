#include "synth/truth.h"

#include <initializer_list>

#include "base/json.h"

namespace residency::synth {
namespace {

Json head_of(const PatientPlan& plan, const PlannedNote& note) {
  return {{"note_id", note.id}, {"document", note.document}, {"patient", plan.person.id}};
}

Json span_of(const NoteText& text, std::size_t start, std::size_t end) {
  return {{"start", start}, {"end", end}, {"text", text.slice(start, end)}};
}

std::string joined(std::initializer_list<std::string_view> fields) {
  std::string row;
  for (const std::string_view field : fields) {
    if (!row.empty()) row += ',';
    row += csv_field(field);
  }
  row += "\r\n";
  return row;
}

}  // namespace

std::string phi_line(const PatientPlan& plan, const PlannedNote& note, const WrittenNote& written) {
  Json line = head_of(plan, note);
  Json spans = Json::array();
  for (const PhiSpan& phi : written.text.phi()) {
    Json span = span_of(written.text, phi.start, phi.end);
    span["class"] = phi_class_name(phi.phi_class);
    spans.push_back(std::move(span));
  }
  line["spans"] = std::move(spans);
  return dump_json(line);
}

std::string entities_line(const PatientPlan& plan, const PlannedNote& note,
                          const WrittenNote& written) {
  Json line = head_of(plan, note);
  Json spans = Json::array();
  for (const EntitySpan& entity : written.text.entities()) {
    Json span = span_of(written.text, entity.start, entity.end);
    span["type"] = entity.type;
    if (!entity.code.empty()) {
      span["system"] = entity.system;
      span["code"] = entity.code;
    }
    span["assertion"] = entity.assertion;
    spans.push_back(std::move(span));
  }
  line["entities"] = std::move(spans);
  return dump_json(line);
}

std::size_t code_count(const Encounter& encounter, const PlannedNote& note) {
  std::size_t count = 0;
  for (const std::size_t index : note.conditions)
    count += encounter.conditions[index]->codes.size();
  return count;
}

std::string codes_line(const PatientPlan& plan, const Encounter& encounter,
                       const PlannedNote& note) {
  Json line = head_of(plan, note);
  line["encounter"] = encounter.id;
  line["note_type"] = note_kind_name(note.kind);
  Json codes = Json::array();
  for (const std::size_t index : note.conditions) {
    const Condition& condition = *encounter.conditions[index];
    for (std::size_t i = 0; i < condition.codes.size(); ++i) {
      codes.push_back({{"code", condition.codes[i]}, {"display", condition.titles[i]}});
    }
  }
  line["codes"] = std::move(codes);
  return dump_json(line);
}

std::string interaction_line(const PlannedNote& note, const WrittenNote& written,
                             const InteractionMention& mention) {
  Json line{{"note_id", note.id}, {"document", note.document}, {"type", mention.pair->type}};
  line["first"] = span_of(written.text, mention.first_start, mention.first_end);
  line["first"]["drug"] = mention.pair->first;
  line["second"] = span_of(written.text, mention.second_start, mention.second_end);
  line["second"]["drug"] = mention.pair->second;
  line["evidence"] = mention.sentence_end > mention.sentence_start ? "sentence" : "list";
  if (mention.sentence_end > mention.sentence_start) {
    line["sentence"] = span_of(written.text, mention.sentence_start, mention.sentence_end);
  }
  return dump_json(line);
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  field += '"';
  return field;
}

std::string_view patients_csv_head() {
  return "patient_id,mrn,family_name,given_name,middle_name,preferred_name,sex,birth_date,ssn,"
         "home_phone,mobile_phone,work_phone,email,street,unit,city,county,state,zip,plan,"
         "member_id,group_number,employer,occupation,driver_license,license_plate,vin,"
         "contact_relation,contact_name,contact_phone\r\n";
}

std::string patients_csv_row(const PatientPlan& plan) {
  const PatientPerson& p = plan.person;
  const Contact& contact = p.contacts.front();
  return joined({p.id,
                 p.mrn,
                 p.name.family,
                 p.name.given,
                 p.name.middle,
                 p.preferred,
                 p.female ? "F" : "M",
                 iso_day(p.birth),
                 p.ssn,
                 p.home_phone,
                 p.mobile_phone,
                 p.work_phone,
                 p.email,
                 p.street,
                 p.unit,
                 p.place.city,
                 p.place.county,
                 p.place.state,
                 p.place.zip,
                 p.plan,
                 p.member_id,
                 p.group_number,
                 p.employer,
                 p.job,
                 p.driver_license,
                 p.plate,
                 p.vin,
                 contact.relation,
                 full_name(contact.name),
                 contact.phone});
}

std::string_view notes_csv_head() {
  return "note_id,patient_id,encounter_id,note_type,date,text\r\n";
}

std::string notes_csv_row(const PatientPlan& plan, const Encounter& encounter,
                          const PlannedNote& note, const WrittenNote& written) {
  return joined({note.id, plan.person.id, encounter.id, note_kind_name(note.kind),
                 iso_day(note.day), written.text.text()});
}

}  // namespace residency::synth
