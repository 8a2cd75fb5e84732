#include "deid/structured/row_record.h"

#include <string>
#include <utility>
#include <vector>

#include "deid/detect/tokens.h"
#include "ingest/column_class.h"

namespace residency::deid {
namespace {

constexpr std::size_t kDepthMax = 64;

class Walk {
 public:
  Walk(const FieldRules& rules, const RecordScope& scope) : rules_(rules), scope_(scope) {}

  Result<Json> object(const Json& value) {
    if (path_.size() >= kDepthMax) return invalid_input("a row is nested too deeply");
    Json out = Json::object();
    for (const auto& [key, member] : value.items()) {
      path_.push_back(to_lower(key));
      RESIDENCY_TRY(Json clean, this->member(member));
      path_.pop_back();
      if (!clean.is_discarded()) out[key] = std::move(clean);
    }
    return out;
  }

 private:
  static Json left_out() { return Json(Json::value_t::discarded); }

  Result<Json> member(const Json& value) {
    const FieldRule* rule = rules_.find(path_);
    if (rule != nullptr) return by_rule(*rule, value);
    if (value.is_object()) return object(value);
    if (value.is_array()) return list(value);
    return leaf(value);
  }

  Result<Json> list(const Json& value) {
    if (path_.size() >= kDepthMax) return invalid_input("a row is nested too deeply");
    Json out = Json::array();
    for (const Json& item : value) {
      if (item.is_array()) path_.emplace_back();  // so that lists of lists have an end too
      RESIDENCY_TRY(Json clean, item.is_object()  ? object(item)
                                : item.is_array() ? list(item)
                                                  : leaf(item));
      if (item.is_array()) path_.pop_back();
      if (!clean.is_discarded()) out.push_back(std::move(clean));
    }
    return out;
  }

  /// What a rule says of an object or a list holds for all within.
  Result<Json> by_rule(const FieldRule& rule, const Json& value) {
    if (rule.method == FieldMethod::kKeep) return value;
    if (rule.method == FieldMethod::kDrop) return left_out();
    if (!value.is_structured()) {
      if (value.is_null()) return value;
      const std::string text = value.is_string() ? value.get<std::string>() : dump_json(value);
      if (rule.method == FieldMethod::kClass)
        return text.empty() ? value : Json(scope_.replacer.replace(rule.phi_class, text));
      return this->text(text);
    }
    Json out = value.is_object() ? Json::object() : Json::array();
    for (const auto& [key, member] : value.items()) {
      RESIDENCY_TRY(Json clean, by_rule(rule, member));
      if (value.is_object())
        out[key] = std::move(clean);
      else
        out.push_back(std::move(clean));
    }
    return out;
  }

  Result<Json> leaf(const Json& value) {
    if (value.is_null() || value.is_boolean()) return value;
    const std::string text = value.is_string() ? value.get<std::string>() : dump_json(value);
    if (text.empty()) return value;
    const std::string& name = path_.back();
    if (name == "patient_id" || name == "subject_id" || name == "patient")
      return Json(
          scope_.crosswalk.pseudonym(scope_.patient_key.empty() ? text : scope_.patient_key));
    if (name == "encounter_id" || name == "hadm_id" || name == "visit_id")
      return Json(scope_.crosswalk.encounter(text));
    if (const auto phi_class = ingest::column_class(name))
      return Json(scope_.replacer.replace(*phi_class, text));
    if (rules_.unmatched == FieldMethod::kDrop) return left_out();
    if (value.is_number() && is_plain_token(text)) return value;
    return this->text(text);
  }

  Result<Json> text(const std::string& text) {
    RESIDENCY_TRY(auto clean, clean_free_text(text, scope_));
    return Json(std::move(clean));
  }

  const FieldRules& rules_;
  const RecordScope& scope_;
  std::vector<std::string> path_;
};

}  // namespace

Result<Json> clean_row(const Json& row, const FieldRules& rules, const RecordScope& scope) {
  if (!row.is_object()) return invalid_input("a row is not a JSON object");
  return Walk(rules, scope).object(row);
}

}  // namespace residency::deid
