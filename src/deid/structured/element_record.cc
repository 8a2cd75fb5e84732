#include "deid/structured/element_record.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <unordered_map>
#include <unordered_set>

#include "crypto/sha256.h"
#include "deid/structured/element_case.h"
#include "deid/structured/element_path.h"
#include "deid/transform/date_change.h"
#include "deid/transform/zip3.h"

namespace residency::deid {
namespace {

constexpr int kYearWhereNoneIsNamed = 2020;
constexpr std::int64_t kAgeKeptMax = 89;

struct Case {
  ElementCondition condition;
  std::optional<Json> value;
};

struct CompiledRule {
  ElementPath path;
  const ElementRule* rule = nullptr;
  Json replacement;         // kSubstitute
  std::vector<Case> cases;  // kGeneralize
};

bool is_date_text(std::string_view text) {
  return text.size() >= 4 && (text[0] == '1' || text[0] == '2') &&
         std::all_of(text.begin(), text.begin() + 4, [](char c) { return c >= '0' && c <= '9'; }) &&
         (text.size() == 4 || text[4] == '-');
}

/// A reference with its id hashed and its form kept.
std::string hashed_reference(std::string_view key, const std::string& text) {
  const std::size_t slash = text.rfind('/');
  if (slash != std::string::npos)
    return text.substr(0, slash + 1) + element_hash(key, text.substr(slash + 1));
  for (const std::string_view head : {"urn:uuid:", "urn:oid:", "#"}) {
    if (text.starts_with(head))
      return std::string(head) + element_hash(key, text.substr(head.size()));
  }
  return element_hash(key, text);
}

}  // namespace

struct CompiledRules::State {
  ElementRules rules;
  std::vector<CompiledRule> compiled;
};

namespace {

/// One resource on its way through the rules.
class Pass {
 public:
  Pass(const ElementRules& rules, const std::vector<CompiledRule>& compiled,
       const RecordScope& scope, const PatientCode& patient)
      : rules_(rules), compiled_(compiled), scope_(scope), patient_(patient) {}

  Result<Json> run(const Json& resource) {
    for (const CompiledRule& rule : compiled_) {
      std::vector<const Json*> found;
      rule.path.select(resource, found);
      for (const Json* node : found) own_.try_emplace(node, &rule);
    }
    mark(resource);
    resource_id_ = json_text(resource, "id");
    RESIDENCY_TRY(Json clean, object(resource, "", resource, nullptr));
    return clean;
  }

 private:
  /// True where a rule selects something in `value`, itself left out.
  bool mark(const Json& value) {
    bool any = false;
    if (value.is_structured()) {
      for (const Json& member : value) {
        const bool inside = mark(member);
        any = any || inside || own_.contains(&member);
      }
    }
    if (any) inside_.insert(&value);
    return any;
  }

  const CompiledRule* rule_of(const Json& value, const CompiledRule* inherited) const {
    const auto found = own_.find(&value);
    return found == own_.end() ? inherited : found->second;
  }

  Result<Json> visit(const std::string& key, const Json& value, const Json& parent,
                     std::string_view owner, const CompiledRule* inherited) {
    const CompiledRule* rule = rule_of(value, inherited);
    if (value.is_array()) {
      Json list = Json::array();
      for (const Json& item : value) {
        RESIDENCY_TRY(Json clean, visit(key, item, parent, owner, rule));
        if (!clean.is_null()) list.push_back(std::move(clean));
      }
      return list.empty() ? Json() : list;
    }
    if (rule == nullptr && !inside_.contains(&value)) return unmatched(key, value, parent, owner);
    if (value.is_object()) return object(value, key, parent, rule);
    return leaf(key, value, parent, owner, rule);
  }

  /// What no rule names.
  Result<Json> unmatched(const std::string& key, const Json& value, const Json& parent,
                         std::string_view owner) {
    if (key == "resourceType") return value;
    if (rules_.unmatched == ElementMethod::kKeep) return value;
    if (rules_.unmatched == ElementMethod::kRedact) return Json();
    return clean_element(key, value, parent, owner, scope_);
  }

  Result<Json> object(const Json& value, const std::string& key, const Json& parent,
                      const CompiledRule* rule) {
    if (rule != nullptr && rule->rule->method == ElementMethod::kSubstitute &&
        own_.contains(&value))
      return rule->replacement;
    Json out = Json::object();
    Json plain;  // the object by our own rules: for the members that no rule names
    if (rule == nullptr) {
      RESIDENCY_TRY(
          plain, key.empty() ? clean_resource(value, scope_) : unmatched(key, value, parent, key));
    }
    for (const auto& [name, member] : value.items()) {
      const bool named = rule != nullptr || own_.contains(&member) || inside_.contains(&member);
      if (name == "resourceType" || (!named && rules_.unmatched == ElementMethod::kKeep)) {
        out[name] = member;
      } else if (named) {
        RESIDENCY_TRY(Json clean, visit(name, member, value, key, rule));
        if (!clean.is_null()) out[name] = std::move(clean);
      } else if (plain.is_object() && plain.contains(name)) {
        out[name] = plain[name];
      }
    }
    return out.empty() ? Json() : out;
  }

  Result<Json> leaf(const std::string& key, const Json& value, const Json& parent,
                    std::string_view owner, const CompiledRule* rule) {
    if (rule == nullptr) return unmatched(key, value, parent, owner);
    const ElementRule& what = *rule->rule;
    switch (what.method) {
      case ElementMethod::kKeep:
        return value;
      case ElementMethod::kRedact:
        return Json(redacted(key, value));
      case ElementMethod::kDateShift:
        return Json(shifted(value));
      case ElementMethod::kCryptoHash:
        return Json(hashed(key, value));
      case ElementMethod::kEncrypt: {
        if (!value.is_string()) return Json();
        RESIDENCY_TRY(auto sealed,
                      element_encrypt(rules_.encrypt_key, value.get_ref<const std::string&>()));
        return Json(std::move(sealed));
      }
      case ElementMethod::kSubstitute:
        return own_.contains(&value) ? rule->replacement : Json();
      case ElementMethod::kPerturb:
        return Json(perturbed(what, key, value));
      case ElementMethod::kGeneralize:
        return Json(generalized(*rule, value));
      case ElementMethod::kPolicy:
        if (!value.is_string()) return Json();
        return Json(scope_.replacer.replace(what.phi_class, value.get_ref<const std::string&>()));
      case ElementMethod::kFreeText:
        return clean_element(key, value, parent, owner, scope_);
    }
    return Json();
  }

  /// Redact leaves the year, an age to 89 and three digits of a ZIP code where the flags say so.
  Json redacted(const std::string& key, const Json& value) const {
    if (value.is_number() && rules_.partial_ages && key == "value" &&
        value.get<double>() <= static_cast<double>(kAgeKeptMax))
      return value;
    if (!value.is_string()) return Json();
    const auto& text = value.get_ref<const std::string&>();
    if (rules_.partial_dates && is_date_text(text)) return text.substr(0, 4);
    if (rules_.partial_zip_codes && key == "postalCode" && text.size() >= 3) {
      const std::string zip3 = text.substr(0, 3);
      const bool small = std::find(rules_.small_zip3.begin(), rules_.small_zip3.end(), zip3) !=
                         rules_.small_zip3.end();
      return small ? std::string("000") : zip3;
    }
    return Json();
  }

  Json shifted(const Json& value) const {
    if (!value.is_string() || !is_date_text(value.get_ref<const std::string&>())) return Json();
    const int days = rules_.shift_fixed_days ? *rules_.shift_fixed_days
                     : rules_.shift_scope == ElementShiftScope::kResource
                         ? element_shift_days(rules_.date_shift_key, resource_id_)
                         : patient_.offset_days();
    const auto moved = shift_date(value.get_ref<const std::string&>(), days, kYearWhereNoneIsNamed);
    return moved ? Json(*moved) : Json();
  }

  Json hashed(const std::string& key, const Json& value) const {
    if (value.is_number() || value.is_boolean()) return Json();
    if (!value.is_string()) return Json();
    const auto& text = value.get_ref<const std::string&>();
    return key == "reference" || key == "fullUrl" ? hashed_reference(rules_.crypto_hash_key, text)
                                                  : element_hash(rules_.crypto_hash_key, text);
  }

  /// The value within half of the span, evenly, by a number drawn from patient, place and value.
  Json perturbed(const ElementRule& what, const std::string& key, const Json& value) const {
    if (!value.is_number()) return value.is_string() ? Json() : value;
    const double number = value.get<double>();
    const std::string drawn = crypto::hmac_sha256(
        patient_.encrypt_key(), fmt::format("perturb {} {} {}", patient_.pseudonym(), key, number));
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 7; ++i) bits = (bits << 8) | static_cast<unsigned char>(drawn[i]);
    const double share = static_cast<double>(bits >> 3) / static_cast<double>(1ull << 53) - 0.5;
    const double width = what.proportional ? std::fabs(number) * what.span : what.span;
    const double scale = std::pow(10.0, what.round_to);
    const double moved = std::round((number + share * width) * scale) / scale;
    if (what.round_to == 0) return Json(static_cast<std::int64_t>(moved));
    return Json(moved);
  }

  static Json generalized(const CompiledRule& rule, const Json& value) {
    for (const Case& one : rule.cases) {
      if (one.condition.holds(value)) return one.value ? *one.value : value;
    }
    return rule.rule->keep_other_values ? value : Json();
  }

  const ElementRules& rules_;
  const std::vector<CompiledRule>& compiled_;
  const RecordScope& scope_;
  const PatientCode& patient_;
  std::unordered_map<const Json*, const CompiledRule*> own_;
  std::unordered_set<const Json*> inside_;
  std::string resource_id_;
};

Result<CompiledRule> compile_rule(const ElementRule& rule) {
  RESIDENCY_TRY(auto path, ElementPath::parse(rule.path));
  CompiledRule made{std::move(path), &rule, {}, {}};
  if (rule.method == ElementMethod::kSubstitute) {
    RESIDENCY_TRY(made.replacement, parse_json(rule.replace_with));
  }
  for (const GeneralizeCase& one : rule.cases) {
    RESIDENCY_TRY(auto condition, ElementCondition::parse(one.condition));
    RESIDENCY_TRY(auto value, parse_case_value(one.expression));
    made.cases.push_back({std::move(condition), std::move(value)});
  }
  return made;
}

}  // namespace

CompiledRules::CompiledRules(std::unique_ptr<State> state) : state_(std::move(state)) {}
CompiledRules::~CompiledRules() = default;
CompiledRules::CompiledRules(CompiledRules&&) noexcept = default;
CompiledRules& CompiledRules::operator=(CompiledRules&&) noexcept = default;

Result<CompiledRules> CompiledRules::compile(const ElementRules& rules) {
  auto state = std::make_unique<State>();
  state->rules = rules;
  for (std::size_t i = 0; i < state->rules.rules.size(); ++i) {
    auto one = compile_rule(state->rules.rules[i]);
    if (!one.ok())
      return invalid_argument(fmt::format("fhirPathRules[{}]: {}", i, one.error().message()));
    const ElementMethod method = state->rules.rules[i].method;
    if (method == ElementMethod::kCryptoHash && rules.crypto_hash_key.empty())
      return invalid_argument(fmt::format("fhirPathRules[{}]: cryptoHash needs cryptoHashKey", i));
    if (method == ElementMethod::kEncrypt && rules.encrypt_key.empty())
      return invalid_argument(fmt::format("fhirPathRules[{}]: encrypt needs encryptKey", i));
    state->compiled.push_back(*std::move(one));
  }
  if (rules.shift_scope == ElementShiftScope::kFile ||
      rules.shift_scope == ElementShiftScope::kFolder)
    return invalid_argument(
        "dateShiftScope: only resource is known here; without dateShiftKey dates move with the "
        "patient, which keeps intervals");
  return CompiledRules(std::move(state));
}

Result<Json> CompiledRules::apply(const Json& resource, const RecordScope& scope,
                                  const PatientCode& patient) const {
  if (!resource.is_object()) return invalid_input("a resource is not a JSON object");
  RESIDENCY_TRY(Json clean, Pass(state_->rules, state_->compiled, scope, patient).run(resource));
  return clean.is_null() ? Json::object() : clean;
}

}  // namespace residency::deid
