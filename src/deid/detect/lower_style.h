// Texts that are typed without capitals: their names are raised, so that the finder sees them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "deid/detect/tokens.h"

namespace residency::deid {

/// `tokens` with a capital on every word that may be a name, where the text as a whole is written
/// in lower case; nothing for any other text.
std::optional<std::vector<Token>> raised(std::string_view text, const std::vector<Token>& tokens);

}  // namespace residency::deid
