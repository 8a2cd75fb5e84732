#include "model/gguf.h"

#include <cstring>
#include <gtest/gtest.h>

#include "model/gguf_index.h"
#include "model/llama_config.h"
#include "model/tiny_model.h"

namespace residency::model {
namespace {

std::string tiny() { return make_tiny_llama(7).value(); }

std::map<std::string, GgufValue> sample_metadata() {
  return {{"a.text", std::string("héllo")},
          {"b.unsigned", std::uint64_t{4000000000u}},
          {"c.signed", std::int64_t{-3}},
          {"d.large", std::uint64_t{1} << 40},
          {"e.real", 0.25},
          {"f.double", 0.1},
          {"g.flag", true},
          {"h.texts", GgufArray(std::vector<std::string>{"x", "", "z"})},
          {"i.integers", GgufArray(std::vector<std::int64_t>{1, -2, 3})},
          {"j.reals", GgufArray(std::vector<double>{0.5, 1.5})},
          {"k.flags", GgufArray(std::vector<bool>{true, false})}};
}

TEST(Gguf, WhatIsWrittenIsRead) {
  std::string data(8 * 4, '\0');
  for (int i = 0; i < 8; ++i) {
    const float value = static_cast<float>(i) * 0.5f;
    std::memcpy(data.data() + i * 4, &value, 4);
  }
  const auto bytes = write_gguf(sample_metadata(),
                                {{"one", {3}, 0, std::string(12, '\0')}, {"two", {4, 2}, 0, data}});
  ASSERT_TRUE(bytes.ok()) << bytes.error().message();
  const auto file = GgufFile::from_bytes(*bytes, "sample");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ((*file)->metadata(), sample_metadata());
  EXPECT_EQ((*file)->text("a.text").value(), "héllo");
  EXPECT_EQ((*file)->integer("c.signed").value(), -3);
  EXPECT_EQ((*file)->number("e.real").value(), 0.25);
  const auto* two = (*file)->find("two");
  ASSERT_NE(two, nullptr);
  EXPECT_EQ(two->offset, 32u);
  const auto values = (*file)->to_f32(*two);
  ASSERT_TRUE(values.ok());
  EXPECT_EQ(values->at(5), 2.5f);
}

TEST(Gguf, WritingIsDeterministic) { EXPECT_EQ(tiny(), tiny()); }

TEST(Gguf, MissingOrMistypedMetadataNamesTheKey) {
  const auto file = GgufFile::from_bytes(write_gguf(sample_metadata(), {}).value(), "sample");
  ASSERT_TRUE(file.ok());
  const auto missing = (*file)->integer("no.such");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kInvalidInput);
  EXPECT_NE(missing.error().message().find("no.such"), std::string::npos);
  EXPECT_FALSE((*file)->text("b.unsigned").ok());
  EXPECT_FALSE((*file)->integer("a.text").ok());
}

TEST(Gguf, AFileCutShortAnywhereIsCorrupt) {
  const std::string bytes = tiny();
  for (std::size_t length = 0; length < bytes.size(); length += length < 12000 ? 7 : 4099) {
    const auto file = GgufFile::from_bytes(bytes.substr(0, length), "cut.gguf");
    ASSERT_FALSE(file.ok()) << length;
    EXPECT_EQ(file.error().code(), ErrorCode::kCorrupt);
    EXPECT_NE(file.error().message().find("cut.gguf"), std::string::npos);
  }
}

TEST(Gguf, WrongMagicAndVersionAreNamed) {
  std::string bytes = tiny();
  bytes[0] = 'X';
  auto file = GgufFile::from_bytes(bytes, "m");
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.error().message().find("magic"), std::string::npos);
  bytes = tiny();
  bytes[4] = 9;
  file = GgufFile::from_bytes(bytes, "m");
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.error().message().find("version"), std::string::npos);
}

TEST(Gguf, CountsFarBeyondTheFileAreRefusedWithoutAllocating) {
  for (const std::size_t at : {8u, 16u, 24u}) {  // tensors, keys, length of the first key
    std::string bytes = tiny();
    std::memset(bytes.data() + at, 0x7f, 8);
    EXPECT_FALSE(GgufFile::from_bytes(bytes, "m").ok()) << at;
  }
}

/// The place of a tensor's dimension, type and offset in the header, from its name.
std::size_t after_name(const std::string& bytes, const std::string& name) {
  std::string key(8, '\0');
  const auto length = static_cast<std::uint64_t>(name.size());
  std::memcpy(key.data(), &length, 8);
  return bytes.find(key + name) + 8 + name.size();
}

TEST(Gguf, ATensorBeyondTheEndIsCorrupt) {
  std::string bytes = tiny();
  const std::size_t at = after_name(bytes, "output_norm.weight");  // dims, size, type, offset
  const std::uint64_t far = 1ull << 40;
  std::memcpy(bytes.data() + at + 4 + 8 + 4, &far, 8);
  const auto file = GgufFile::from_bytes(bytes, "m");
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.error().message().find("output_norm.weight"), std::string::npos);
}

TEST(Gguf, AnUnknownTensorTypeOrNegativeDimensionIsCorrupt) {
  std::string bytes = tiny();
  const std::size_t at = after_name(bytes, "output_norm.weight");
  for (const std::uint32_t type : {4u, 31u, 43u, 0xffffffffu}) {
    std::memcpy(bytes.data() + at + 4 + 8, &type, 4);
    EXPECT_FALSE(GgufFile::from_bytes(bytes, "m").ok()) << type;
  }
  bytes = tiny();
  const std::int64_t negative = -64;
  std::memcpy(bytes.data() + at + 4, &negative, 8);
  EXPECT_FALSE(GgufFile::from_bytes(bytes, "m").ok());
  const std::int64_t huge = std::int64_t{1} << 62;
  std::memcpy(bytes.data() + at + 4, &huge, 8);
  EXPECT_FALSE(GgufFile::from_bytes(bytes, "m").ok());
}

TEST(Gguf, TensorSizesAreCheckedForOverflowAndWholeBlocks) {
  EXPECT_EQ(tensor_bytes({32, 2}, 8).value(), 2u * 34u);  // Q8_0: 34 bytes for 32 values
  EXPECT_FALSE(tensor_bytes({33, 2}, 8).ok());
  EXPECT_FALSE(tensor_bytes({1ll << 40, 1ll << 40}, 0).ok());
  EXPECT_FALSE(tensor_bytes({1ll << 30, 1ll << 30, 1ll << 30, 1ll << 30}, 0).ok());
}

TEST(Gguf, WritingRefusesDataOfTheWrongLength) {
  EXPECT_FALSE(write_gguf({}, {{"t", {4}, 0, std::string(15, '\0')}}).ok());
  EXPECT_FALSE(write_gguf({}, {{std::string(64, 'n'), {1}, 0, std::string(4, '\0')}}).ok());
}

TEST(Gguf, AMissingFileIsNotFound) {
  const auto file = GgufFile::open("/nonexistent/model.gguf");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace residency::model
