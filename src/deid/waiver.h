// Waiver: a named person's word that a text is public and holds no patient. The only way besides
// the pipeline of deid that text becomes CleanText.
#pragma once

#include <string>

#include "base/result.h"
#include "deid/clean_text.h"

namespace residency::deid {

/// Who says so, and why. Both are recorded with whatever is made of the text.
struct Waiver {
  std::string person;
  std::string reason;
};

/// `text` as it is. kInvalidArgument where the waiver names no person or no reason.
Result<CleanText> waive(std::string text, const Waiver& waiver);

}  // namespace residency::deid
