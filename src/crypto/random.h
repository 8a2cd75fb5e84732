// Random bytes from the operating system's generator, through OpenSSL.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace residency::crypto {

Result<std::string> random_bytes(std::size_t count);

}  // namespace residency::crypto
