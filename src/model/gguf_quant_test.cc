#include "model/gguf_quant.h"

#include <cmath>
#include <cstring>
#include <ggml.h>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace residency::model {
namespace {

std::vector<float> draw(std::size_t count, float size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    value = (static_cast<float>(random() >> 8) * 0x1p-23f - 1) * size;
  }
  return values;
}

/// Blocks of random bits; fp16 fields that are not finite are cleared.
std::string random_blocks(const QuantLayout& layout, std::int64_t values, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(static_cast<std::size_t>(quant_bytes_of(layout, values)), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() & 255);
  const auto tame = [&](std::size_t at) {
    if ((bytes[at + 1] & 0x7c) == 0x7c) bytes[at + 1] = static_cast<char>(bytes[at + 1] & 0x83);
  };
  const auto block = static_cast<std::size_t>(layout.block_bytes);
  for (std::size_t at = 0; at < bytes.size(); at += block) {
    if (layout.type == kTypeQ6K) {
      tame(at + block - 2);
    } else if (layout.type != kTypeF32 && layout.type != kTypeBf16) {
      tame(at);
      if (block > 2) tame(at + 2);  // m, or quants that may be anything
    }
  }
  return bytes;
}

std::int32_t ordered(float value) {
  std::int32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits < 0 ? std::numeric_limits<std::int32_t>::min() - bits : bits;
}

class QuantRows : public ::testing::TestWithParam<TensorType> {};

TEST_P(QuantRows, AreWhatTheRuntimeReads) {
  const QuantLayout& layout = *quant_layout(GetParam());
  const auto type = static_cast<ggml_type>(GetParam());
  EXPECT_EQ(layout.block_values, ggml_blck_size(type));
  EXPECT_EQ(static_cast<std::size_t>(layout.block_bytes), ggml_type_size(type));
  EXPECT_EQ(layout.quantised, ggml_is_quantized(type));
  constexpr std::int64_t kValues = 256 * 40;
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const std::string blocks = random_blocks(layout, kValues, seed);
    std::vector<float> expected(kValues), got(kValues);
    if (type == GGML_TYPE_F32) {
      std::memcpy(expected.data(), blocks.data(), blocks.size());
    } else {
      ggml_get_type_traits(type)->to_float(blocks.data(), expected.data(), kValues);
    }
    dequantise_row(GetParam(), reinterpret_cast<const std::byte*>(blocks.data()), kValues,
                   got.data());
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (std::isnan(expected[i]) && std::isnan(got[i])) continue;
      const auto apart = static_cast<std::int64_t>(ordered(got[i])) - ordered(expected[i]);
      ASSERT_LE(std::abs(apart), 1)
          << layout.name << " " << i << ": " << got[i] << " for " << expected[i];
    }
  }
}

std::string layout_name(const ::testing::TestParamInfo<TensorType>& type) {
  return std::string(quant_layout(type.param)->name);
}

INSTANTIATE_TEST_SUITE_P(Types, QuantRows,
                         ::testing::Values(kTypeF32, kTypeF16, kTypeBf16, kTypeQ4_0, kTypeQ4_1,
                                           kTypeQ5_0, kTypeQ5_1, kTypeQ8_0, kTypeQ4K, kTypeQ5K,
                                           kTypeQ6K),
                         layout_name);

TEST(Quantise, BlocksOfOneScaleAreTheRuntimesOwn) {
  const auto values = draw(32 * 200, 0.3f, 4);
  for (const TensorType type : {kTypeQ8_0, kTypeQ4_0}) {
    const std::string ours = quantise_values(type, values).value();
    std::string theirs(ours.size(), '\0');
    ggml_quantize_chunk(static_cast<ggml_type>(type), values.data(), theirs.data(), 0, 1,
                        static_cast<std::int64_t>(values.size()), nullptr);
    EXPECT_EQ(ours, theirs) << type;
  }
}

TEST(Quantise, ValuesComeBackWithinTheirStep) {
  auto values = draw(256 * 20, 0.3f, 5);
  for (std::size_t i = 0; i < 256; ++i) values[i] = 0.25f;  // all alike
  for (std::size_t i = 256; i < 512; ++i) values[i] = 0;    // all zero
  for (std::size_t i = 512; i < 768; ++i) values[i] += 1;   // none negative
  for (std::size_t i = 768; i < 1024; ++i) values[i] -= 1;  // none positive
  const std::string blocks = quantise_values(kTypeQ4K, values).value();
  std::vector<float> got(values.size());
  dequantise_row(kTypeQ4K, reinterpret_cast<const std::byte*>(blocks.data()),
                 static_cast<std::int64_t>(values.size()), got.data());
  double error = 0, size = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got[i], values[i], i < 1024 ? 0.08f : 0.03f) << i;
    error += std::pow(static_cast<double>(got[i] - values[i]), 2);
    size += std::pow(static_cast<double>(values[i]), 2);
  }
  EXPECT_LT(std::sqrt(error / size), 0.08);
}

TEST(Quantise, RefusesWhatItCannotWrite) {
  EXPECT_EQ(quantise_values(kTypeQ6K, draw(256, 1, 1)).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(quantise_values(99, draw(256, 1, 1)).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(quantise_values(kTypeQ4K, draw(32, 1, 1)).error().code(), ErrorCode::kInvalidArgument);
  const std::vector<float> broken(32, std::numeric_limits<float>::infinity());
  EXPECT_EQ(quantise_values(kTypeQ8_0, broken).error().code(), ErrorCode::kInvalidArgument);
}

TEST(Half, AllValuesAreTheRuntimesAndComeBack) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float expected = ggml_fp16_to_fp32(half);
    const float value = from_half(half);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value));
      continue;
    }
    ASSERT_EQ(ordered(value), ordered(expected)) << bits;
    ASSERT_EQ(to_half(value), half);
  }
  for (const float value : draw(20000, 70000, 9))
    ASSERT_EQ(to_half(value), ggml_fp32_to_fp16(value));
  for (const float value : draw(20000, 1e-4f, 9))
    ASSERT_EQ(to_half(value), ggml_fp32_to_fp16(value));
}

}  // namespace
}  // namespace residency::model
