// GGUF's block formats: rows of them to fp32 and, for some, back.
//
// A row is whole blocks, one after the other, little-endian. Below, d and m are fp16, x[i] the i-th
// value of the block, and fields stand in the order of the bytes. As ggml defines them:
// https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
//
// Blocks of 32 values; the low nibbles of qs[16] are of x[0..16), the high ones of x[16..32):
//   Q4_0  18 bytes: d, qs[16].            x = d * (q - 8)
//   Q4_1  20 bytes: d, m, qs[16].         x = d * q + m
//   Q5_0  22 bytes: d, qh[4], qs[16].     x = d * (q - 16), the fifth bit of x[i] being bit i of qh
//   Q5_1  24 bytes: d, m, qh[4], qs[16].  x = d * q + m, the fifth bit as above
//   Q8_0  34 bytes: d, int8 qs[32].       x = d * q
//
// Blocks of 256 values:
//   Q4_K 144 bytes: d, m, scales[12], qs[128]. Eight parts of 32, each with a scale s and a
//        minimum t of 6 bits: x = (d * s) * q - (m * t). For parts 0 to 3, s and t are the low six
//        bits of scales[part] and scales[part + 4]; for parts 4 to 7 their low four bits are the
//        nibbles of scales[part + 4] and their high two the top bits of scales[part - 4] and
//        scales[part]. Parts 2i and 2i + 1 are the low and high nibbles of qs[32i..32i + 32).
//   Q5_K 176 bytes: d, m, scales[12], qh[32], qs[128]. The same; the fifth bit of the l-th value of
//        a part is bit `part` of qh[l].
//   Q6_K 210 bytes: ql[128], qh[64], int8 scales[16], d. x = (d * s) * (q - 32), a scale for each
//        16 values. Each half of 128 has 64 bytes of ql and 32 of qh; the l-th values of its four
//        parts of 32 take their low bits from the low nibbles of ql[l] and ql[l + 32] and the high
//        nibbles of the same, and their top two from bits 0-1, 2-3, 4-5 and 6-7 of qh[l].
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "model/gguf.h"
#include "model/tensor_types.h"

namespace residency::model {

/// Null where the type is none of those above.
const QuantLayout* quant_layout(TensorType type);

/// Bytes of `count` values, whole blocks.
std::int64_t quant_bytes_of(const QuantLayout& layout, std::int64_t count);

/// `count` values, whole blocks of a type that quant_layout() knows.
void dequantise_row(TensorType type, const std::byte* blocks, std::int64_t count, float* out);

/// The bytes of `values` as Q8_0 or Q4_0 (the block's largest magnitude decides d, as in ggml) or
/// Q4_K (each part's smallest and largest value decide s and t). kInvalidArgument for other types,
/// and where the values are not whole blocks or not finite.
Result<std::string> quantise_values(TensorType type, std::span<const float> values);

/// fp16 to fp32, exactly, and back, to nearest with ties to even.
float from_half(std::uint16_t half);
std::uint16_t to_half(float value);

}  // namespace residency::model
