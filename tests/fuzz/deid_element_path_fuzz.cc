// Paths and conditions of rules, as any configuration file may hold them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "deid/structured/element_case.h"
#include "deid/structured/element_path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency;
  using namespace residency::deid;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const Json resource = Json::parse(
      R"({"resourceType":"Patient","id":"1","name":[{"family":"A","given":["B"]}],"contained":[{"id":"2"}]})");
  if (const auto path = ElementPath::parse(text); path.ok()) {
    std::vector<const Json*> found;
    path->select(resource, found);
  }
  if (const auto condition = ElementCondition::parse(text); condition.ok())
    condition->holds(Json(3));
  return parse_case_value(text).ok() ? 1 : 0;
}
