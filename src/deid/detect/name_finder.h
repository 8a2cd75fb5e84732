// NameFinder: names of people by titles, labels, credentials, relations and the census's lists.
#pragma once

#include <string_view>
#include <vector>

#include "deid/detect/dictionary.h"
#include "deid/detect/span.h"
#include "deid/detect/tokens.h"

namespace residency::deid {

std::vector<Span> find_names(std::string_view text, const std::vector<Token>& tokens,
                             const Dictionary& dictionary);

/// Initials that sign or stand for a person: a last line of two or three capitals, "B.W.".
std::vector<Span> find_initials(std::string_view text);

}  // namespace residency::deid
