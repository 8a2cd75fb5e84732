// train_from_cases(): the shipped classifier from labelled cases, phrases and ordinary lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "guard/bench/guard_case.h"
#include "guard/content/content_trainer.h"

namespace residency::guard {

/// Clauses of data/clinical/conditions.txt (or any file of lines, parts parted by |) without its
/// marks: ordinary texts.
std::vector<LabelledText> ordinary_lines(std::string_view text);

/// The cases first, so that held_out[i] is about cases[i].
Result<ContentTraining> train_from_cases(const std::vector<GuardCase>& cases,
                                         const std::vector<LabelledText>& ordinary,
                                         const ContentTrainerOptions& options,
                                         int phrase_times = 4);

/// What category the case's policy is; none where it is another rail's.
std::optional<Category> category_of(const GuardCase& one);

}  // namespace residency::guard
