#include "deid/structured/json_record.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

using Set = std::unordered_set<std::string_view>;

constexpr double kDisplayScoreMin = 0.9;
constexpr std::size_t kHarmlessMax = 20'000;

/// Left out whole: free-form or pictures, or what no rule knows.
bool dropped(std::string_view key) {
  static const Set kKeys{
      "div",  "extension", "modifierExtension", "contained", "photo", "data",        "url",
      "hash", "position",  "implicitRules",     "signature", "meta",  "userSelected"};
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

/// A short token of ASCII without spaces, as codes are.
bool is_code(std::string_view text) {
  return text.size() <= 256 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

class Walk {
 public:
  explicit Walk(const JsonScope& scope) : scope_(scope) {}

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
    if (dropped(key) || (key == "text" && value.is_object() && value.contains("div")))
      return Json();
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
    if (kept(key) && is_code(text)) return Json(text);
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
    if (text.starts_with("#")) return Json();
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

  /// A code's display: the patterns alone, as most such words are no name wherever they stand. The
  /// same few thousand texts come again and again.
  Result<Json> terminology_text(const std::string& text) {
    if (scope_.harmless.contains(text)) return Json(text);
    RESIDENCY_TRY(auto spans, scope_.detector.detect(text, nullptr));
    std::erase_if(spans, [](const Span& span) {
      return span.score < kDisplayScoreMin || span.reason != Reason::kPattern;
    });
    if (!spans.empty()) return Json(scope_.replacer.apply(text, spans));
    if (scope_.harmless.size() < kHarmlessMax) scope_.harmless.insert(text);
    return Json(text);
  }

  Result<Json> free_text(const std::string& text) {
    RESIDENCY_TRY(const auto spans, scope_.detector.detect(text, scope_.known));
    return Json(scope_.replacer.apply(text, spans));
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
      if (value.contains(key) && is_code(json_text(value, key))) out[key] = json_text(value, key);
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

  const JsonScope& scope_;
};

/// The class of a column by its name; nothing for one whose text the detector reads.
std::optional<PhiClass> column_class(std::string_view name) {
  static const std::unordered_map<std::string_view, PhiClass> kColumns{
      {"mrn", PhiClass::kMrn},
      {"medical_record_number", PhiClass::kMrn},
      {"family_name", PhiClass::kPatientName},
      {"last_name", PhiClass::kPatientName},
      {"given_name", PhiClass::kPatientName},
      {"first_name", PhiClass::kPatientName},
      {"middle_name", PhiClass::kPatientName},
      {"preferred_name", PhiClass::kPatientName},
      {"name", PhiClass::kPatientName},
      {"patient_name", PhiClass::kPatientName},
      {"contact_name", PhiClass::kRelativeName},
      {"birth_date", PhiClass::kDate},
      {"dob", PhiClass::kDate},
      {"date", PhiClass::kDate},
      {"ssn", PhiClass::kSsn},
      {"home_phone", PhiClass::kPhone},
      {"mobile_phone", PhiClass::kPhone},
      {"work_phone", PhiClass::kPhone},
      {"phone", PhiClass::kPhone},
      {"contact_phone", PhiClass::kPhone},
      {"fax", PhiClass::kFax},
      {"email", PhiClass::kEmail},
      {"street", PhiClass::kStreet},
      {"address", PhiClass::kStreet},
      {"unit", PhiClass::kStreet},
      {"city", PhiClass::kCity},
      {"county", PhiClass::kCounty},
      {"zip", PhiClass::kZip},
      {"zip_code", PhiClass::kZip},
      {"postal_code", PhiClass::kZip},
      {"member_id", PhiClass::kHealthPlanId},
      {"group_number", PhiClass::kHealthPlanId},
      {"employer", PhiClass::kEmployer},
      {"occupation", PhiClass::kProfession},
      {"driver_license", PhiClass::kLicense},
      {"license_plate", PhiClass::kVehicle},
      {"vin", PhiClass::kVehicle},
      {"npi", PhiClass::kLicense},
      {"account", PhiClass::kAccount},
      {"provider", PhiClass::kClinicianName},
      {"physician", PhiClass::kClinicianName},
      {"note_id", PhiClass::kOtherId},
      {"row_id", PhiClass::kOtherId},
      {"id", PhiClass::kOtherId}};
  const auto found = kColumns.find(name);
  if (found == kColumns.end()) return std::nullopt;
  return found->second;
}

}  // namespace

Result<Json> clean_resource(const Json& resource, const JsonScope& scope) {
  if (!resource.is_object()) return invalid_input("a resource is not a JSON object");
  return Walk(scope).object(resource, "");
}

Result<Json> clean_element(const std::string& key, const Json& value, const Json& parent,
                           std::string_view owner, const JsonScope& scope) {
  return Walk(scope).member(key, value, parent, owner);
}

Result<Json> clean_row(const Json& row, const JsonScope& scope) {
  if (!row.is_object()) return invalid_input("a row is not a JSON object");
  Json out = Json::object();
  for (const auto& [key, value] : row.items()) {
    if (!value.is_string()) {
      if (!value.is_structured()) out[key] = value;
      continue;
    }
    const std::string name = to_lower(key);
    const std::string text = value.get<std::string>();
    if (text.empty()) {
      out[key] = text;
    } else if (name == "patient_id" || name == "subject_id" || name == "patient") {
      out[key] = scope.crosswalk.pseudonym(text);
    } else if (name == "encounter_id" || name == "hadm_id" || name == "visit_id") {
      out[key] = scope.crosswalk.encounter(text);
    } else if (const auto phi_class = column_class(name)) {
      out[key] = scope.replacer.replace(*phi_class, text);
    } else {
      RESIDENCY_TRY(const auto spans, scope.detector.detect(text, scope.known));
      out[key] = scope.replacer.apply(text, spans);
    }
  }
  return out;
}

}  // namespace residency::deid
