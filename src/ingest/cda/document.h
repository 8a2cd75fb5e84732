// CdaDocument: a C-CDA document (HL7 CDA R2, urn:hl7-org:v3) and what it says of people.
#pragma once

#include <memory>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/raw_record.h"

namespace residency::ingest {

/// Reads XML in UTF-8; entities other than XML's own five are left as they stand, no DTD is read.
/// kInvalidInput where it is not well formed (naming the byte), nested deeper than kXmlDepthMax, or
/// its root is no ClinicalDocument.
Result<std::unique_ptr<pugi::xml_document>> parse_cda(std::string_view text);

/// The XML of a document, as it stands in memory.
std::string to_xml(const pugi::xml_document& document);

/// The child elements' names, without prefixes, lead from `node` to the one given: "a/b/c". A null
/// node where there is none.
pugi::xml_node cda_child(pugi::xml_node node, std::string_view path);

/// The patient's id: the extension of the first id of recordTarget/patientRole that is no social
/// security number. "" where there is none.
std::string cda_patient(const pugi::xml_document& document);
/// The id of encompassingEncounter, "" where there is none.
std::string cda_encounter(const pugi::xml_document& document);

Demographics cda_demographics(const pugi::xml_document& document);
std::vector<Code> cda_diagnoses(const pugi::xml_document& document);
std::vector<Code> cda_medications(const pugi::xml_document& document);

/// The text of the sections, titles before texts; of a document without sections, its text body.
std::string cda_text(const pugi::xml_document& document);

/// Whose name an element `name` holds, by what it stands in; nothing for names of products.
std::optional<PhiClass> cda_name_class(pugi::xml_node name);
/// The class of an element `id`, by its root and by what it stands in.
PhiClass cda_id_class(pugi::xml_node id);

}  // namespace residency::ingest
