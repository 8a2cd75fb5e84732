#include "deid/policy/microsoft_config.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "deid/structured/element_path.h"

namespace residency::deid {
namespace {

constexpr std::size_t kProblemsMax = 20;
constexpr std::size_t kCasesMax = 256;
constexpr std::size_t kKeyBytesMax = 4096;
constexpr int kRoundToMax = 28;
constexpr int kShiftDaysMax = 36500;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

class Reader {
 public:
  /// `ordered` is `root` with the members of its objects in the file's order.
  Result<ElementRules> read(const Json& root, const nlohmann::ordered_json& ordered) {
    if (!root.is_object()) return invalid_argument("the configuration is not a JSON object");
    // "processingError" is what the tool's own sample says, "processingErrors" what it reads.
    only(root, "",
         {"fhirVersion", "processingErrors", "processingError", "fhirPathRules", "parameters"});
    const Json& version = json_member(root, "fhirVersion");
    if (!version.is_null() && !(version.is_string() && (version == "R4" || version == "")))
      problem("fhirVersion", "must be R4 or empty");
    const Json& rules = json_member(root, "fhirPathRules");
    if (!rules.is_array() || rules.empty() || rules.size() > kElementRulesMax) {
      problem("fhirPathRules", fmt::format("must be a list of 1 to {} rules", kElementRulesMax));
    } else {
      for (std::size_t i = 0; i < rules.size(); ++i)
        rule(rules[i], ordered["fhirPathRules"][i], fmt::format("fhirPathRules[{}]", i));
    }
    parameters(json_member(root, "parameters"));
    if (problems_ == 0) return std::move(rules_);
    return invalid_argument(text_);
  }

 private:
  void problem(const std::string& where, std::string_view what) {
    if (++problems_ > kProblemsMax) return;
    text_ += fmt::format("{}{} {}", text_.empty() ? "" : "; ", where, what);
  }

  void only(const Json& object, const std::string& where, const std::set<std::string>& allowed) {
    std::size_t unknown = 0;
    for (const auto& [key, value] : object.items()) unknown += allowed.contains(key) ? 0u : 1u;
    if (unknown > 0)
      problem(where.empty() ? "the top level" : where,
              fmt::format("has keys that are not known: {}", unknown));
  }

  std::string text(const Json& object, const char* key, const std::string& where,
                   std::size_t bytes_max) {
    const Json& value = json_member(object, key);
    if (value.is_null()) return "";
    if (!value.is_string() || value.get_ref<const std::string&>().size() > bytes_max) {
      problem(where + "." + key, fmt::format("must be text of at most {} bytes", bytes_max));
      return "";
    }
    return value.get<std::string>();
  }

  bool flag(const Json& object, const char* key, const std::string& where) {
    const Json& value = json_member(object, key);
    if (!value.is_null() && !value.is_boolean())
      problem(where + "." + key, "must be true or false");
    return value.is_boolean() && value.get<bool>();
  }

  void rule(const Json& object, const nlohmann::ordered_json& ordered, const std::string& where) {
    if (!object.is_object()) return problem(where, "must be an object");
    ElementRule made;
    made.path = text(object, "path", where, kElementPathBytesMax);
    if (made.path.empty())
      problem(where + ".path", "is missing");
    else if (const auto path = ElementPath::parse(made.path); !path.ok())
      problem(where + ".path", path.error().message());
    if (std::any_of(made.path.begin(), made.path.end(), [](char c) { return c >= 0 && c < ' '; }))
      problem(where + ".path", "holds control characters");
    const std::string method = lower(text(object, "method", where, 32));
    std::set<std::string> allowed{"path", "method"};
    const std::size_t offered = static_cast<std::size_t>(ElementMethod::kPolicy);
    std::size_t at = 0;
    while (at < offered && lower(kElementMethodNames[at]) != method) ++at;
    if (at == offered)
      return problem(where + ".method",
                     "must be one of keep, redact, dateShift, cryptoHash, encrypt, substitute, "
                     "perturb, generalize");
    made.method = static_cast<ElementMethod>(at);
    if (made.method == ElementMethod::kSubstitute) substitute(object, where, allowed, made);
    if (made.method == ElementMethod::kPerturb) perturb(object, where, allowed, made);
    if (made.method == ElementMethod::kGeneralize)
      generalize(object, ordered, where, allowed, made);
    only(object, where, allowed);
    rules_.rules.push_back(std::move(made));
  }

  void substitute(const Json& object, const std::string& where, std::set<std::string>& allowed,
                  ElementRule& made) {
    allowed.insert("replaceWith");
    if (!object.contains("replaceWith")) return problem(where + ".replaceWith", "is missing");
    made.replace_with = dump_json(object.at("replaceWith"));
  }

  void perturb(const Json& object, const std::string& where, std::set<std::string>& allowed,
               ElementRule& made) {
    allowed.insert({"span", "rangeType", "roundTo"});
    const Json& span = json_member(object, "span");
    if (!span.is_number() || !(span.get<double>() >= 0) || span.get<double>() > 1e12)
      problem(where + ".span", "must be a number of at least 0");
    else
      made.span = span.get<double>();
    const std::string type = lower(text(object, "rangeType", where, 32));
    if (!type.empty() && type != "fixed" && type != "proportional")
      problem(where + ".rangeType", "must be fixed or proportional");
    made.proportional = type == "proportional";
    const Json& round = json_member(object, "roundTo");
    if (round.is_null()) return;
    if (!round.is_number_integer() || round.get<std::int64_t>() < 0 ||
        round.get<std::int64_t>() > kRoundToMax)
      return problem(where + ".roundTo", "must be a whole number from 0 to 28");
    made.round_to = round.get<int>();
  }

  void generalize(const Json& object, const nlohmann::ordered_json& ordered,
                  const std::string& where, std::set<std::string>& allowed, ElementRule& made) {
    allowed.insert({"cases", "otherValues"});
    const Json& cases = json_member(object, "cases");
    if (!cases.is_object() || cases.empty() || cases.size() > kCasesMax)
      return problem(where + ".cases",
                     fmt::format("must be an object of 1 to {} cases", kCasesMax));
    for (const auto& [condition, value] : ordered.at("cases").items()) {
      if (!value.is_string() || condition.size() > kElementPathBytesMax ||
          value.get_ref<const std::string&>().size() > kElementPathBytesMax) {
        problem(where + ".cases", "must map expressions to expressions, as text");
        continue;
      }
      made.cases.push_back({condition, value.get<std::string>()});
    }
    const std::string other = lower(text(object, "otherValues", where, 32));
    if (!other.empty() && other != "redact" && other != "keep")
      problem(where + ".otherValues", "must be redact or keep");
    made.keep_other_values = other == "keep";
  }

  void parameters(const Json& object) {
    if (object.is_null()) return;
    const std::string where = "parameters";
    if (!object.is_object()) return problem(where, "must be an object");
    only(object, where,
         {"dateShiftKey", "dateShiftScope", "dateShiftFixedOffsetInDays", "cryptoHashKey",
          "encryptKey", "enablePartialAgesForRedact", "enablePartialDatesForRedact",
          "enablePartialZipCodesForRedact", "restrictedZipCodeTabulationAreas"});
    rules_.date_shift_key = text(object, "dateShiftKey", where, kKeyBytesMax);
    rules_.crypto_hash_key = text(object, "cryptoHashKey", where, kKeyBytesMax);
    rules_.encrypt_key = text(object, "encryptKey", where, kKeyBytesMax);
    const std::size_t key = rules_.encrypt_key.size();
    if (key != 0 && key != 16 && key != 24 && key != 32)
      problem("parameters.encryptKey", "must have 128, 192 or 256 bits");
    scope(object, where);
    rules_.partial_ages = flag(object, "enablePartialAgesForRedact", where);
    rules_.partial_dates = flag(object, "enablePartialDatesForRedact", where);
    rules_.partial_zip_codes = flag(object, "enablePartialZipCodesForRedact", where);
    zip_codes(json_member(object, "restrictedZipCodeTabulationAreas"));
  }

  void scope(const Json& object, const std::string& where) {
    const std::string name = lower(text(object, "dateShiftScope", where, 32));
    if (!name.empty() && name != "resource" && name != "file" && name != "folder")
      problem("parameters.dateShiftScope", "must be resource, file or folder");
    // Without a key of its own nothing has to agree with another tool's output: then dates move
    // with the patient, which keeps intervals.
    if (!rules_.date_shift_key.empty()) {
      rules_.shift_scope = name == "file"     ? ElementShiftScope::kFile
                           : name == "folder" ? ElementShiftScope::kFolder
                                              : ElementShiftScope::kResource;
    }
    const Json& days = json_member(object, "dateShiftFixedOffsetInDays");
    if (days.is_null()) return;
    if (!days.is_number_integer() || days.get<std::int64_t>() < -kShiftDaysMax ||
        days.get<std::int64_t>() > kShiftDaysMax)
      return problem("parameters.dateShiftFixedOffsetInDays", "must be a number of days");
    rules_.shift_fixed_days = days.get<int>();
  }

  void zip_codes(const Json& list) {
    if (list.is_null()) return;
    const bool holds =
        list.is_array() && list.size() <= 1000 &&
        std::all_of(list.begin(), list.end(), [](const Json& item) {
          if (!item.is_string()) return false;
          const auto& text = item.get_ref<const std::string&>();
          return text.size() == 3 &&
                 std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
        });
    if (!holds)
      return problem("parameters.restrictedZipCodeTabulationAreas",
                     "must be a list of texts of three digits");
    for (const Json& item : list) rules_.small_zip3.push_back(item.get<std::string>());
  }

  ElementRules rules_;
  std::string text_;
  std::size_t problems_ = 0;
};

}  // namespace

Result<ElementRules> parse_microsoft_config(std::string_view json) {
  if (json.size() > kMicrosoftConfigBytesMax)
    return invalid_argument(fmt::format("the configuration is longer than {} bytes: {}",
                                        kMicrosoftConfigBytesMax, json.size()));
  if (json.starts_with("\xEF\xBB\xBF")) json.remove_prefix(3);
  auto root = parse_json(json);
  if (!root.ok()) return invalid_argument(root.error().message());
  const auto ordered = nlohmann::ordered_json::parse(json, nullptr, false);
  return Reader().read(*root, ordered);
}

}  // namespace residency::deid
