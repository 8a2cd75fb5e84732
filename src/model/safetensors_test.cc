#include "model/safetensors.h"

#include <cstring>
#include <gtest/gtest.h>

namespace residency::model {
namespace {

std::string with_header(const std::string& header, std::size_t data_bytes) {
  std::string bytes(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, '\0');
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  const auto bytes =
      write_safetensors({{"b", {{2, 2}, {1, 2, 3, 4}}}, {"a", {{1}, {0.5f}}}}, {{"format", "pt"}});
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(bytes->size() % 4, 0u);
  const auto file = SafetensorsFile::parse(*bytes, "f");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->to_f32("b").value(), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(file->to_f32("a").value(), (std::vector<float>{0.5f}));
  EXPECT_EQ(file->metadata().at("format"), "pt");
  EXPECT_EQ(file->to_f32("c").error().code(), ErrorCode::kNotFound);
}

TEST(Safetensors, ReadsHalfTypes) {
  auto bytes = with_header(R"({"x":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]},)"
                           R"("y":{"dtype":"F16","shape":[1],"data_offsets":[2,4]},)"
                           R"("z":{"dtype":"I8","shape":[],"data_offsets":[4,5]}})",
                           5);
  bytes[bytes.size() - 4] = 0x3f;  // 0x3f00: 0.5 as bf16
  bytes[bytes.size() - 2] = 0x38;  // 0x3800: 0.5 as half
  const auto file = SafetensorsFile::parse(bytes, "f");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->to_f32("x").value(), (std::vector<float>{0.5f}));
  EXPECT_EQ(file->to_f32("y").value(), (std::vector<float>{0.5f}));
  EXPECT_EQ(file->to_f32("z").error().code(), ErrorCode::kInvalidInput);
}

TEST(Safetensors, AFileCutShortAnywhereIsCorrupt) {
  const auto bytes = write_safetensors({{"a", {{8}, std::vector<float>(8)}}}, {}).value();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto file = SafetensorsFile::parse(bytes.substr(0, length), "cut");
    ASSERT_FALSE(file.ok()) << length;
    EXPECT_EQ(file.error().code(), ErrorCode::kCorrupt);
  }
  EXPECT_FALSE(SafetensorsFile::parse(bytes + "x", "long").ok());
}

TEST(Safetensors, HeadersThatLieAreCorrupt) {
  const std::vector<std::string> headers{
      "[]",
      "{\"a\":3}",
      R"({"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,"8"]}})",
      R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
      R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
      R"({"__metadata__":{"a":1}})"};
  for (const auto& header : headers) {
    EXPECT_FALSE(SafetensorsFile::parse(with_header(header, 8), "lie").ok()) << header;
  }
  EXPECT_TRUE(SafetensorsFile::parse(
                  with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8), "ok")
                  .ok());
}

TEST(Safetensors, WritingRefusesValuesThatAreNotTheShape) {
  EXPECT_FALSE(write_safetensors({{"a", {{3}, {1, 2}}}}, {}).ok());
}

}  // namespace
}  // namespace residency::model
