// Base64 (RFC 4648, section 4).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace residency::serve {

std::string base64_text(std::string_view bytes);
/// kInvalidArgument for anything but whole groups of the alphabet with their padding.
Result<std::string> base64_bytes(std::string_view text);

}  // namespace residency::serve
