#include "dataset/example_groups.h"

#include <charconv>
#include <fmt/format.h>

namespace residency::dataset {

Result<std::map<std::string, std::string>> read_groups(const Json& line) {
  std::map<std::string, std::string> groups;
  const Json& object = json_member(line, "groups");
  if (object.is_null()) return groups;
  if (!object.is_object() || object.size() > kGroupsMax)
    return invalid_input(fmt::format("must be an object of at most {} texts: groups", kGroupsMax));
  for (const auto& [name, value] : object.items()) {
    if (!value.is_string() || name.empty() || name.size() > kGroupBytesMax ||
        value.get_ref<const std::string&>().size() > kGroupBytesMax)
      return invalid_input(
          fmt::format("must be short texts (at most {} bytes): groups", kGroupBytesMax));
    groups[name] = value.get<std::string>();
  }
  return groups;
}

std::string age_band(const std::string& age) {
  int years = 0;
  const char* const end = age.data() + age.size();
  const auto read = std::from_chars(age.data(), end, years);
  if (read.ec != std::errc() || read.ptr != end || years < 0) return age;
  if (years < 18) return "0-17";
  if (years < 45) return "18-44";
  if (years < 65) return "45-64";
  return years < 80 ? "65-79" : "80+";
}

}  // namespace residency::dataset
