#include "ingest/cda/document.h"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

#include "ingest/base64.h"
#include "ingest/cda/narrative.h"
#include "ingest/fhir_people.h"
#include "ingest/text_encoding.h"

namespace residency::ingest {
namespace {

constexpr std::string_view kSsnRoot = "2.16.840.1.113883.4.1";
constexpr std::string_view kNpiRoot = "2.16.840.1.113883.4.6";
constexpr std::string_view kUdiRoot = "2.16.840.1.113883.3.3719";
constexpr std::string_view kLicenceRoots = "2.16.840.1.113883.4.3.";
constexpr std::string_view kProblemObservation = "2.16.840.1.113883.10.20.22.4.4";

/// Calls `see` for every element below `node`; false where it is nested too deeply.
template <class See>
bool each_element(pugi::xml_node node, const See& see, int depth = 0) {
  if (depth > kXmlDepthMax) return false;
  for (const pugi::xml_node child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    see(child);
    if (!each_element(child, see, depth + 1)) return false;
  }
  return true;
}

pugi::xml_node root_of(const pugi::xml_document& document) { return document.document_element(); }

std::string_view attribute(pugi::xml_node node, const char* name) {
  return node.attribute(name).value();
}

void add_name(pugi::xml_node name, PhiClass phi_class, std::vector<KnownIdentifier>& out) {
  std::string whole;
  for (const NarrativePiece& piece : narrative_pieces(name)) {
    const std::string_view text = piece.node.value();
    const std::string_view part = local_name(piece.node.parent());
    if (part == "prefix" || part == "suffix" || text.find_first_not_of(" \t\r\n") == text.npos)
      continue;
    add_value(phi_class, text, out);
    whole += (whole.empty() ? "" : " ") + std::string(text);
  }
  add_value(phi_class, whole, out);
}

void add_address(pugi::xml_node address, std::vector<KnownIdentifier>& out) {
  for (const pugi::xml_node part : address.children()) {
    const std::string_view name = local_name(part);
    const std::string text = narrative_text(part);
    if (name == "streetAddressLine") add_value(PhiClass::kStreet, text, out);
    if (name == "city") add_value(PhiClass::kCity, text, out);
    if (name == "county") add_value(PhiClass::kCounty, text, out);
    if (name == "postalCode") add_value(PhiClass::kZip, text, out);
  }
}

void add_telecom(pugi::xml_node telecom, std::vector<KnownIdentifier>& out) {
  const std::string_view value = attribute(telecom, "value");
  const std::size_t colon = value.find(':');
  const std::string_view scheme = colon == value.npos ? "" : value.substr(0, colon);
  const std::string_view rest = colon == value.npos ? value : value.substr(colon + 1);
  add_value(scheme == "mailto"                      ? PhiClass::kEmail
            : scheme == "fax"                       ? PhiClass::kFax
            : scheme == "http" || scheme == "https" ? PhiClass::kUrl
                                                    : PhiClass::kPhone,
            scheme.starts_with("http") ? value : rest, out);
}

void add_codes(pugi::xml_node coded, std::vector<Code>& codes) {
  static constexpr std::pair<std::string_view, std::string_view> kSystems[] = {
      {"2.16.840.1.113883.6.90", "http://hl7.org/fhir/sid/icd-10-cm"},
      {"2.16.840.1.113883.6.96", "http://snomed.info/sct"},
      {"2.16.840.1.113883.6.88", "http://www.nlm.nih.gov/research/umls/rxnorm"},
      {"2.16.840.1.113883.6.69", "http://hl7.org/fhir/sid/ndc"}};
  for (const auto& system : kSystems) {
    const std::string code(attribute(coded, "code"));
    if (attribute(coded, "codeSystem") != system.first || code.empty()) continue;
    const bool there = std::any_of(codes.begin(), codes.end(), [&](const Code& known) {
      return known.system == system.second && known.code == code;
    });
    if (!there)
      codes.push_back(
          {std::string(system.second), code, std::string(attribute(coded, "displayName"))});
  }
  for (const pugi::xml_node child : coded.children()) {
    if (local_name(child) == "translation") add_codes(child, codes);
  }
}

void add_sections(pugi::xml_node body, std::string& text, int depth) {
  if (depth > kXmlDepthMax) return;
  for (const pugi::xml_node component : body.children()) {
    const pugi::xml_node section = cda_child(component, "section");
    if (!section) continue;
    const std::string words = narrative_text(cda_child(section, "text"));
    if (!words.empty()) {
      const std::string title = narrative_text(cda_child(section, "title"));
      if (!text.empty()) text += "\n\n";
      if (!title.empty()) text += title + "\n";
      text += words;
    }
    add_sections(section, text, depth + 1);
  }
}

std::string unstructured_text(pugi::xml_node body) {
  const std::string_view type = attribute(body, "mediaType");
  if (!type.empty() && !type.starts_with("text/")) return "";
  std::string text = narrative_text(body);
  if (attribute(body, "representation") != "B64") return text;
  auto bytes = decode_base64(text);
  if (!bytes || valid_utf8_bytes(*bytes) != bytes->size()) return "";
  return *std::move(bytes);
}

}  // namespace

Result<std::unique_ptr<pugi::xml_document>> parse_cda(std::string_view text) {
  auto document = std::make_unique<pugi::xml_document>();
  const pugi::xml_parse_result parsed = document->load_buffer(
      text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
  if (!parsed)
    return invalid_input(fmt::format("is not well-formed XML at byte {}", parsed.offset));
  const pugi::xml_node root = document->document_element();
  if (local_name(root) != "ClinicalDocument")
    return invalid_input("is no C-CDA document: its root is not ClinicalDocument");
  if (xml_depth(root) > kXmlDepthMax)
    return invalid_input(fmt::format("is nested deeper than {}", kXmlDepthMax));
  return document;
}

std::string to_xml(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "", pugi::format_raw);
  return std::move(out).str();
}

pugi::xml_node cda_child(pugi::xml_node node, std::string_view path) {
  while (node && !path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    node = node.find_child([&](pugi::xml_node child) { return local_name(child) == name; });
  }
  return node;
}

std::string cda_patient(const pugi::xml_document& document) {
  const pugi::xml_node role = cda_child(root_of(document), "recordTarget/patientRole");
  for (const pugi::xml_node id : role.children()) {
    if (local_name(id) == "id" && attribute(id, "root") != kSsnRoot &&
        !attribute(id, "extension").empty())
      return std::string(attribute(id, "extension"));
  }
  return "";
}

std::string cda_encounter(const pugi::xml_document& document) {
  const pugi::xml_node id = cda_child(root_of(document), "componentOf/encompassingEncounter/id");
  return std::string(attribute(id, attribute(id, "extension").empty() ? "root" : "extension"));
}

Demographics cda_demographics(const pugi::xml_document& document) {
  Demographics known;
  each_element(root_of(document), [&](pugi::xml_node node) {
    const std::string_view name = local_name(node);
    if (name == "name") {
      if (const auto phi_class = cda_name_class(node))
        add_name(node, *phi_class, known.identifiers);
    } else if (name == "addr") {
      add_address(node, known.identifiers);
    } else if (name == "telecom") {
      add_telecom(node, known.identifiers);
    } else if (name == "id") {
      add_value(cda_id_class(node), attribute(node, "extension"), known.identifiers);
    }
  });
  const pugi::xml_node patient = cda_child(root_of(document), "recordTarget/patientRole/patient");
  const std::string_view gender = attribute(cda_child(patient, "administrativeGenderCode"), "code");
  if (gender == "M" || gender == "F") known.gender = gender == "M" ? "male" : "female";
  const std::string_view born = attribute(cda_child(patient, "birthTime"), "value");
  if (born.size() >= 8)
    known.birth_date =
        PhiText(fmt::format("{}-{}-{}", born.substr(0, 4), born.substr(4, 2), born.substr(6, 2)));
  return known;
}

std::vector<Code> cda_diagnoses(const pugi::xml_document& document) {
  std::vector<Code> codes;
  each_element(root_of(document), [&](pugi::xml_node node) {
    if (local_name(node) != "observation" || attribute(node, "negationInd") == "true") return;
    for (const pugi::xml_node child : node.children()) {
      if (local_name(child) == "templateId" && attribute(child, "root") == kProblemObservation) {
        add_codes(cda_child(node, "value"), codes);
        return;
      }
    }
  });
  return codes;
}

std::vector<Code> cda_medications(const pugi::xml_document& document) {
  std::vector<Code> codes;
  each_element(root_of(document), [&](pugi::xml_node node) {
    if (local_name(node) == "manufacturedMaterial") add_codes(cda_child(node, "code"), codes);
  });
  return codes;
}

std::string cda_text(const pugi::xml_document& document) {
  std::string text;
  const pugi::xml_node body = cda_child(root_of(document), "component");
  add_sections(cda_child(body, "structuredBody"), text, 0);
  if (text.empty()) text = unstructured_text(cda_child(body, "nonXMLBody/text"));
  return text;
}

std::optional<PhiClass> cda_name_class(pugi::xml_node name) {
  const std::string_view owner = local_name(name.parent());
  if (owner == "patient") return PhiClass::kPatientName;
  if (owner == "assignedPerson" || owner == "informationRecipient") return PhiClass::kClinicianName;
  if (owner == "guardianPerson" || owner == "associatedPerson" || owner == "relatedPerson" ||
      owner == "subject" || owner == "playingEntity" || owner == "person") {
    const std::string_view role = local_name(name.parent().parent());
    // A playing entity may be a product; its role says so.
    if (owner == "playingEntity" &&
        (attribute(name.parent(), "classCode") == "MMAT" || role == "participantRole" ||
         role == "specimenRole") &&
        !cda_child(name, "family") && !cda_child(name, "given"))
      return std::nullopt;
    return PhiClass::kRelativeName;
  }
  if (owner.ends_with("Organization") || owner == "location" || owner == "place" ||
      owner == "asOrganizationPartOf" || owner == "wholeOrganization")
    return PhiClass::kHospital;
  if (cda_child(name, "family") || cda_child(name, "given")) return PhiClass::kRelativeName;
  return std::nullopt;
}

PhiClass cda_id_class(pugi::xml_node id) {
  const std::string_view root = attribute(id, "root");
  if (root == kSsnRoot) return PhiClass::kSsn;
  if (root == kNpiRoot || root.starts_with(kLicenceRoots)) return PhiClass::kLicense;
  if (root == kUdiRoot) return PhiClass::kDevice;
  const std::string_view owner = local_name(id.parent());
  if (owner == "patientRole") return PhiClass::kMrn;
  if (owner == "encompassingEncounter" || owner == "encounter") return PhiClass::kAccount;
  return PhiClass::kOtherId;
}

}  // namespace residency::ingest
