// Base64 (RFC 4648, section 4, padded).
#pragma once

#include <string>
#include <string_view>

namespace residency::synth {

std::string base64_encode(std::string_view bytes);

}  // namespace residency::synth
