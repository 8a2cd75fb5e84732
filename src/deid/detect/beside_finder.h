// What stands beside a name or a street and identifies for that reason alone.
#pragma once

#include <string_view>
#include <vector>

#include "deid/detect/span.h"

namespace residency::deid {

/// Ages right behind a name: "Kenji (70, retired", "Shandiin, 14, at", "Lotte is 29.". `found` is
/// in order.
std::vector<Span> find_beside(std::string_view text, const std::vector<Span>& found);

}  // namespace residency::deid
