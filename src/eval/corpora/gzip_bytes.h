// A gzip-compressed corpus file, as it unfolds.
#pragma once

#include <memory>

#include "eval/corpora/byte_source.h"

namespace residency::eval::corpora {

/// The bytes inside of `packed`. More than kUnpackedBytesMax of them are kResourceExhausted; what
/// is no gzip, is damaged or ends early is kInvalidInput, with `name`.
inline constexpr std::uint64_t kUnpackedBytesMax = 16ull << 30;
std::unique_ptr<ByteSource> gzip_bytes(std::unique_ptr<ByteSource> packed, std::string_view name);

}  // namespace residency::eval::corpora
