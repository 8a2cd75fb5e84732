// PhraseMaker: labelled texts drawn from templates (data/guard/phrases.txt).
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "guard/content/content_trainer.h"

namespace residency::guard {

/// The embedded templates' texts; the same for the same seed.
Result<std::vector<LabelledText>> make_phrases(std::uint64_t seed, int times = 1);

/// "$slot: a | b", "CATEGORY COUNT: template | template", "allow COUNT: ..." and comments.
Result<std::vector<LabelledText>> make_phrases_of(std::string_view text, std::string_view file,
                                                  std::uint64_t seed, int times);

}  // namespace residency::guard
