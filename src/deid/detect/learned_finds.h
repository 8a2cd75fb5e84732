// What the learned tagger found, held against what is known to identify nobody.
#pragma once

#include <string_view>
#include <vector>

#include "deid/detect/span.h"
#include "deid/detect/tokens.h"

namespace residency::deid {

/// A value of a table or a message without a letter: patterns and the record judge it, not the
/// tagger, which would have to guess.
bool is_bare_value(std::string_view text);

/// Leaves out of the tagger's spans: years and spans of years alone, states and countries, codes of
/// procedures, bare values, names that are words of prose, signs and instruments alone, and words
/// that name staff or things more often than somebody's work, the last two where the tagger is not
/// sure. `tokens` are those of the text.
void drop_false_finds(std::string_view text, const std::vector<Token>& tokens,
                      std::vector<Span>& learned);

}  // namespace residency::deid
