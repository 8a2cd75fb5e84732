// TensorBoard's event file, written without TensorFlow: records of a length, a masked CRC-32C of
// it, a protocol buffer and a masked CRC-32C of that (the TFRecord framing).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace residency::train {

/// The record that opens a file. `unix_s`: seconds since 1970.
std::string tensorboard_header(double unix_s);

/// One record with a scalar for each tag.
std::string tensorboard_scalars(double unix_s, std::int64_t step,
                                const std::vector<std::pair<std::string_view, double>>& scalars);

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), as RFC 3720 has it.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace residency::train
