// Places and work: cities, counties, hospitals, employers, by list and context.
#pragma once

#include <string_view>
#include <vector>

#include "deid/detect/dictionary.h"
#include "deid/detect/span.h"
#include "deid/detect/tokens.h"

namespace residency::deid {

std::vector<Span> find_places(std::string_view text, const std::vector<Token>& tokens,
                              const Dictionary& dictionary);
std::vector<Span> find_hospitals(std::string_view text, const std::vector<Token>& tokens,
                                 const Dictionary& dictionary);
std::vector<Span> find_work(std::string_view text, const std::vector<Token>& tokens);

}  // namespace residency::deid
