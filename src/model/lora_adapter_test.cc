#include "model/lora_adapter.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

#include "base/json.h"
#include "model/convert.h"
#include "model/lora_gguf.h"
#include "model/peft.h"
#include "model/safetensors.h"
#include "model/testing/string_file.h"
#include "model/tiny_model.h"

namespace residency::model {
namespace {

constexpr std::int64_t kRank = 4;

std::unique_ptr<GgufFile> base() {
  return GgufFile::from_bytes(make_tiny_llama(5).value(), "tiny").value();
}

/// An adapter of all projections whose every value tells where it stands.
LoraAdapter sample_adapter(const LlamaConfig& config) {
  LoraAdapter adapter;
  adapter.rank = kRank;
  adapter.alpha = 8;
  adapter.base_sha256 = std::string(64, 'a');
  for (const auto& tensor : expected_tensors(config)) {
    if (!lora_place(tensor.name).ok()) continue;
    LoraModule module{tensor.name, tensor.shape[0], tensor.shape[1], {}, {}};
    for (std::int64_t i = 0; i < kRank * module.in; ++i) {
      module.a.push_back(static_cast<float>(i % 37) / 64 - 0.25f);
    }
    for (std::int64_t i = 0; i < kRank * module.out; ++i) {
      module.b.push_back(static_cast<float>(i % 53) / 128 - 0.2f);
    }
    adapter.modules.push_back(std::move(module));
  }
  return adapter;
}

void expect_same(const LoraAdapter& one, const LoraAdapter& two) {
  ASSERT_EQ(one.modules.size(), two.modules.size());
  EXPECT_EQ(one.rank, two.rank);
  EXPECT_DOUBLE_EQ(one.alpha, two.alpha);
  const auto left = sorted_modules(one);
  const auto right = sorted_modules(two);
  for (std::size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left[i]->tensor, right[i]->tensor);
    EXPECT_EQ(left[i]->a, right[i]->a);
    EXPECT_EQ(left[i]->b, right[i]->b) << left[i]->tensor;
    EXPECT_EQ(left[i]->magnitude, right[i]->magnitude) << left[i]->tensor;
  }
}

TEST(LoraAdapter, RoundTripsThroughGguf) {
  const auto file = base();
  const auto config = LlamaConfig::from_gguf(*file).value();
  const auto adapter = sample_adapter(config);
  EXPECT_EQ(adapter.modules.size(), 14u);
  const auto bytes = write_lora_gguf(adapter, config);
  ASSERT_TRUE(bytes.ok()) << bytes.error().message();
  const auto lora = GgufFile::from_bytes(*bytes, "adapter").value();
  EXPECT_EQ(lora->find("blk.1.ffn_down.weight.lora_a")->shape, (std::vector<std::int64_t>{128, 4}));
  EXPECT_EQ(lora->find("blk.1.ffn_down.weight.lora_b")->shape, (std::vector<std::int64_t>{4, 64}));
  const auto read = read_lora_gguf(*lora, *file);
  ASSERT_TRUE(read.ok()) << read.error().message();
  expect_same(adapter, *read);
  EXPECT_EQ(read->base_sha256, adapter.base_sha256);
}

TEST(LoraAdapter, FilesDoNotDependOnTheOrderOfModules) {
  const auto config = LlamaConfig::from_gguf(*base()).value();
  auto adapter = sample_adapter(config);
  const auto one = write_lora_gguf(adapter, config).value();
  const auto peft_one = export_peft(adapter, config, "base").value();
  std::reverse(adapter.modules.begin(), adapter.modules.end());
  EXPECT_EQ(one, write_lora_gguf(adapter, config).value());
  EXPECT_EQ(peft_one.weights, export_peft(adapter, config, "base").value().weights);
}

TEST(LoraAdapter, RoundTripsThroughAPeftFolder) {
  const auto config = LlamaConfig::from_gguf(*base()).value();
  const auto adapter = sample_adapter(config);
  const auto files = export_peft(adapter, config, "owner/base");
  ASSERT_TRUE(files.ok()) << files.error().message();
  const auto read = import_peft(*files, config, "folder");
  ASSERT_TRUE(read.ok()) << read.error().message();
  expect_same(adapter, *read);
}

TEST(LoraAdapter, DoraRoundTripsThroughAPeftFolderAndIsRefusedAsGguf) {
  const auto file = base();
  const auto config = LlamaConfig::from_gguf(*file).value();
  LoraAdapter adapter = sample_adapter(config);
  for (LoraModule& module : adapter.modules) {
    for (std::int64_t i = 0; i < module.out; ++i)
      module.magnitude.push_back(1.0f + static_cast<float>(i) / 8);
  }
  const auto files = export_peft(adapter, config, "owner/base").value();
  EXPECT_EQ(parse_json(files.config).value()["use_dora"], true);
  const auto weights = SafetensorsFile::parse(files.weights, "weights").value();
  const auto q =
      weights.to_f32("base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector");
  ASSERT_TRUE(q.ok());
  // Rows of q lie in Hugging Face's order: the second of a head is GGUF's third.
  EXPECT_EQ((*q)[0], 1.0f);
  EXPECT_EQ((*q)[1], 1.25f);
  expect_same(import_peft(files, config, "folder").value(), adapter);
  EXPECT_FALSE(write_lora_gguf(adapter, config).ok());
  adapter.modules.back().magnitude.pop_back();
  EXPECT_FALSE(check_lora(adapter, config).ok());
}

TEST(LoraAdapter, APeftFolderHasTheNamesAndShapesOfTheLibrary) {
  const auto config = LlamaConfig::from_gguf(*base()).value();
  const auto files = export_peft(sample_adapter(config), config, "owner/base").value();
  const auto weights = SafetensorsFile::parse(files.weights, "w").value();
  EXPECT_EQ(weights.tensors().size(), 28u);
  EXPECT_EQ(weights.metadata().at("format"), "pt");
  const auto& tensors = weights.tensors();
  const auto shape = [&](const std::string& name) {
    return tensors.at("base_model.model.model.layers.1." + name).shape;
  };
  EXPECT_EQ(shape("self_attn.q_proj.lora_A.weight"), (std::vector<std::int64_t>{4, 64}));
  EXPECT_EQ(shape("self_attn.k_proj.lora_B.weight"), (std::vector<std::int64_t>{32, 4}));
  EXPECT_EQ(shape("mlp.down_proj.lora_A.weight"), (std::vector<std::int64_t>{4, 128}));
  const auto json = parse_json(files.config).value();
  EXPECT_EQ(json["r"], 4);
  EXPECT_EQ(json["lora_alpha"], 8);
  EXPECT_EQ(json["peft_type"], "LORA");
  EXPECT_EQ(json["task_type"], "CAUSAL_LM");
  EXPECT_EQ(json["base_model_name_or_path"], "owner/base");
  EXPECT_EQ(json["target_modules"].size(), 7u);
}

/// The rotary pairs are the meaning of the order: GGUF rotates neighbours (2i, 2i+1) of a head, and
/// Hugging Face's rotate_half pairs i with i + half.
TEST(LoraAdapter, RowsOfQAndKGoToHuggingFaceOrder) {
  EXPECT_EQ(hf_row(0, 16), 0);
  EXPECT_EQ(hf_row(1, 16), 8);
  EXPECT_EQ(hf_row(2, 16), 1);
  EXPECT_EQ(hf_row(15, 16), 15);
  EXPECT_EQ(hf_row(17, 16), 24);  // the second head
  const auto config = LlamaConfig::from_gguf(*base()).value();
  const auto adapter = sample_adapter(config);
  const auto files = export_peft(adapter, config, "b").value();
  const auto weights = SafetensorsFile::parse(files.weights, "w").value();
  const auto hf = [&](const std::string& name) {
    return weights.to_f32("base_model.model.model.layers.0.self_attn." + name).value();
  };
  const auto gguf = [&](const std::string& tensor) -> const LoraModule& {
    return *std::find_if(adapter.modules.begin(), adapter.modules.end(),
                         [&](const auto& m) { return m.tensor == tensor; });
  };
  EXPECT_EQ(hf("v_proj.lora_B.weight"), gguf("blk.0.attn_v.weight").b);
  EXPECT_EQ(hf("q_proj.lora_A.weight"), gguf("blk.0.attn_q.weight").a);
  const auto q = hf("q_proj.lora_B.weight");
  const auto& b = gguf("blk.0.attn_q.weight").b;
  EXPECT_NE(q, b);
  for (std::size_t i = 0; i < kRank; ++i) EXPECT_EQ(q[24 * kRank + i], b[17 * kRank + i]);
}

TEST(LoraAdapter, WhatDoesNotFitTheBaseIsRefused) {
  const auto file = base();
  const auto config = LlamaConfig::from_gguf(*file).value();
  const auto refused = [&](auto change) {
    auto adapter = sample_adapter(config);
    change(adapter);
    return !check_lora(adapter, config).ok() && !write_lora_gguf(adapter, config).ok() &&
           !export_peft(adapter, config, "b").ok();
  };
  EXPECT_TRUE(refused([](auto& a) { a.rank = 0; }));
  EXPECT_TRUE(refused([](auto& a) { a.alpha = 0; }));
  EXPECT_TRUE(refused([](auto& a) { a.modules.clear(); }));
  EXPECT_TRUE(refused([](auto& a) { a.modules[0].a.pop_back(); }));
  EXPECT_TRUE(refused([](auto& a) { a.modules[0].b[0] = std::nanf(""); }));
  EXPECT_TRUE(refused([](auto& a) { a.modules.push_back(a.modules[0]); }));
  EXPECT_TRUE(refused([](auto& a) { a.modules[0].tensor = "blk.9.attn_q.weight"; }));
  EXPECT_TRUE(refused([](auto& a) { a.modules[0].tensor = "output.weight"; }));
  TinyLlamaOptions wide;
  wide.embedding = 128;
  const auto other = GgufFile::from_bytes(make_tiny_llama(5, wide).value(), "wide").value();
  const auto lora =
      GgufFile::from_bytes(write_lora_gguf(sample_adapter(config), config).value(), "l").value();
  EXPECT_TRUE(verify_lora_gguf(*lora, *file).ok());
  const auto foreign = verify_lora_gguf(*lora, *other);
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().code(), ErrorCode::kInvalidInput);
  EXPECT_FALSE(verify_lora_gguf(*file, *file).ok());
}

TEST(LoraAdapter, APeftFolderOfAnotherMethodIsRefused) {
  const auto config = LlamaConfig::from_gguf(*base()).value();
  const auto files = export_peft(sample_adapter(config), config, "b").value();
  const auto refused = [&](auto change) {
    auto json = parse_json(files.config).value();
    change(json);
    return !import_peft({files.weights, json.dump()}, config, "folder").ok();
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& json) { json["use_dora"] = true; }));
  EXPECT_TRUE(refused([](auto& json) { json["bias"] = "all"; }));
  EXPECT_TRUE(refused([](auto& json) { json["peft_type"] = "IA3"; }));
  EXPECT_TRUE(refused([](auto& json) { json["modules_to_save"] = {"lm_head"}; }));
  EXPECT_TRUE(refused([](auto& json) { json["rank_pattern"] = {{"q_proj", 8}}; }));
  EXPECT_TRUE(refused([](auto& json) { json["r"] = 5; }));
  EXPECT_TRUE(refused([](auto& json) { json["r"] = "4"; }));
  EXPECT_FALSE(import_peft({files.weights, "no json"}, config, "folder").ok());
  auto json = parse_json(files.config).value();
  json["use_rslora"] = true;
  EXPECT_DOUBLE_EQ(import_peft({files.weights, json.dump()}, config, "folder")->alpha, 16);
}

TEST(LoraAdapter, MergingAddsTheScaledProduct) {
  const auto file = base();
  const auto config = LlamaConfig::from_gguf(*file).value();
  const auto adapter = sample_adapter(config);
  testing::StringFile out;
  ASSERT_TRUE(merge_lora(*file, adapter, WeightType::kF32, out).ok());
  const auto merged = GgufFile::from_bytes(out.bytes(), "merged").value();
  ASSERT_TRUE(verify_gguf(*merged).ok());
  const auto& module = adapter.modules[2];
  const auto before = file->to_f32(*file->find(module.tensor)).value();
  const auto after = merged->to_f32(*merged->find(module.tensor)).value();
  const std::int64_t o = 5;
  const std::int64_t i = 9;
  double sum = 0;
  for (std::int64_t r = 0; r < kRank; ++r) {
    sum += static_cast<double>(module.b[static_cast<std::size_t>(o * kRank + r)]) *
           module.a[static_cast<std::size_t>(r * module.in + i)];
  }
  const auto at = static_cast<std::size_t>(o * module.in + i);
  EXPECT_NEAR(after[at] - before[at], 8.0 / kRank * sum, 1e-5);
  EXPECT_EQ(file->to_f32(*file->find("output_norm.weight")).value(),
            merged->to_f32(*merged->find("output_norm.weight")).value());
}

}  // namespace
}  // namespace residency::model
