// Whom an example is about, for results by subgroup: {"sex":"female","age":"65-79"}.
#pragma once

#include <map>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace residency::dataset {

inline constexpr std::size_t kGroupsMax = 16;
inline constexpr std::size_t kGroupBytesMax = 64;

/// The field "groups" of a line; none where it is missing. kInvalidInput names the field.
Result<std::map<std::string, std::string>> read_groups(const Json& line);

/// "67" -> "65-79", "3" -> "0-17": the age bands of the equity report (0-17, 18-44, 45-64, 65-79,
/// 80+). What is no whole number is given back as it is.
std::string age_band(const std::string& age);

}  // namespace residency::dataset
