#include "model/convert.h"

#include <cmath>
#include <gtest/gtest.h>

#include "model/llama_config.h"
#include "model/testing/string_file.h"
#include "model/tiny_model.h"

namespace residency::model {
namespace {

std::unique_ptr<GgufFile> converted(const GgufFile& file, WeightType type) {
  testing::StringFile out;
  const auto done = requantise(file, type, out);
  EXPECT_TRUE(done.ok()) << done.error().message();
  return GgufFile::from_bytes(out.bytes(), std::string(weight_type_name(type))).value();
}

class ConvertTest : public ::testing::TestWithParam<std::pair<WeightType, double>> {};

TEST_P(ConvertTest, ValuesStayWithinTheTypesPrecision) {
  const auto [type, tolerance] = GetParam();
  const auto file = GgufFile::from_bytes(make_tiny_llama(2).value(), "tiny").value();
  const auto out = converted(*file, type);
  ASSERT_TRUE(verify_gguf(*out).ok());
  for (const auto& tensor : file->tensors()) {
    const auto before = file->to_f32(tensor).value();
    const auto after = out->to_f32(*out->find(tensor.name)).value();
    ASSERT_EQ(before.size(), after.size());
    double worst = 0;
    double largest = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      worst = std::max(worst, std::fabs(static_cast<double>(before[i]) - after[i]));
      largest = std::max(largest, std::fabs(static_cast<double>(before[i])));
    }
    EXPECT_LE(worst, tensor.shape.size() < 2 ? 0 : tolerance * largest) << tensor.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, ConvertTest,
                         ::testing::Values(std::pair{WeightType::kF32, 0.0},
                                           std::pair{WeightType::kF16, 0x1p-11},
                                           std::pair{WeightType::kBf16, 0x1p-8},
                                           std::pair{WeightType::kQ8_0, 1.0 / 200}));

TEST(Convert, MetadataIsKeptButForTheFileType) {
  const auto file = GgufFile::from_bytes(make_tiny_llama(2).value(), "tiny").value();
  const auto out = converted(*file, WeightType::kBf16);
  auto expected = file->metadata();
  expected["general.file_type"] = std::uint64_t{32};
  EXPECT_EQ(out->metadata(), expected);
  for (const auto& [key, value] : expected) {
    if (key == "general.file_type") continue;
    const auto before = file->encoded_value(key);
    const auto after = out->encoded_value(key);
    EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin(), after.end())) << key;
  }
}

TEST(Convert, ConvertingToTheSameTypeChangesNoByte) {
  const std::string bytes = make_tiny_llama(2).value();
  const auto file = GgufFile::from_bytes(bytes, "tiny").value();
  testing::StringFile out;
  ASSERT_TRUE(requantise(*file, WeightType::kF32, out).ok());
  EXPECT_EQ(out.bytes(), bytes);
}

TEST(Convert, RowsThatAreNotWholeBlocksAreRefused) {
  TinyLlamaOptions options;
  options.embedding = 48;
  options.feed_forward = 80;
  const auto file = GgufFile::from_bytes(make_tiny_llama(2, options).value(), "tiny").value();
  testing::StringFile out;
  const auto done = requantise(*file, WeightType::kQ8_0, out);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(out.bytes().empty());
}

TEST(Convert, TypesHaveNames) {
  for (const auto* name : {"f32", "f16", "bf16", "q8_0"}) {
    EXPECT_EQ(weight_type_name(weight_type_named(name).value()), name);
  }
  EXPECT_FALSE(weight_type_named("q4_1").ok());
}

}  // namespace
}  // namespace residency::model
