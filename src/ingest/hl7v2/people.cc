#include "ingest/hl7v2/people.h"

#include <algorithm>

#include "ingest/fhir_people.h"
#include "ingest/hl7v2/field_table.h"

namespace residency::ingest {
namespace {

using Parts = std::vector<std::string_view>;

/// Walks over one message's fields.
class Gatherer {
 public:
  explicit Gatherer(const Hl7Delimiters& delimiters) : delimiters_(delimiters) {}

  void field(const Hl7Field& rule, std::string_view text, std::vector<KnownIdentifier>& out) const {
    for (const std::string_view one : hl7_split(text, delimiters_.repetition)) {
      if (!one.empty()) repetition(rule, hl7_split(one, delimiters_.component), out);
    }
  }

 private:
  std::string part(const Parts& parts, std::size_t number) const {
    if (number > parts.size()) return "";
    const std::string_view first = hl7_part(parts[number - 1], delimiters_.subcomponent, 1);
    return hl7_unescape(first, delimiters_);
  }

  void name(PhiClass phi_class, const Parts& parts, std::size_t from,
            std::vector<KnownIdentifier>& out) const {
    const std::string family = part(parts, from);
    const std::string given = part(parts, from + 1);
    const std::string further = part(parts, from + 2);
    std::string whole;
    for (const std::string& one : {given, further, family})
      if (!one.empty()) whole += (whole.empty() ? "" : " ") + one;
    for (const std::string& one : {whole, family, given, further}) add_value(phi_class, one, out);
  }

  void repetition(const Hl7Field& rule, const Parts& parts,
                  std::vector<KnownIdentifier>& out) const {
    switch (rule.type) {
      case Hl7Type::kPersonName:
        return name(rule.phi_class, parts, 1, out);
      case Hl7Type::kPerson:
        add_value(PhiClass::kOtherId, part(parts, 1), out);
        return name(rule.phi_class, parts, 2, out);
      case Hl7Type::kPersonPlace: {
        const Parts person = hl7_split(parts[0], delimiters_.subcomponent);
        add_value(PhiClass::kOtherId, part(person, 1), out);
        return name(rule.phi_class, person, 2, out);
      }
      case Hl7Type::kAddress:
        add_value(PhiClass::kStreet, part(parts, 1), out);
        add_value(PhiClass::kStreet, part(parts, 2), out);
        add_value(PhiClass::kCity, part(parts, 3), out);
        add_value(PhiClass::kZip, part(parts, 5), out);
        return;
      case Hl7Type::kTelecom:
        add_value(PhiClass::kPhone, part(parts, 1), out);
        add_value(PhiClass::kEmail, part(parts, 4), out);
        add_value(PhiClass::kPhone, part(parts, 12), out);
        return;
      case Hl7Type::kIdentifier:
        add_value(hl7_id_class(part(parts, 5), rule.phi_class), part(parts, 1), out);
        return;
      case Hl7Type::kOrganisation:
      case Hl7Type::kValue:
        add_value(rule.phi_class, part(parts, 1), out);
        return;
      case Hl7Type::kLocation:
        add_value(PhiClass::kHospital, part(parts, 4), out);
        return;
      case Hl7Type::kPlain:
      case Hl7Type::kCoded:
      case Hl7Type::kText:
      case Hl7Type::kDate:
      case Hl7Type::kObservation:
        return;
    }
  }

  const Hl7Delimiters& delimiters_;
};

std::string iso_day(std::string_view compact) {
  const bool digits =
      compact.size() >= 8 && std::all_of(compact.begin(), compact.begin() + 8,
                                         [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return "";
  return std::string(compact.substr(0, 4)) + "-" + std::string(compact.substr(4, 2)) + "-" +
         std::string(compact.substr(6, 2));
}

std::string gender_of(std::string_view code) {
  if (code == "M" || code == "m") return "male";
  if (code == "F" || code == "f") return "female";
  return code.empty() || code == "U" ? "" : "other";
}

/// The URL of a coding system by its name in HL7 table 0396; "" for those without one here.
std::string system_url(std::string_view name) {
  if (name == "I10" || name == "I10C" || name == "ICD10" || name == "ICD-10-CM" ||
      name == "ICD10CM")
    return "http://hl7.org/fhir/sid/icd-10-cm";
  if (name == "SCT" || name == "SNM" || name == "SNOMED-CT") return "http://snomed.info/sct";
  if (name == "RXNORM" || name == "RXN") return "http://www.nlm.nih.gov/research/umls/rxnorm";
  if (name == "NDC") return "http://hl7.org/fhir/sid/ndc";
  return "";
}

void add_code(std::string_view field, const Hl7Delimiters& delimiters, std::vector<Code>& codes) {
  const Parts parts = hl7_split(field, delimiters.component);
  for (std::size_t from = 0; from + 2 < parts.size() && from <= 3; from += 3) {
    const std::string system = system_url(parts[from + 2]);
    const std::string code(parts[from]);
    const bool there = std::any_of(codes.begin(), codes.end(), [&](const Code& known) {
      return known.system == system && known.code == code;
    });
    if (!system.empty() && !code.empty() && !there)
      codes.push_back({system, code, hl7_unescape(parts[from + 1], delimiters)});
  }
}

}  // namespace

PhiClass hl7_id_class(std::string_view type, PhiClass otherwise) {
  if (type == "MR" || type == "PI" || type == "PT") return PhiClass::kMrn;
  if (type == "SS") return PhiClass::kSsn;
  if (type == "AN" || type == "VN" || type == "BA") return PhiClass::kAccount;
  if (type == "DL" || type == "PPN" || type == "NPI" || type == "DEA" || type == "MD" ||
      type == "LN")
    return PhiClass::kLicense;
  if (type == "MB" || type == "MC" || type == "MA" || type == "SN" || type == "NIIP")
    return PhiClass::kHealthPlanId;
  return otherwise;
}

std::string hl7_patient(const Hl7Message& message) {
  const Hl7Segment* pid = message.first("PID");
  if (pid == nullptr) return "";
  const Hl7Delimiters& delimiters = message.delimiters;
  std::string first;
  for (const std::string_view one : hl7_split(pid->field(3), delimiters.repetition)) {
    const std::string id(hl7_part(one, delimiters.component, 1));
    if (id.empty()) continue;
    if (hl7_part(one, delimiters.component, 5) == "MR") return id;
    if (first.empty()) first = id;
  }
  return first.empty() ? std::string(hl7_part(pid->field(2), delimiters.component, 1)) : first;
}

std::string hl7_encounter(const Hl7Message& message) {
  const Hl7Segment* visit = message.first("PV1");
  return visit == nullptr
             ? ""
             : std::string(hl7_part(visit->field(19), message.delimiters.component, 1));
}

Demographics hl7_demographics(const Hl7Message& message) {
  Demographics known;
  const Gatherer gatherer(message.delimiters);
  for (const Hl7Segment& segment : message.segments) {
    for (std::size_t i = 1; i < segment.fields.size(); ++i) {
      const auto rule = hl7_field(segment.name(), i);
      if (rule && !segment.fields[i].empty())
        gatherer.field(*rule, segment.fields[i], known.identifiers);
    }
  }
  if (const Hl7Segment* pid = message.first("PID")) {
    known.birth_date = PhiText(iso_day(pid->field(7)));
    known.gender = gender_of(pid->field(8));
  }
  return known;
}

std::vector<Code> hl7_diagnoses(const Hl7Message& message) {
  std::vector<Code> codes;
  for (const Hl7Segment& segment : message.segments) {
    if (segment.name() == "DG1") add_code(segment.field(3), message.delimiters, codes);
  }
  return codes;
}

std::vector<Code> hl7_medications(const Hl7Message& message) {
  std::vector<Code> codes;
  for (const Hl7Segment& segment : message.segments) {
    if (segment.name() == "RXO") add_code(segment.field(1), message.delimiters, codes);
    if (segment.name() == "RXE" || segment.name() == "RXD")
      add_code(segment.field(2), message.delimiters, codes);
  }
  return codes;
}

}  // namespace residency::ingest
