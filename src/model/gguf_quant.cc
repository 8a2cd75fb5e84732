#include "model/gguf_quant.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace residency::model {
namespace {

#include "model/gguf_quant_rows.inc"

void put_half(float value, QuantByte* to) {
  const std::uint16_t half = to_half(value);
  to[0] = static_cast<QuantByte>(half & 255);
  to[1] = static_cast<QuantByte>(half >> 8);
}

float inverse(float value) { return value == 0 ? 0 : 1 / value; }

void quantise_q8_0(const float* x, QuantByte* to) {
  float largest = 0;
  for (int i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(x[i]));
  const float d = largest / 127;
  put_half(d, to);
  for (int i = 0; i < 32; ++i) {
    to[2 + i] = static_cast<QuantByte>(static_cast<std::int8_t>(std::round(x[i] * inverse(d))));
  }
}

void quantise_q4_0(const float* x, QuantByte* to) {
  float extreme = 0;  // of the largest magnitude, with its sign: it becomes -8
  for (int i = 0; i < 32; ++i) {
    if (std::fabs(x[i]) > std::fabs(extreme)) extreme = x[i];
  }
  const float d = extreme / -8;
  put_half(d, to);
  const auto level = [&](float value) {
    return std::min(15, static_cast<int>(value * inverse(d) + 8.5f));
  };
  for (int i = 0; i < 16; ++i) {
    to[2 + i] = static_cast<QuantByte>(level(x[i]) | (level(x[i + 16]) << 4));
  }
}

void pack_scales(const std::array<int, 8>& scales, const std::array<int, 8>& minima,
                 QuantByte* to) {
  for (std::size_t part = 0; part < 4; ++part) {
    to[part] = static_cast<QuantByte>(scales[part] | ((scales[part + 4] >> 4) << 6));
    to[part + 4] = static_cast<QuantByte>(minima[part] | ((minima[part + 4] >> 4) << 6));
    to[part + 8] = static_cast<QuantByte>((scales[part + 4] & 15) | ((minima[part + 4] & 15) << 4));
  }
}

void quantise_q4_k(const float* x, QuantByte* to) {
  std::array<float, 8> steps{}, lows{};
  for (std::size_t part = 0; part < 8; ++part) {
    const auto [low, high] = std::minmax_element(x + part * 32, x + part * 32 + 32);
    lows[part] = std::max(0.0f, -*low);
    steps[part] = std::max(0.0f, (*high + lows[part]) / 15);
  }
  put_half(*std::max_element(steps.begin(), steps.end()) / 63, to);
  put_half(*std::max_element(lows.begin(), lows.end()) / 63, to + 2);
  const float d = quant_half(to);
  const float m = quant_half(to + 2);
  const auto six_bits = [](float value) {
    return static_cast<int>(std::clamp(std::round(value), 0.0f, 63.0f));
  };
  std::array<int, 8> scales{}, minima{};
  for (std::size_t part = 0; part < 8; ++part) {
    scales[part] = six_bits(steps[part] * inverse(d));
    minima[part] = six_bits(lows[part] * inverse(m));
  }
  pack_scales(scales, minima, to + 4);
  const auto level = [&](std::size_t part, std::size_t i) {
    const float step = d * static_cast<float>(scales[part]);
    const float low = m * static_cast<float>(minima[part]);
    const float value = (x[part * 32 + i] + low) * inverse(step);
    return static_cast<int>(std::clamp(std::round(value), 0.0f, 15.0f));
  };
  for (std::size_t part = 0; part < 8; part += 2) {
    for (std::size_t i = 0; i < 32; ++i) {
      to[16 + part * 16 + i] = static_cast<QuantByte>(level(part, i) | (level(part + 1, i) << 4));
    }
  }
}

}  // namespace

const QuantLayout* quant_layout(TensorType type) {
  for (const QuantLayout& layout : kQuantLayouts) {
    if (layout.type == type) return &layout;
  }
  return nullptr;
}

std::int64_t quant_bytes_of(const QuantLayout& layout, std::int64_t count) {
  return count / layout.block_values * layout.block_bytes;
}

void dequantise_row(TensorType type, const std::byte* blocks, std::int64_t count, float* out) {
  quant_rows(type, reinterpret_cast<const QuantByte*>(blocks), count, out);
}

Result<std::string> quantise_values(TensorType type, std::span<const float> values) {
  const QuantLayout* layout = quant_layout(type);
  if (layout == nullptr || (type != kTypeQ8_0 && type != kTypeQ4_0 && type != kTypeQ4K)) {
    return invalid_argument(fmt::format("values are quantised to q8_0, q4_0 and q4_k, not to {}",
                                        layout == nullptr ? "this type" : layout->name));
  }
  const auto count = static_cast<std::int64_t>(values.size());
  if (count % layout->block_values != 0) {
    return invalid_argument(
        fmt::format("{} values are not whole blocks of {}", count, layout->name));
  }
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
    return invalid_argument("a value to be quantised is not finite");
  }
  std::string bytes(static_cast<std::size_t>(quant_bytes_of(*layout, count)), '\0');
  auto* to = reinterpret_cast<QuantByte*>(bytes.data());
  for (std::int64_t at = 0; at < count; at += layout->block_values) {
    const float* x = values.data() + at;
    if (type == kTypeQ8_0) quantise_q8_0(x, to);
    if (type == kTypeQ4_0) quantise_q4_0(x, to);
    if (type == kTypeQ4K) quantise_q4_k(x, to);
    to += layout->block_bytes;
  }
  return bytes;
}

float from_half(std::uint16_t half) {
  const QuantByte bytes[] = {static_cast<QuantByte>(half & 255), static_cast<QuantByte>(half >> 8)};
  return quant_half(bytes);
}

std::uint16_t to_half(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // past 65504
  if (magnitude < 0x38800000u) {                                                    // under 2^-14
    float small;
    std::memcpy(&small, &magnitude, sizeof(small));
    // nearbyint's ties go to even in the default rounding mode.
    return static_cast<std::uint16_t>(sign |
                                      static_cast<std::uint32_t>(std::nearbyint(small * 0x1p24f)));
  }
  const std::uint32_t rounded = magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u);
  return static_cast<std::uint16_t>(sign | (rounded >> 13));
}

}  // namespace residency::model
