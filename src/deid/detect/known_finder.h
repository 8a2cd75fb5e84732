// KnownFinder: the values that are known to identify, in every form a note gives them.
#pragma once

#include <string_view>
#include <vector>

#include "deid/detect/dictionary.h"
#include "deid/detect/span.h"
#include "deid/detect/tokens.h"

namespace residency::deid {

/// Places where a value of `known` stands: names by their parts (any case, accents or not, one
/// letter wrong in six or more), ids and numbers whatever parts them, places by their words.
std::vector<Span> find_known(std::string_view text, const std::vector<Token>& tokens,
                             const KnownPhi& known, const Dictionary& dictionary);

/// Every other place of the parts of the names among `found`.
std::vector<Span> propagate_names(std::string_view text, const std::vector<Token>& tokens,
                                  const std::vector<Span>& found, const Dictionary& dictionary);

/// True where `a` becomes `b` by one letter put in, left out, changed or swapped with the next.
bool one_edit_apart(std::string_view a, std::string_view b);

bool is_name_class(PhiClass phi_class);

}  // namespace residency::deid
