// ggml's tensor types that the trainer computes with, by their number in the file (ggml.h, enum
// ggml_type).
#pragma once

#include <cstdint>

namespace residency::model {

inline constexpr std::uint32_t kTypeF32 = 0;
inline constexpr std::uint32_t kTypeF16 = 1;
inline constexpr std::uint32_t kTypeQ4_0 = 2;
inline constexpr std::uint32_t kTypeQ4_1 = 3;
inline constexpr std::uint32_t kTypeQ5_0 = 6;
inline constexpr std::uint32_t kTypeQ5_1 = 7;
inline constexpr std::uint32_t kTypeQ8_0 = 8;
inline constexpr std::uint32_t kTypeQ4K = 12;
inline constexpr std::uint32_t kTypeQ5K = 13;
inline constexpr std::uint32_t kTypeQ6K = 14;
inline constexpr std::uint32_t kTypeBf16 = 30;

/// Values of the largest block.
inline constexpr std::int64_t kQuantBlockMax = 256;

struct QuantLayout {
  std::uint32_t type = 0;
  const char* name = "";
  std::int64_t block_values = 1;
  std::int64_t block_bytes = 0;
  bool quantised = true;  // F32, F16 and BF16 are rows of blocks of one value
};

inline constexpr QuantLayout kQuantLayouts[] = {
    {kTypeF32, "f32", 1, 4, false},   {kTypeF16, "f16", 1, 2, false},
    {kTypeBf16, "bf16", 1, 2, false}, {kTypeQ4_0, "q4_0", 32, 18},
    {kTypeQ4_1, "q4_1", 32, 20},      {kTypeQ5_0, "q5_0", 32, 22},
    {kTypeQ5_1, "q5_1", 32, 24},      {kTypeQ8_0, "q8_0", 32, 34},
    {kTypeQ4K, "q4_k", 256, 144},     {kTypeQ5K, "q5_k", 256, 176},
    {kTypeQ6K, "q6_k", 256, 210},
};

}  // namespace residency::model
