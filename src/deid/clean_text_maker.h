// The one maker of CleanText. Included inside deid only.
#pragma once

#include <string>
#include <utility>

#include "deid/clean_text.h"

namespace residency::deid {

class CleanTextMaker {
 public:
  static CleanText make(std::string text) { return CleanText(std::move(text)); }
};

}  // namespace residency::deid
