// Whether bytes are UTF-8.
#pragma once

#include <string_view>

namespace residency::deid {

/// False for overlong forms, surrogates and code points past U+10FFFF.
bool is_valid_utf8(std::string_view text);

}  // namespace residency::deid
