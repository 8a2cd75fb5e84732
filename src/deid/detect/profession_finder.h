// Professions of patients and relatives: a word of the list with what leads to it.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "deid/detect/span.h"
#include "deid/detect/tokens.h"

namespace residency::deid {

/// Every word that is a profession, in no order that may be relied on.
void each_profession(const std::function<void(std::string_view)>& take);

/// A lower-case word that names staff or a thing more often than somebody's work: "nurse", "pilot".
bool is_staff_word(std::string_view word);

/// "works as a line cook", "retired structural engineer", "Occupation: actuary", "Truck driver."
/// The staff that a note mentions ("seen by a social worker") is none.
std::vector<Span> find_professions(std::string_view text, const std::vector<Token>& tokens);

}  // namespace residency::deid
