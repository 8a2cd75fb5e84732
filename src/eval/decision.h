// Decisions with reasons: "deny\nReasons: C2 not met".
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace residency::eval {

/// The decision that `text` names first, then every one of `reasons` that stands in it as whole
/// words, sorted; ASCII case does not count. Nothing where no decision is named.
std::optional<std::vector<std::string>> read_decision(std::string_view text,
                                                      const std::vector<std::string>& decisions,
                                                      const std::set<std::string>& reasons);

}  // namespace residency::eval
