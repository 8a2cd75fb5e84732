#include "base/json.h"

#include <fmt/format.h>

namespace residency {
namespace {

constexpr int kDepthMax = 256;

}  // namespace

Result<Json> parse_json(std::string_view text) {
  std::size_t error_at = 0;
  bool too_deep = false;
  // The SAX-less parser has no depth limit of its own: count brackets outside strings first.
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size() && !too_deep; ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      too_deep = ++depth > kDepthMax;
      error_at = i;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  if (too_deep) {
    return invalid_input(
        fmt::format("JSON is nested deeper than {} at byte {}", kDepthMax, error_at));
  }
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    return invalid_input(fmt::format("not valid JSON at byte {}", error.byte));
  } catch (const std::exception&) {
    return invalid_input("not valid JSON");
  }
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json& json_member(const Json& object, std::string_view key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string json_text(const Json& object, std::string_view key, std::string_view fallback) {
  const Json& member = json_member(object, key);
  return member.is_string() ? member.get_ref<const std::string&>() : std::string(fallback);
}

std::int64_t json_integer(const Json& object, std::string_view key, std::int64_t fallback) {
  const Json& member = json_member(object, key);
  return member.is_number_integer() ? member.get<std::int64_t>() : fallback;
}

double json_number(const Json& object, std::string_view key, double fallback) {
  const Json& member = json_member(object, key);
  return member.is_number() ? member.get<double>() : fallback;
}

bool json_flag(const Json& object, std::string_view key, bool fallback) {
  const Json& member = json_member(object, key);
  return member.is_boolean() ? member.get<bool>() : fallback;
}

}  // namespace residency
