#include "serve/json_grammar.h"

#include <array>
#include <map>
#include <set>

namespace residency::serve {
namespace {

constexpr int kDepthMax = 32;
constexpr std::size_t kGrammarBytesMax = 60u << 10;
constexpr std::int64_t kRepeatMax = 1000;

/// What every grammar may use. White space is kept small: a model that likes it would never end.
constexpr std::string_view kCommon = R"(ws ::= [ \n]?
char ::= [^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F])
string ::= "\"" char* "\""
integer ::= "-"? ("0" | [1-9] [0-9]{0,17})
number ::= integer ("." [0-9]{1,17})? ([eE] [-+]? [0-9]{1,3})?
boolean ::= "true" | "false"
null ::= "null"
value ::= object | array | string | number | boolean | null
object ::= "{" ws (string ws ":" ws value ws ("," ws string ws ":" ws value ws)*)? "}"
array ::= "[" ws (value ws ("," ws value ws)*)? "]"
)";

/// Keywords that say nothing of what the answer may be.
const std::set<std::string, std::less<>>& silent_keywords() {
  static const std::set<std::string, std::less<>> names{
      "title",    "description", "default",    "examples", "$schema",   "$id",      "$defs",
      "$comment", "definitions", "deprecated", "readOnly", "writeOnly", "nullable", "strict"};
  return names;
}

/// GBNF's literal of a text.
std::string literal(std::string_view text) {
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      made += '\\';
      made += c;
    } else if (c == '\n') {
      made += "\\n";
    } else {
      made += c;
    }
  }
  return made + "\"";
}

class Builder {
 public:
  explicit Builder(const Json& schema) : root_(schema) {}

  Result<std::string> build(std::string_view before, std::string_view after) {
    RESIDENCY_TRY(const std::string top, rule_of(root_, "", 0));
    std::string text = "root ::= ";
    if (!before.empty()) text += literal(before) + " ";
    text += top;
    if (!after.empty()) text += " " + literal(after);
    text += "\n" + rules_ + std::string(kCommon);
    if (text.size() > kGrammarBytesMax) return invalid_argument("schema: is too large");
    return text;
  }

 private:
  static Error refuse(const std::string& place, const std::string& why) {
    return invalid_argument("schema" + place + ": " + why);
  }

  std::string add(const std::string& body) {
    const std::string name = "r" + std::to_string(count_++);
    rules_ += name + " ::= " + body + "\n";
    return name;
  }

  Result<void> only(const Json& schema, const std::string& place,
                    const std::set<std::string, std::less<>>& known) const {
    for (const auto& [key, value] : schema.items()) {
      if (!known.contains(key) && !silent_keywords().contains(key)) {
        return refuse(place, "the keyword is not supported: " + key.substr(0, 64));
      }
    }
    return {};
  }

  /// The name of a rule for the schema at `place`, or an expression in parentheses.
  Result<std::string> rule_of(const Json& schema, const std::string& place, int depth) {
    if (depth > kDepthMax) return refuse(place, "nests too deep");
    if (schema.is_null() && place.empty()) return std::string("object");
    if (schema.is_boolean() && schema.get<bool>()) return std::string("value");
    if (!schema.is_object()) return refuse(place, "must be an object");
    if (schema.contains("$ref")) return reference(schema, place, depth);
    if (schema.contains("const")) {
      RESIDENCY_TRY_VOID(only(schema, place, {"const", "type"}));
      return add(literal(dump_json(schema["const"])));
    }
    if (schema.contains("enum")) return one_of_values(schema, place);
    for (const char* key : {"anyOf", "oneOf"}) {
      if (!schema.contains(key)) continue;
      RESIDENCY_TRY_VOID(only(schema, place, {key}));
      return one_of_schemas(schema[key], place + "." + key, depth);
    }
    const Json& type = json_member(schema, "type");
    if (type.is_array()) {
      Json all = Json::array();
      for (const Json& one : type) {
        Json single = schema;
        single["type"] = one;
        all.push_back(std::move(single));
      }
      return one_of_schemas(all, place, depth);
    }
    return of_type(schema, type, place, depth);
  }

  Result<std::string> of_type(const Json& schema, const Json& type, const std::string& place,
                              int depth) {
    if (type.is_null() && schema.contains("properties")) return object(schema, place, depth);
    if (type.is_null()) {
      RESIDENCY_TRY_VOID(only(schema, place, {}));
      return std::string("value");
    }
    const std::string name = type.is_string() ? type.get<std::string>() : "";
    if (name == "object") return object(schema, place, depth);
    if (name == "array") return array(schema, place, depth);
    if (name == "string") return string(schema, place);
    for (const char* plain : {"number", "integer", "boolean", "null"}) {
      if (name != plain) continue;
      // A type list gives each of its types the keywords of all.
      RESIDENCY_TRY_VOID(only(schema, place,
                              {"type", "properties", "required", "additionalProperties", "items",
                               "minItems", "maxItems", "minLength", "maxLength"}));
      return name;
    }
    return refuse(place, "type is none of object, array, string, number, integer, boolean, null");
  }

  Result<std::string> reference(const Json& schema, const std::string& place, int depth) {
    RESIDENCY_TRY_VOID(only(schema, place, {"$ref"}));
    const std::string path = json_text(schema, "$ref");
    if (const auto known = references_.find(path); known != references_.end()) {
      return known->second;
    }
    if (!path.starts_with("#")) return refuse(place, "$ref must begin with #");
    const Json* target = &root_;
    std::string_view left = std::string_view(path).substr(1);
    while (!left.empty()) {
      left.remove_prefix(1);
      const std::string key(left.substr(0, left.find('/')));
      left.remove_prefix(key.size());
      target = &json_member(*target, key);
    }
    if (target->is_null()) return refuse(place, "$ref names nothing");
    // The name first: a schema may refer to itself.
    const std::string name = "ref" + std::to_string(references_.size());
    references_.emplace(path, name);
    RESIDENCY_TRY(const std::string rule, rule_of(*target, path.substr(1), depth + 1));
    if (rule == name) return refuse(place, "$ref refers to itself alone");
    rules_ += name + " ::= " + rule + "\n";
    return name;
  }

  Result<std::string> one_of_values(const Json& schema, const std::string& place) {
    RESIDENCY_TRY_VOID(only(schema, place, {"enum", "type"}));
    const Json& values = schema["enum"];
    if (!values.is_array() || values.empty()) return refuse(place, "enum must be a list");
    std::string body;
    for (const Json& value : values)
      body += (body.empty() ? "" : " | ") + literal(dump_json(value));
    return add(body);
  }

  Result<std::string> one_of_schemas(const Json& all, const std::string& place, int depth) {
    if (!all.is_array() || all.empty()) return refuse(place, "must be a list");
    std::string body;
    for (std::size_t i = 0; i < all.size(); ++i) {
      RESIDENCY_TRY(const std::string rule,
                    rule_of(all[i], place + "[" + std::to_string(i) + "]", depth + 1));
      body += (body.empty() ? "" : " | ") + rule;
    }
    return add(body);
  }

  Result<std::int64_t> count_of(const Json& schema, const char* key, std::int64_t missing,
                                const std::string& place) const {
    if (!schema.contains(key)) return missing;
    const Json& value = schema[key];
    if (!value.is_number_integer() || value < 0 || value > kRepeatMax) {
      return refuse(place + "." + key, "must be from 0 to 1000");
    }
    return value.get<std::int64_t>();
  }

  static std::string repeated(const std::string& rule, std::int64_t least, std::int64_t most) {
    if (least == 0 && most < 0) return rule + "*";
    return rule + "{" + std::to_string(least) + "," + (most < 0 ? "" : std::to_string(most)) + "}";
  }

  Result<std::string> string(const Json& schema, const std::string& place) {
    RESIDENCY_TRY_VOID(only(schema, place,
                            {"type", "minLength", "maxLength", "properties", "required",
                             "additionalProperties", "items", "minItems", "maxItems"}));
    RESIDENCY_TRY(const auto least, count_of(schema, "minLength", 0, place));
    RESIDENCY_TRY(const auto most, count_of(schema, "maxLength", -1, place));
    if (least == 0 && most < 0) return std::string("string");
    if (most >= 0 && most < least) return refuse(place, "maxLength is below minLength");
    return add("\"\\\"\" " + repeated("char", least, most) + " \"\\\"\"");
  }

  Result<std::string> array(const Json& schema, const std::string& place, int depth) {
    RESIDENCY_TRY_VOID(only(schema, place,
                            {"type", "items", "minItems", "maxItems", "properties", "required",
                             "additionalProperties", "minLength", "maxLength"}));
    const std::string where = place + ".items";
    RESIDENCY_TRY(const std::string item, schema.contains("items")
                                              ? rule_of(schema["items"], where, depth + 1)
                                              : Result<std::string>("value"));
    RESIDENCY_TRY(const auto least, count_of(schema, "minItems", 0, place));
    RESIDENCY_TRY(const auto most, count_of(schema, "maxItems", -1, place));
    if (most >= 0 && most < least) return refuse(place, "maxItems is below minItems");
    if (most == 0) return add("\"[\" ws \"]\"");
    const std::string more = add("\",\" ws " + item + " ws");
    const std::string some =
        item + " ws " + repeated(more, least > 0 ? least - 1 : 0, most < 0 ? -1 : most - 1);
    return add("\"[\" ws " + (least > 0 ? some : "(" + some + ")?") + " \"]\"");
  }

  Result<std::string> object(const Json& schema, const std::string& place, int depth) {
    RESIDENCY_TRY_VOID(only(schema, place,
                            {"type", "properties", "required", "additionalProperties", "items",
                             "minItems", "maxItems", "minLength", "maxLength"}));
    const Json& extra = json_member(schema, "additionalProperties");
    const Json& properties = json_member(schema, "properties");
    if (properties.is_null() && !schema.contains("required")) {
      if (extra.is_boolean() && !extra.get<bool>()) return add("\"{\" ws \"}\"");
      if (!extra.is_object()) return std::string("object");
      RESIDENCY_TRY(const std::string value,
                    rule_of(extra, place + ".additionalProperties", depth + 1));
      const std::string pair = add("string ws \":\" ws " + value + " ws");
      return add("\"{\" ws (" + pair + " (\",\" ws " + pair + ")*)? \"}\"");
    }
    // Others beside the named ones are allowed by default; an answer without them is valid too.
    if (!properties.is_object()) return refuse(place + ".properties", "must be an object");
    std::set<std::string> required;
    for (const Json& name : json_member(schema, "required")) {
      if (!name.is_string() || !properties.contains(name.get<std::string>())) {
        return refuse(place + ".required", "names a property that is not described");
      }
      required.insert(name.get<std::string>());
    }
    // From the last to the first: what may follow when there was a member before, or was none.
    std::string after_some = "\"}\"";
    std::string after_none = "\"}\"";
    for (auto entry = properties.end(); entry != properties.begin();) {
      --entry;
      RESIDENCY_TRY(const std::string value,
                    rule_of(*entry, place + ".properties." + entry.key(), depth + 1));
      const std::string pair =
          literal(dump_json(Json(entry.key()))) + " ws \":\" ws " + value + " ws ";
      const std::string with_comma = "\",\" ws " + pair + after_some;
      const std::string without = pair + after_some;
      const bool must = required.contains(entry.key());
      const std::string some = add(must ? with_comma : with_comma + " | " + after_some);
      after_none = add(must ? without : without + " | " + after_none);
      after_some = some;
    }
    return add("\"{\" ws " + after_none);
  }

  const Json& root_;
  std::string rules_;
  std::size_t count_ = 0;
  std::map<std::string, std::string> references_;
};

}  // namespace

Result<std::string> json_grammar_between(const Json& schema, std::string_view before,
                                         std::string_view after) {
  return Builder(schema).build(before, after);
}

Result<std::string> json_grammar(const Json& schema) {
  return json_grammar_between(schema, "", "");
}

}  // namespace residency::serve
