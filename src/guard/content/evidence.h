// Evidence: whether a segment says anything that a category could be about.
#pragma once

#include <vector>

#include "guard/content/category.h"
#include "guard/content/concepts.h"

namespace residency::guard {

/// Scores of categories of which the segment names no telling concept are pushed down: the
/// classifier alone must then be nearly certain. "Thank you" is no insult, whatever its letters.
void require_evidence(const std::vector<ConceptHit>& hits, const Segment& segment,
                      CategoryScores& scores);

}  // namespace residency::guard
