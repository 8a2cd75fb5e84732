#include "deid/structured/json_record.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "deid/detect/tokens.h"
#include "deid/structured/narrative_record.h"
#include "ingest/base64.h"
#include "ingest/fhir_note.h"

namespace residency::deid {
namespace {

using Set = std::unordered_set<std::string_view>;

constexpr std::size_t kAttachedBytesMax = 16u << 20;

/// Left out whole: free-form or pictures, or what no rule knows.
bool dropped(std::string_view key) {
  static const Set kKeys{"div",         "modifierExtension", "photo",         "data",      "url",
                         "hash",        "position",          "implicitRules", "signature", "meta",
                         "userSelected"};
  return kKeys.contains(key) || (!key.empty() && key[0] == '_');
}

/// Values from closed lists of FHIR or from terminologies.
bool kept(std::string_view key) {
  static const Set kKeys{"resourceType", "system",       "code",        "version",  "unit",
                         "gender",       "status",       "intent",      "use",      "currency",
                         "comparator",   "language",     "mode",        "priority", "contentType",
                         "type",         "relationship", "criticality", "severity", "kind",
                         "fhirVersion",  "rank",         "linkId",      "profile",  "start_unit"};
  return kKeys.contains(key);
}

bool is_fhir_date(std::string_view text) {
  if (text.size() < 4 || text.size() > 35 ||
      !std::all_of(text.begin(), text.begin() + 4, is_ascii_digit))
    return false;
  if (text[0] != '1' && text[0] != '2') return false;
  if (text.size() == 4) return false;  // a bare year identifies nobody; birthDate is handled by key
  if (text[4] != '-' || text.size() < 7 || !is_ascii_digit(text[5]) || !is_ascii_digit(text[6]))
    return false;
  return text.size() == 7 || (text.size() >= 10 && text[7] == '-' && is_ascii_digit(text[8]) &&
                              is_ascii_digit(text[9]));
}

/// Extensions whose values are codes, dates or plain text that the other rules know how to treat.
bool known_extension(std::string_view url) {
  static const Set kUrls{
      "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
      "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity",
      "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex",
      "http://hl7.org/fhir/us/core/StructureDefinition/us-core-sex",
      "http://hl7.org/fhir/us/core/StructureDefinition/us-core-genderIdentity",
      "http://hl7.org/fhir/us/core/StructureDefinition/us-core-medication-adherence",
      "http://hl7.org/fhir/StructureDefinition/patient-religion",
      "http://hl7.org/fhir/StructureDefinition/patient-importance",
      "http://hl7.org/fhir/StructureDefinition/individual-genderIdentity",
      "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
      "http://hl7.org/fhir/StructureDefinition/condition-assertedDate",
      "http://hl7.org/fhir/StructureDefinition/condition-dueTo",
      "http://hl7.org/fhir/StructureDefinition/allergyintolerance-certainty",
      "http://hl7.org/fhir/StructureDefinition/allergyintolerance-duration",
      "http://hl7.org/fhir/StructureDefinition/observation-bodyPosition",
      "http://hl7.org/fhir/StructureDefinition/bodySite",
      "http://hl7.org/fhir/StructureDefinition/procedure-method",
      "http://hl7.org/fhir/StructureDefinition/quantity-precision"};
  return kUrls.contains(url);
}

class Walk {
 public:
  explicit Walk(const RecordScope& scope) : scope_(scope) {}

  Result<Json> object(const Json& value, std::string_view owner) {
    Json out = Json::object();
    for (const auto& [key, member] : value.items()) {
      RESIDENCY_TRY(Json cleaned, this->member(key, member, value, owner));
      if (!cleaned.is_null()) out[key] = std::move(cleaned);
    }
    return out;
  }

  Result<Json> member(const std::string& key, const Json& value, const Json& parent,
                      std::string_view owner) {
    if (key == "text" && value.is_object() && value.contains("div")) return narrative(value);
    if (key == "extension") return extensions(value, owner == "extension");
    if (key == "contained") return contained(value);
    if (key == "data" && parent.contains("contentType")) return attached(value, parent);
    if (dropped(key)) return Json();
    return element(key, value, parent, owner);
  }

 private:
  Result<Json> element(const std::string& key, const Json& member, const Json& parent,
                       std::string_view owner) {
    if (member.is_array()) {
      Json list = Json::array();
      for (const Json& item : member) {
        RESIDENCY_TRY(Json cleaned, element(key, item, parent, owner));
        if (!cleaned.is_null()) list.push_back(std::move(cleaned));
      }
      return list;
    }
    if (member.is_object()) {
      if (key == "name") return human_name(member);
      if (key == "telecom") return telecom(member);
      if (key == "address") return address(member);
      if (key == "identifier") return identifier(member);
      return object(member, key);
    }
    if (!member.is_string()) return member;
    const std::string text = member.get<std::string>();
    if (key == "id")
      return owner.empty() ? Json(id(json_text(parent, "resourceType"), text)) : Json();
    if (key == "reference" || key == "fullUrl") return reference(text, owner);
    if (key == "birthDate" || key == "deceasedDateTime" || is_fhir_date(text))
      return date(key, text);
    if (owner.empty() && key == "name")
      return Json(scope_.replacer.replace(organisation(parent), text));
    if (key == "display") return display(text, parent);
    if (key == "text" && repeats_display(text, parent)) return terminology_text(text);
    if (is_device_id(key)) return Json(scope_.replacer.replace(PhiClass::kDevice, text));
    if (key == "value" && owner == "udiCarrier") return Json();
    if (kept(key) && is_code_token(text)) return Json(text);
    return free_text(text);
  }

  static PhiClass organisation(const Json& parent) {
    const std::string type = json_text(parent, "resourceType");
    return type == "Patient" ? PhiClass::kPatientName : PhiClass::kHospital;
  }

  static bool is_device_id(std::string_view key) {
    static const Set kKeys{"serialNumber", "lotNumber",   "distinctIdentifier", "deviceIdentifier",
                           "carrierHRF",   "carrierAIDC", "subscriberId",       "policyHolder"};
    return kKeys.contains(key);
  }

  Json id(std::string_view type, const std::string& text) {
    if (type == "Patient") return scope_.crosswalk.pseudonym(text);
    if (type == "Encounter") return scope_.crosswalk.encounter(text);
    return scope_.crosswalk.resource(text);
  }

  /// A urn names no type: the element that holds it does, for patients and encounters.
  Json reference(const std::string& text, std::string_view owner) {
    if (text.starts_with("#")) return "#" + scope_.crosswalk.resource(text.substr(1));
    const std::size_t slash = text.rfind('/');
    if (slash != std::string::npos && slash > 0) {
      const std::size_t before = text.rfind('/', slash - 1);
      const std::string type = text.substr(before == std::string::npos ? 0 : before + 1,
                                           slash - (before == std::string::npos ? 0 : before + 1));
      const bool word = !type.empty() && std::all_of(type.begin(), type.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      });
      if (word) return type + "/" + id(type, text.substr(slash + 1)).get<std::string>();
    }
    const std::string bare = text.starts_with("urn:uuid:") ? text.substr(9) : text;
    if (owner == "encounter" || owner == "context")
      return "Encounter/" + scope_.crosswalk.encounter(bare);
    if (bare == scope_.patient_key) return "Patient/" + scope_.crosswalk.pseudonym(bare);
    return "urn:residency:" + scope_.crosswalk.resource(bare);
  }

  /// True for a CodeableConcept's text that says what its code's display says.
  static bool repeats_display(const std::string& text, const Json& parent) {
    const Json& codings = json_member(parent, "coding");
    return codings.is_array() &&
           std::any_of(codings.begin(), codings.end(), [&](const Json& coding) {
             return coding.is_object() && coding.contains("code") &&
                    json_text(coding, "display") == text;
           });
  }

  Json date(std::string_view key, const std::string& text) {
    std::string out = scope_.replacer.replace(PhiClass::kDate, text);
    if (!out.empty() && out[0] == '[') return Json();
    static_cast<void>(key);
    return out;
  }

  /// Beside a code it is the terminology's; else it names a person or a place.
  Result<Json> display(const std::string& text, const Json& parent) {
    if (parent.contains("code") && parent.contains("system")) return terminology_text(text);
    return Json();
  }

  Result<Json> terminology_text(const std::string& text) {
    RESIDENCY_TRY(auto clean, clean_terminology(text, scope_));
    return Json(std::move(clean));
  }

  Result<Json> free_text(const std::string& text) {
    RESIDENCY_TRY(auto clean, clean_free_text(text, scope_));
    return Json(std::move(clean));
  }

  Result<Json> narrative(const Json& value) {
    RESIDENCY_TRY(auto div, clean_div(json_text(value, "div"), scope_));
    if (div.empty()) return Json();
    const std::string status = json_text(value, "status");
    return Json{{"status", is_code_token(status) ? status : "generated"}, {"div", std::move(div)}};
  }

  /// By allow-list: one that is not known is left out with all that it holds. The parts of a known
  /// one are named by plain words.
  Result<Json> extensions(const Json& value, bool inside) {
    Json list = Json::array();
    if (!value.is_array()) return Json();
    for (const Json& one : value) {
      const std::string url = json_text(one, "url");
      const bool known = known_extension(url) || (inside && is_plain_token(url));
      if (!one.is_object() || !known) continue;
      RESIDENCY_TRY(Json clean, object(one, "extension"));
      clean["url"] = url;
      list.push_back(std::move(clean));
    }
    return list.empty() ? Json() : list;
  }

  Result<Json> contained(const Json& value) {
    Json list = Json::array();
    if (!value.is_array()) return Json();
    for (const Json& one : value) {
      if (!one.is_object()) continue;
      RESIDENCY_TRY(Json clean, object(one, ""));
      const std::string id = json_text(one, "id");
      if (!id.empty()) clean["id"] = scope_.crosswalk.resource(id);
      list.push_back(std::move(clean));
    }
    return list;
  }

  /// Attached text is cleaned; a picture counts as one, and goes like all else that is no text.
  Result<Json> attached(const Json& value, const Json& parent) {
    const std::string type = json_text(parent, "contentType");
    if (type.starts_with("image/"))
      static_cast<void>(scope_.replacer.replace(PhiClass::kPhoto, type));
    if (!value.is_string() || !type.starts_with("text/plain")) return Json();
    const auto note =
        ingest::note_text(type, value.get_ref<const std::string&>(), kAttachedBytesMax);
    if (!note.text) return Json();
    RESIDENCY_TRY(const auto clean, clean_free_text(*note.text, scope_));
    return Json(ingest::encode_base64(clean));
  }

  Json words(const Json& value, PhiClass phi_class) {
    if (value.is_string()) return scope_.replacer.replace(phi_class, value.get<std::string>());
    Json list = Json::array();
    if (value.is_array()) {
      for (const Json& item : value) {
        if (item.is_string())
          list.push_back(scope_.replacer.replace(phi_class, item.get<std::string>()));
      }
    }
    return list;
  }

  Json human_name(const Json& value) {
    Json out = Json::object();
    for (const char* key : {"family", "given", "text"}) {
      if (value.contains(key)) out[key] = words(value.at(key), PhiClass::kPatientName);
    }
    if (value.contains("use")) out["use"] = json_text(value, "use");
    return out;
  }

  Json telecom(const Json& value) {
    const std::string system = json_text(value, "system");
    const PhiClass phi_class = system == "email" ? PhiClass::kEmail
                               : system == "fax" ? PhiClass::kFax
                               : system == "url" ? PhiClass::kUrl
                                                 : PhiClass::kPhone;
    Json out{{"system", system}};
    if (value.contains("value"))
      out["value"] = scope_.replacer.replace(phi_class, json_text(value, "value"));
    return out;
  }

  Json address(const Json& value) {
    Json out = Json::object();
    for (const auto& [key, phi_class] :
         {std::pair{"line", PhiClass::kStreet}, std::pair{"city", PhiClass::kCity},
          std::pair{"district", PhiClass::kCounty}, std::pair{"postalCode", PhiClass::kZip}}) {
      if (value.contains(key)) out[key] = words(value.at(key), phi_class);
    }
    for (const char* key : {"state", "country", "use", "type"}) {
      if (value.contains(key) && is_code_token(json_text(value, key)))
        out[key] = json_text(value, key);
    }
    return out;
  }

  Json identifier(const Json& value) {
    Json out = Json::object();
    if (value.contains("value"))
      out["value"] = scope_.replacer.replace(PhiClass::kMrn, json_text(value, "value"));
    const std::string system = json_text(value, "system");
    if (system.starts_with("http://hl7.org/") || system.starts_with("http://terminology.hl7.org/"))
      out["system"] = system;
    return out;
  }

  const RecordScope& scope_;
};

}  // namespace

Result<Json> clean_resource(const Json& resource, const RecordScope& scope) {
  if (!resource.is_object()) return invalid_input("a resource is not a JSON object");
  return Walk(scope).object(resource, "");
}

Result<Json> clean_element(const std::string& key, const Json& value, const Json& parent,
                           std::string_view owner, const RecordScope& scope) {
  return Walk(scope).member(key, value, parent, owner);
}

}  // namespace residency::deid
