#include "deid/structured/cda_record.h"

#include <algorithm>
#include <unordered_set>

#include "deid/detect/tokens.h"
#include "deid/structured/narrative_record.h"
#include "ingest/base64.h"
#include "ingest/cda/document.h"
#include "ingest/cda/narrative.h"
#include "ingest/text_encoding.h"

namespace residency::deid {
namespace {

using Set = std::unordered_set<std::string_view>;
using ingest::local_name;

/// Elements of CDA R2 that hold other elements, codes, quantities or times. Those that hold names,
/// addresses and the like have rules of their own.
bool is_structure(std::string_view name) {
  static const Set kNames{"ClinicalDocument",
                          "realmCode",
                          "typeId",
                          "templateId",
                          "code",
                          "effectiveTime",
                          "confidentialityCode",
                          "languageCode",
                          "versionNumber",
                          "recordTarget",
                          "patientRole",
                          "patient",
                          "administrativeGenderCode",
                          "maritalStatusCode",
                          "religiousAffiliationCode",
                          "raceCode",
                          "ethnicGroupCode",
                          "guardian",
                          "guardianPerson",
                          "birthplace",
                          "place",
                          "languageCommunication",
                          "modeCode",
                          "proficiencyLevelCode",
                          "preferenceInd",
                          "providerOrganization",
                          "author",
                          "time",
                          "assignedAuthor",
                          "assignedPerson",
                          "assignedAuthoringDevice",
                          "representedOrganization",
                          "dataEnterer",
                          "assignedEntity",
                          "informant",
                          "relatedEntity",
                          "relatedPerson",
                          "custodian",
                          "assignedCustodian",
                          "representedCustodianOrganization",
                          "informationRecipient",
                          "intendedRecipient",
                          "receivedOrganization",
                          "legalAuthenticator",
                          "authenticator",
                          "signatureCode",
                          "participant",
                          "functionCode",
                          "associatedEntity",
                          "associatedPerson",
                          "scopingOrganization",
                          "inFulfillmentOf",
                          "order",
                          "priorityCode",
                          "documentationOf",
                          "serviceEvent",
                          "performer",
                          "relatedDocument",
                          "parentDocument",
                          "authorization",
                          "consent",
                          "statusCode",
                          "componentOf",
                          "encompassingEncounter",
                          "dischargeDispositionCode",
                          "responsibleParty",
                          "encounterParticipant",
                          "location",
                          "healthCareFacility",
                          "serviceProviderOrganization",
                          "component",
                          "structuredBody",
                          "section",
                          "entry",
                          "act",
                          "encounter",
                          "observation",
                          "observationRange",
                          "procedure",
                          "substanceAdministration",
                          "supply",
                          "organizer",
                          "entryRelationship",
                          "reference",
                          "referenceRange",
                          "precondition",
                          "criterion",
                          "externalDocument",
                          "value",
                          "translation",
                          "qualifier",
                          "targetSiteCode",
                          "methodCode",
                          "approachSiteCode",
                          "interpretationCode",
                          "routeCode",
                          "doseQuantity",
                          "rateQuantity",
                          "maxDoseQuantity",
                          "numerator",
                          "denominator",
                          "administrationUnitCode",
                          "repeatNumber",
                          "quantity",
                          "expectedUseTime",
                          "independentInd",
                          "consumable",
                          "product",
                          "manufacturedProduct",
                          "manufacturedMaterial",
                          "manufacturerOrganization",
                          "participantRole",
                          "playingDevice",
                          "playingEntity",
                          "scopingEntity",
                          "specimen",
                          "specimenRole",
                          "specimenPlayingEntity",
                          "subject",
                          "relatedSubject",
                          "low",
                          "high",
                          "center",
                          "width",
                          "period",
                          "sequenceNumber",
                          "seperatableInd",
                          "negationInd",
                          "standardIndustryClassCode",
                          "asOrganizationPartOf",
                          "wholeOrganization",
                          "levelCode",
                          "awarenessCode",
                          "activityTime",
                          "deceasedInd",
                          "deceasedTime",
                          "multipleBirthInd",
                          "nonXMLBody"};
  return kNames.contains(name);
}

/// Attributes whose values are from closed lists.
bool is_plain_attribute(std::string_view name) {
  static const Set kNames{"classCode",
                          "moodCode",
                          "typeCode",
                          "determinerCode",
                          "negationInd",
                          "contextControlCode",
                          "contextConductionInd",
                          "inversionInd",
                          "independentInd",
                          "nullFlavor",
                          "use",
                          "unit",
                          "operator",
                          "inclusive",
                          "institutionSpecified",
                          "qualifier",
                          "mediaType",
                          "representation",
                          "language",
                          "codeSystemVersion",
                          "alignment",
                          "sdtc:valueSet",
                          "currency",
                          "xsi:type"};
  return kNames.contains(name);
}

bool is_namespace(std::string_view name) {
  return name == "xmlns" || name.starts_with("xmlns:") || name == "xsi:schemaLocation";
}

bool is_oid(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_ascii_digit(c) || c == '.';
  });
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 24 &&
         text.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
}

/// True for the literal form of TS: a year at least, digits and a zone.
bool is_time(std::string_view text) {
  return text.size() >= 4 && (text[0] == '1' || text[0] == '2') &&
         text.find_first_not_of("0123456789.+-") == std::string_view::npos;
}

bool is_foreign(std::string_view name) {
  static const Set kSdtc{"sdtc:raceCode", "sdtc:ethnicGroupCode", "sdtc:deceasedInd",
                         "sdtc:deceasedTime", "sdtc:dischargeDispositionCode"};
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos || name.starts_with("cda:") || name.starts_with("hl7:"))
    return false;
  return !kSdtc.contains(name);
}

class Walk {
 public:
  explicit Walk(const RecordScope& scope) : scope_(scope) {}

  Result<void> element(pugi::xml_node node) {
    RESIDENCY_TRY_VOID(attributes(node));
    for (pugi::xml_node child = node.first_child(); child;) {
      const pugi::xml_node next = child.next_sibling();
      RESIDENCY_TRY(const bool kept, this->child(child));
      if (!kept) node.remove_child(child);
      child = next;
    }
    return {};
  }

 private:
  /// False where it is to be left out.
  Result<bool> child(pugi::xml_node node) {
    if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) return text_node(node);
    if (node.type() != pugi::node_element || is_foreign(node.name())) return false;
    const std::string_view name = local_name(node);
    if (name == "name") return this->name(node);
    if (name == "addr") return address(node);
    if (name == "telecom") return telecom(node);
    if (name == "id" || name == "setId") return id(node);
    if (name == "birthTime" || name == "time" || name == "effectiveTime" || name == "deceasedTime")
      return time(node);
    if (name == "text" && local_name(node.parent()) == "nonXMLBody") return body(node);
    if (name == "text" || name == "title" || name == "originalText" || name == "desc")
      return free_text(node);
    if (name == "softwareName" || name == "manufacturerModelName" || name == "lotNumberText")
      return name == "lotNumberText" ? replaced(node, PhiClass::kDevice) : free_text(node);
    if (!is_structure(name)) return false;
    RESIDENCY_TRY_VOID(element(node));
    return true;
  }

  /// White space between elements stays; a value's own text is free text.
  Result<bool> text_node(pugi::xml_node node) {
    const std::string_view text = node.value();
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return true;
    RESIDENCY_TRY(const std::string clean, clean_free_text(text, scope_));
    node.set_value(clean.c_str());
    return true;
  }

  Result<bool> free_text(pugi::xml_node node) {
    // Narratives keep no attribute but those of layout; a coded entry's text is a mere reference.
    while (node.first_attribute()) node.remove_attribute(node.first_attribute());
    RESIDENCY_TRY_VOID(clean_narrative(node, scope_));
    return true;
  }

  bool replaced(pugi::xml_node node, PhiClass phi_class) {
    const std::string text = ingest::narrative_text(node);
    while (node.first_attribute()) node.remove_attribute(node.first_attribute());
    while (node.first_child()) node.remove_child(node.first_child());
    if (!text.empty())
      node.append_child(pugi::node_pcdata)
          .set_value(scope_.replacer.replace(phi_class, text).c_str());
    return true;
  }

  Result<bool> name(pugi::xml_node node) {
    const auto phi_class = ingest::cda_name_class(node);
    if (!phi_class) return free_text(node);
    bool parts = false;
    for (pugi::xml_node part = node.first_child(); part;) {
      const pugi::xml_node next = part.next_sibling();
      const std::string_view kind = local_name(part);
      const bool told = kind == "family" || kind == "given";
      parts = parts || told;
      if (told) {
        replaced(part, *phi_class);
      } else if (part.type() == pugi::node_element) {
        node.remove_child(part);  // prefixes and suffixes
      }
      part = next;
    }
    if (!parts) return replaced(node, *phi_class);
    for (pugi::xml_node part = node.first_child(); part;) {
      const pugi::xml_node next = part.next_sibling();
      if (part.type() != pugi::node_element) node.remove_child(part);
      part = next;
    }
    RESIDENCY_TRY_VOID(attributes(node));
    return true;
  }

  Result<bool> address(pugi::xml_node node) {
    RESIDENCY_TRY_VOID(attributes(node));
    for (pugi::xml_node part = node.first_child(); part;) {
      const pugi::xml_node next = part.next_sibling();
      const std::string_view kind = local_name(part);
      if (kind == "streetAddressLine") {
        replaced(part, PhiClass::kStreet);
      } else if (kind == "city") {
        replaced(part, PhiClass::kCity);
      } else if (kind == "county") {
        replaced(part, PhiClass::kCounty);
      } else if (kind == "postalCode") {
        replaced(part, PhiClass::kZip);
      } else if ((kind != "state" && kind != "country") ||
                 !is_plain_token(ingest::narrative_text(part))) {
        node.remove_child(part);
      }
      part = next;
    }
    return true;
  }

  Result<bool> telecom(pugi::xml_node node) {
    const std::string value = node.attribute("value").value();
    RESIDENCY_TRY_VOID(attributes(node));
    if (value.empty()) return true;
    const std::size_t colon = value.find(':');
    const std::string scheme = colon == std::string::npos ? "tel" : value.substr(0, colon);
    const std::string rest = colon == std::string::npos ? value : value.substr(colon + 1);
    const bool web = scheme == "http" || scheme == "https" || scheme == "ftp";
    const PhiClass phi_class = scheme == "mailto" ? PhiClass::kEmail
                               : scheme == "fax"  ? PhiClass::kFax
                               : web              ? PhiClass::kUrl
                                                  : PhiClass::kPhone;
    const std::string clean = scope_.replacer.replace(phi_class, web ? value : rest);
    const bool bare = web || colon == std::string::npos || !is_plain_token(scheme);
    node.append_attribute("value") = (bare ? clean : scheme + ":" + clean).c_str();
    return true;
  }

  /// Registries' roots stay; all others may be the record's own number.
  Result<bool> id(pugi::xml_node node) {
    const PhiClass phi_class = ingest::cda_id_class(node);
    const std::string root = node.attribute("root").value();
    const std::string extension = node.attribute("extension").value();
    RESIDENCY_TRY_VOID(attributes(node));
    node.remove_attribute("root");
    const bool registry = phi_class == PhiClass::kSsn || phi_class == PhiClass::kLicense;
    if (registry && is_oid(root)) {
      node.append_attribute("root") = root.c_str();
    } else if (!node.attribute("nullFlavor")) {
      node.append_attribute("nullFlavor") = "MSK";
    }
    const std::string& own = extension.empty() && !is_oid(root) ? root : extension;
    if (!own.empty())
      node.append_attribute("extension") = scope_.replacer.replace(phi_class, own).c_str();
    return true;
  }

  Result<bool> time(pugi::xml_node node) {
    RESIDENCY_TRY_VOID(element(node));
    return true;
  }

  /// An unstructured document's body: text is cleaned, anything else goes.
  Result<bool> body(pugi::xml_node node) {
    const std::string type = node.attribute("mediaType").value();
    const bool base64 = std::string_view(node.attribute("representation").value()) == "B64";
    if (type.starts_with("image/"))
      static_cast<void>(scope_.replacer.replace(PhiClass::kPhoto, type));
    if (!type.empty() && !type.starts_with("text/")) return false;
    if (!base64) return free_text(node);
    const auto bytes = ingest::decode_base64(ingest::narrative_text(node));
    if (!bytes || ingest::valid_utf8_bytes(*bytes) != bytes->size()) return false;
    RESIDENCY_TRY(const std::string clean, clean_free_text(*bytes, scope_));
    RESIDENCY_TRY_VOID(attributes(node));
    while (node.first_child()) node.remove_child(node.first_child());
    node.append_child(pugi::node_pcdata).set_value(ingest::encode_base64(clean).c_str());
    return true;
  }

  Result<void> attributes(pugi::xml_node node) {
    for (pugi::xml_attribute at = node.first_attribute(); at;) {
      const pugi::xml_attribute next = at.next_attribute();
      RESIDENCY_TRY(const std::string clean, attribute(node, at));
      if (clean.empty())
        node.remove_attribute(at);
      else
        at.set_value(clean.c_str());
      at = next;
    }
    return {};
  }

  /// What stands for the attribute's value, "" where it is to be left out.
  Result<std::string> attribute(pugi::xml_node node, pugi::xml_attribute at) {
    const std::string_view name = at.name();
    const std::string value = at.value();
    const std::string_view owner = local_name(node);
    if (is_namespace(name)) return local_name(node) == "ClinicalDocument" ? value : std::string();
    if (is_plain_attribute(name)) return is_plain_token(value) ? value : std::string();
    if (name == "displayName") {
      if (!node.attribute("code")) return clean_free_text(value, scope_);
      return clean_terminology(value, scope_);
    }
    if (name == "code") return is_code_token(value) ? value : std::string();
    if (name == "codeSystemName") return clean_terminology(value, scope_);
    if (name == "codeSystem") return is_oid(value) ? value : std::string();
    const bool declares = owner == "templateId" || owner == "typeId";
    if (name == "root") return declares && is_oid(value) ? value : std::string();
    if (name == "extension") return declares && is_code_token(value) ? value : std::string();
    if (name == "value") return quantity(node, value);
    return std::string();
  }

  /// Numbers stay; times are moved; of the rest only the values of BL stay.
  Result<std::string> quantity(pugi::xml_node node, const std::string& value) {
    const std::string_view type = node.attribute("xsi:type").value();
    const bool measured = node.attribute("unit") || type == "PQ" || type == "INT" || type == "REAL";
    if (measured && is_number(value)) return value;
    if (is_time(value) && value.find('.', 4) != 4) {
      std::string moved = scope_.replacer.replace(PhiClass::kDate, value);
      return moved.starts_with('[') ? std::string() : moved;
    }
    return value == "true" || value == "false" ? value : std::string();
  }

  const RecordScope& scope_;
};

}  // namespace

Result<std::string> clean_document(std::string_view xml, const RecordScope& scope) {
  RESIDENCY_TRY(const auto document, ingest::parse_cda(xml));
  for (pugi::xml_node node = document->first_child(); node;) {
    const pugi::xml_node next = node.next_sibling();
    // Comments and instructions to renderers.
    if (node.type() != pugi::node_element && node.type() != pugi::node_declaration)
      document->remove_child(node);
    node = next;
  }
  RESIDENCY_TRY_VOID(Walk(scope).element(document->document_element()));
  return ingest::to_xml(*document);
}

}  // namespace residency::deid
