// What stands beside a name or a street and identifies for that reason alone.
#pragma once

#include <string_view>
#include <vector>

#include "deid/detect/span.h"

namespace residency::deid {

/// Ages right behind a name or a birth date: "Kenji (70, retired", "Shandiin, 14, at", "Lotte is
/// 29.". `found` is in order.
std::vector<Span> find_beside(std::string_view text, const std::vector<Span>& found);

/// Months and days alone ("6/4 - called", "H. pylori pos 5/20.") of the months that `found` has
/// whole dates of, or of their neighbours: what scores ("5/5 strength", "2/6 murmur", "7/10") could
/// be is left to the patterns.
std::vector<Span> find_partial_dates(std::string_view text, const std::vector<Span>& found);

}  // namespace residency::deid
