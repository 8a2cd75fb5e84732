// Training data against test items: does the model know the answers already?
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/line_io.h"
#include "base/result.h"
#include "dataset/example.h"
#include "eval/score_facts.h"

namespace residency::eval {

/// Near duplicates have at least this Jaccard similarity of their runs of kShingleWords words.
inline constexpr double kNearDuplicate = 0.8;
inline constexpr std::size_t kShingleWords = 3;

/// Compares every line of `training` (dataset::Example) with the test items by what the model is
/// shown of them: 13-grams, as dataset/contamination.h has them, and near duplicates, found by
/// MinHash (Broder 1997; 16 bands of 4) and then measured. `touched[i]` is set where item i has
/// four fifths of its 13-grams in the training data or a near duplicate there. Fills all but the
/// clean_ fields. Errors name the line.
Result<TrainingOverlap> check_overlap(LineSource& training,
                                      const std::vector<dataset::Example>& items,
                                      std::vector<bool>& touched);

}  // namespace residency::eval
