#include "model/llama_config.h"

#include <gtest/gtest.h>

#include "model/tiny_model.h"

namespace residency::model {
namespace {

/// The tiny model with its metadata or tensors changed.
template <class Change>
std::unique_ptr<GgufFile> changed(const Change& change) {
  const auto file = GgufFile::from_bytes(make_tiny_llama(1).value(), "tiny").value();
  auto metadata = file->metadata();
  std::vector<GgufTensorData> tensors;
  for (const auto& tensor : file->tensors()) {
    const auto data = file->data(tensor);
    tensors.push_back({tensor.name, tensor.shape, tensor.type,
                       std::string(reinterpret_cast<const char*>(data.data()), data.size())});
  }
  change(metadata, tensors);
  return GgufFile::from_bytes(write_gguf(metadata, tensors).value(), "tiny").value();
}

TEST(LlamaConfig, ReadsTheTinyModel) {
  const auto file = GgufFile::from_bytes(make_tiny_llama(1).value(), "tiny").value();
  const auto config = verify_gguf(*file);
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->layers, 2);
  EXPECT_EQ(config->heads, 4);
  EXPECT_EQ(config->kv_heads, 2);
  EXPECT_EQ(config->head_dimension, 16);
  EXPECT_EQ(config->vocabulary, 272);
  EXPECT_TRUE(config->tied_head);
  EXPECT_FLOAT_EQ(static_cast<float>(config->rms_epsilon), 1e-5f);
}

TEST(LlamaConfig, RefusesAnotherFamilyByName) {
  const auto file = changed(
      [](auto& metadata, auto&) { metadata["general.architecture"] = std::string("mamba"); });
  const auto config = verify_gguf(*file);
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code(), ErrorCode::kInvalidInput);
  EXPECT_NE(config.error().message().find("mamba"), std::string::npos);
}

TEST(LlamaConfig, NamesAMissingKey) {
  for (const auto* key : {"llama.block_count", "llama.attention.layer_norm_rms_epsilon",
                          "tokenizer.ggml.tokens", "tokenizer.ggml.model"}) {
    const auto file = changed([&](auto& metadata, auto&) { metadata.erase(key); });
    const auto config = verify_gguf(*file);
    ASSERT_FALSE(config.ok()) << key;
  }
}

TEST(LlamaConfig, RefusesValuesThatWouldReachAnAbortInLlamaCpp) {
  const std::vector<std::pair<std::string, GgufValue>> bad{
      {"llama.block_count", std::uint64_t{100000}},
      {"llama.attention.head_count", std::uint64_t{0}},
      {"llama.attention.head_count_kv", std::uint64_t{3}},
      {"llama.expert_count", std::uint64_t{8}},
      {"llama.rope.dimension_count", std::uint64_t{8}},
      {"llama.rope.scaling.type", std::string("unheard-of")},
      {"llama.vocab_size", std::uint64_t{99}},
      {"tokenizer.ggml.model", std::string("none")},
      {"tokenizer.ggml.bos_token_id", std::uint64_t{272}},
      {"tokenizer.ggml.token_type", GgufArray(std::vector<std::int64_t>{1, 2})},
      {"split.count", std::uint64_t{2}}};
  for (const auto& entry : bad) {
    const auto file = changed([&](auto& metadata, auto&) { metadata[entry.first] = entry.second; });
    EXPECT_FALSE(verify_gguf(*file).ok()) << entry.first;
  }
}

TEST(LlamaConfig, RefusesATokenThatStandsTwice) {
  const auto file = changed([](auto& metadata, auto&) {
    auto& array = std::get<GgufArray>(metadata["tokenizer.ggml.tokens"]);
    auto& tokens = std::get<std::vector<std::string>>(array);
    tokens[10] = tokens[11];
  });
  EXPECT_FALSE(verify_gguf(*file).ok());
}

TEST(LlamaConfig, NamesAMissingMisshapenOrForeignTensor) {
  auto file = changed([](auto&, auto& tensors) { tensors.erase(tensors.begin() + 3); });
  auto config = verify_gguf(*file);
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message().find("blk.0.ffn_gate.weight"), std::string::npos);
  file = changed([](auto&, auto& tensors) { std::swap(tensors[3].shape[0], tensors[3].shape[1]); });
  EXPECT_FALSE(verify_gguf(*file).ok());
  file = changed([](auto&, auto& tensors) {
    tensors.push_back({"blk.0.attn_q.bias", {64}, 0, std::string(256, '\0')});
  });
  config = verify_gguf(*file);
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message().find("blk.0.attn_q.bias"), std::string::npos);
}

}  // namespace
}  // namespace residency::model
