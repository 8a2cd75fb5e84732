// Bf16: the upper half of a binary32, as oneDNN and the CPU's dot products take it.
#pragma once

#include <cstdint>
#include <cstring>

namespace residency::train {

struct Bf16 {
  std::uint16_t bits;
};

[[gnu::always_inline]] inline float widen(Bf16 value) {
  const std::uint32_t bits = static_cast<std::uint32_t>(value.bits) << 16;
  float wide;
  std::memcpy(&wide, &bits, sizeof(wide));
  return wide;
}

[[gnu::always_inline]] inline float widen(float value) { return value; }

/// Rounds to nearest, ties to even; NaN stays NaN.
[[gnu::always_inline]] inline Bf16 round_bf16(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {static_cast<std::uint16_t>((bits >> 16) | 64)};
  return {static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}

}  // namespace residency::train
