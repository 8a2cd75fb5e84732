// JSON values: nlohmann's type, with parsing that returns a Result and never throws.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace residency {

using Json = nlohmann::json;

/// Parses one JSON text. The error names the byte offset, never the text. Depth is limited to 256.
Result<Json> parse_json(std::string_view text);

/// Compact, keys sorted, invalid UTF-8 replaced: the same value always gives the same bytes.
std::string dump_json(const Json& value);

/// Field access that never throws: the fallback where the field is missing or of another type.
std::string json_text(const Json& object, std::string_view key, std::string_view fallback = "");
std::int64_t json_integer(const Json& object, std::string_view key, std::int64_t fallback = 0);
double json_number(const Json& object, std::string_view key, double fallback = 0);
bool json_flag(const Json& object, std::string_view key, bool fallback = false);
/// The member, or a shared null.
const Json& json_member(const Json& object, std::string_view key);

}  // namespace residency
