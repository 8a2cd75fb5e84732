#include "model/hf_import.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "model/gguf.h"
#include "model/hf_config.h"
#include "model/hf_tokenizer.h"
#include "model/llama_config.h"
#include "model/safetensors.h"
#include "model/tiny_model.h"
#include "model/tokenizer.h"

namespace residency::model {
namespace {

using ::testing::HasSubstr;

const std::map<std::string, std::string>& model_types() {
  static const auto& types = *new std::map<std::string, std::string>{
      {"llama", "llama"},   {"qwen2", "qwen2"},        {"qwen3", "qwen3"}, {"gemma", "gemma"},
      {"gemma2", "gemma2"}, {"gemma3", "gemma3_text"}, {"phi3", "phi3"}};
  return types;
}

template <class T>
const std::vector<T>& list(const GgufFile& file, const std::string& key) {
  return std::get<std::vector<T>>(std::get<GgufArray>(file.metadata().at(key)));
}

/// A tiny GGUF model as Transformers would save it; written from the library's side, so that a slip
/// in the importer is no slip here.
class HfImportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "residency_hf_import";
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/model");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(Env::posix().write_file_atomic(root_ + "/model/" + name, bytes).ok());
  }

  Json config_of(const LlamaConfig& config) {
    Json json{{"model_type", model_types().at(config.architecture)},
              {"num_hidden_layers", config.layers},
              {"hidden_size", config.embedding},
              {"intermediate_size", config.feed_forward},
              {"num_attention_heads", config.heads},
              {"num_key_value_heads", config.kv_heads},
              {"head_dim", config.head_dimension},
              {"vocab_size", config.vocabulary},
              {"max_position_embeddings", config.context},
              {"rms_norm_eps", config.rms_epsilon},
              {"rope_theta", config.rope_theta},
              {"tie_word_embeddings", config.tied_head},
              {"hidden_act", config.gate == GateFunction::kGelu ? "gelu_pytorch_tanh" : "silu"}};
    if (config.window > 0) json["sliding_window"] = config.window;
    return json;
  }

  Json tokenizer_of(const GgufFile& file) {
    Json vocabulary = Json::object();
    Json added = Json::array();
    const auto& tokens = list<std::string>(file, "tokenizer.ggml.tokens");
    const auto& kinds = list<std::int64_t>(file, "tokenizer.ggml.token_type");
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      vocabulary[tokens[i]] = i;
      if (kinds[i] == 3) added.push_back({{"id", i}, {"content", tokens[i]}, {"special", true}});
    }
    Json merges = list<std::string>(file, "tokenizer.ggml.merges");
    const Json digits{{"type", "Digits"}, {"individual_digits", true}};
    const Json bytes{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}};
    return {{"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", merges}}},
            {"added_tokens", added},
            {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {digits, bytes}}}}};
  }

  std::string hf_name(const std::string& gguf, const LlamaConfig& config) {
    static const std::map<std::string, std::string> kParts{
        {"attn_norm.weight", "input_layernorm.weight"},
        {"attn_q.weight", "self_attn.q_proj.weight"},
        {"attn_k.weight", "self_attn.k_proj.weight"},
        {"attn_v.weight", "self_attn.v_proj.weight"},
        {"attn_q.bias", "self_attn.q_proj.bias"},
        {"attn_k.bias", "self_attn.k_proj.bias"},
        {"attn_v.bias", "self_attn.v_proj.bias"},
        {"attn_qkv.weight", "self_attn.qkv_proj.weight"},
        {"attn_output.weight", "self_attn.o_proj.weight"},
        {"attn_q_norm.weight", "self_attn.q_norm.weight"},
        {"attn_k_norm.weight", "self_attn.k_norm.weight"},
        {"ffn_gate.weight", "mlp.gate_proj.weight"},
        {"ffn_down.weight", "mlp.down_proj.weight"},
        {"post_attention_norm.weight", "post_attention_layernorm.weight"},
        {"post_ffw_norm.weight", "post_feedforward_layernorm.weight"}};
    if (gguf == "token_embd.weight") return "model.embed_tokens.weight";
    if (gguf == "output_norm.weight") return "model.norm.weight";
    if (gguf == "output.weight") return "lm_head.weight";
    const std::size_t dot = gguf.find('.', 4);
    const std::string layer = "model.layers." + gguf.substr(4, dot - 4) + ".";
    const std::string part = gguf.substr(dot + 1);
    if (part == "ffn_up.weight")
      return layer + (config.fused ? "mlp.gate_up_proj.weight" : "mlp.up_proj.weight");
    if (part == "ffn_norm.weight")
      return layer + (config.post_norms ? "pre_feedforward_layernorm.weight"
                                        : "post_attention_layernorm.weight");
    return layer + kParts.at(part);
  }

  /// Of llama's q and k: view(heads, n / 2, 2, in) transposed to (heads, 2, n / 2, in), the inverse
  /// of what llama.cpp's converter does.
  static std::vector<float> apart(const std::vector<float>& rows, std::int64_t in, std::int64_t n) {
    std::vector<float> out(rows.size());
    const auto count = static_cast<std::int64_t>(rows.size()) / in;
    for (std::int64_t row = 0; row < count; ++row) {
      const std::int64_t head = row / n;
      const std::int64_t pair = row % n / 2;
      const std::int64_t side = row % 2;
      const std::int64_t to = head * n + side * (n / 2) + pair;
      std::copy_n(rows.begin() + row * in, in, out.begin() + to * in);
    }
    return out;
  }

  void save(const GgufFile& file, const LlamaConfig& config) {
    std::map<std::string, SafetensorsTensor> first;
    std::map<std::string, SafetensorsTensor> second;
    for (const GgufTensor& tensor : file.tensors()) {
      std::vector<float> values = file.to_f32(tensor).value();
      const bool turned =
          config.architecture == "llama" &&
          (tensor.name.ends_with("attn_q.weight") || tensor.name.ends_with("attn_k.weight"));
      if (turned) values = apart(values, tensor.shape[0], config.head_dimension);
      if (config.architecture.starts_with("gemma") && tensor.name.ends_with("norm.weight")) {
        for (float& value : values) value -= 1;
      }
      std::vector<std::int64_t> shape(tensor.shape.rbegin(), tensor.shape.rend());
      auto& shard = first.size() <= second.size() ? first : second;
      shard[hf_name(tensor.name, config)] = {std::move(shape), std::move(values)};
    }
    write("model-00001-of-00002.safetensors", write_safetensors(first, {}).value());
    write("model-00002-of-00002.safetensors", write_safetensors(second, {}).value());
    write("config.json", config_of(config).dump());
    write("tokenizer.json", tokenizer_of(file).dump());
    const Json settings{{"bos_token", "<|im_start|>"},
                        {"eos_token", {{"content", "<|im_end|>"}}},
                        {"pad_token", "<|im_end|>"},
                        {"chat_template", file.text("tokenizer.chat_template").value()}};
    write("tokenizer_config.json", settings.dump());
  }

  std::string folder() const { return root_ + "/model"; }
  std::string out() const { return root_ + "/model.gguf"; }

  std::string root_;
};

std::unique_ptr<GgufFile> tiny(const std::string& family, bool tied) {
  TinyLlamaOptions options;
  options.family = family;
  options.tied_head = tied;
  options.window = 6;
  return GgufFile::from_bytes(make_tiny_llama(7, options).value(), family).value();
}

TEST_F(HfImportTest, GivesBackEveryFamilysTensorsAndTokens) {
  for (const auto& [family, type] : model_types()) {
    SCOPED_TRACE(family);
    const auto original = tiny(family, family != "qwen3");
    const auto config = LlamaConfig::from_gguf(*original).value();
    save(*original, config);
    std::filesystem::remove(out());
    const auto imported = import_hf(Env::posix(), folder(), out());
    ASSERT_TRUE(imported.ok()) << imported.error().message();
    EXPECT_EQ(imported->architecture, family);
    const auto made = GgufFile::open(out()).value();
    ASSERT_EQ(made->tensors().size(), original->tensors().size());
    for (const GgufTensor& tensor : original->tensors()) {
      const GgufTensor* other = made->find(tensor.name);
      ASSERT_NE(other, nullptr) << tensor.name;
      const auto expected = original->to_f32(tensor).value();
      const auto got = made->to_f32(*other).value();
      ASSERT_EQ(got.size(), expected.size());
      for (std::size_t i = 0; i < got.size(); ++i)
        ASSERT_NEAR(got[i], expected[i], 2e-7f) << tensor.name << " " << i;
    }
    const auto again = LlamaConfig::from_gguf(*made).value();
    EXPECT_EQ(again.window, config.window);
    EXPECT_EQ(again.attention_softcap, config.attention_softcap);
    EXPECT_EQ(again.tied_head, config.tied_head);
    for (const char* key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"})
      EXPECT_EQ(made->integer(key).value(), original->integer(key).value());
    const auto tokenizer = Tokenizer::open(out()).value();
    EXPECT_EQ(tokenizer->decode(tokenizer->encode("the hand 12", false, false), false),
              "the hand 12");
  }
}

TEST_F(HfImportTest, NamesWhatIsWrong) {
  const auto original = tiny("llama", true);
  const auto config = LlamaConfig::from_gguf(*original).value();
  save(*original, config);
  const auto refusal = [&] {
    const auto refused = import_hf(Env::posix(), folder(), out());
    EXPECT_FALSE(refused.ok());
    EXPECT_FALSE(std::filesystem::exists(out()));
    EXPECT_FALSE(std::filesystem::exists(out() + ".part"));
    return refused.ok() ? std::string() : refused.error().message();
  };
  const auto with = [&](const char* key, const Json& value) {
    Json json = config_of(config);
    json[key] = value;
    write("config.json", json.dump());
    return refusal();
  };
  EXPECT_THAT(with("model_type", "mamba"), HasSubstr("model_type=mamba"));
  EXPECT_THAT(with("hidden_act", "relu"), HasSubstr("hidden_act"));
  EXPECT_THAT(with("num_hidden_layers", "two"), HasSubstr("num_hidden_layers"));
  EXPECT_THAT(with("num_hidden_layers", 3), HasSubstr("model.layers.2."));
  EXPECT_THAT(with("num_hidden_layers", 1), HasSubstr("model.layers.1."));
  EXPECT_THAT(with("rope_scaling", {{"rope_type", "yarn"}}), HasSubstr("yarn"));
  EXPECT_THAT(with("attention_bias", true), HasSubstr("attention_bias"));
  EXPECT_THAT(with("vocab_size", 100), HasSubstr("vocab_size"));
  write("config.json", "[]");
  EXPECT_THAT(refusal(), HasSubstr("config.json"));
  write("config.json", config_of(config).dump());
  Json tokenizer = tokenizer_of(*original);
  tokenizer["pre_tokenizer"] = {{"type", "Whitespace"}};
  write("tokenizer.json", tokenizer.dump());
  EXPECT_THAT(refusal(), HasSubstr("tokenizer"));
  write("tokenizer.json", tokenizer_of(*original).dump());
  write("model-00002-of-00002.safetensors", "cut");
  EXPECT_THAT(refusal(), HasSubstr("model-00002"));
}

TEST(HfTokenizer, SentencePieceTokensAreScoredByTheirMerges) {
  Json vocabulary{{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}};
  for (int byte = 0; byte < 256; ++byte) vocabulary[fmt::format("<0x{:02X}>", byte)] = 3 + byte;
  int next = 259;
  for (const char* token : {"a", "b", "c", "ab", "abc", "bc"}) vocabulary[token] = next++;
  const Json tokenizer{
      {"model",
       {{"type", "BPE"},
        {"byte_fallback", true},
        {"unk_token", "<unk>"},
        {"vocab", vocabulary},
        {"merges", Json::parse(R"([["a", "b"], ["ab", "c"], ["b", "c"]])")}}},
      {"added_tokens", Json::array({{{"id", 1}, {"content", "<s>"}, {"special", true}}})},
      {"normalizer",
       {{"type", "Sequence"},
        {"normalizers", Json::array({{{"type", "Prepend"}, {"prepend", "_"}}})}}},
      {"post_processor",
       {{"type", "TemplateProcessing"},
        {"single", {{{"SpecialToken", {{"id", "<s>"}}}}, {{"Sequence", {{"id", "A"}}}}}}}}};
  const auto made =
      hf_vocabulary({tokenizer, {{"bos_token", "<s>"}, {"eos_token", "</s>"}}, ""}, 270, "t");
  ASSERT_TRUE(made.ok()) << made.error().message();
  const auto& scores =
      std::get<std::vector<double>>(std::get<GgufArray>(made->at("tokenizer.ggml.scores")));
  EXPECT_GT(scores[262], scores[263]);  // "ab" before "abc"
  EXPECT_GT(scores[263], scores[264]);  // "abc" before "bc"
  EXPECT_LT(scores[259], scores[264]);
  EXPECT_EQ(std::get<bool>(made->at("tokenizer.ggml.add_bos_token")), true);
  EXPECT_EQ(std::get<bool>(made->at("tokenizer.ggml.add_space_prefix")), true);
  const auto& kinds = std::get<std::vector<std::int64_t>>(
      std::get<GgufArray>(made->at("tokenizer.ggml.token_type")));
  EXPECT_EQ(kinds[0], 2);
  EXPECT_EQ(kinds[1], 3);
  EXPECT_EQ(kinds[5], 6);
  EXPECT_EQ(kinds[269], 5);
}

TEST(HfConfig, Llama3FactorsAreThoseOfTransformers) {
  const Json json{{"model_type", "llama"},
                  {"num_hidden_layers", 1},
                  {"hidden_size", 128},
                  {"intermediate_size", 64},
                  {"num_attention_heads", 2},
                  {"vocab_size", 10},
                  {"max_position_embeddings", 131072},
                  {"rope_theta", 500000.0},
                  {"rope_scaling",
                   {{"rope_type", "llama3"},
                    {"factor", 8.0},
                    {"low_freq_factor", 1.0},
                    {"high_freq_factor", 4.0},
                    {"original_max_position_embeddings", 8192}}}};
  const auto made = read_hf_config(json, "config.json");
  ASSERT_TRUE(made.ok()) << made.error().message();
  ASSERT_EQ(made->rope_factors.size(), 32u);
  EXPECT_EQ(made->rope_factors[0], 1.0f);
  EXPECT_EQ(made->rope_factors[31], 8.0f);
  EXPECT_TRUE(std::is_sorted(made->rope_factors.begin(), made->rope_factors.end()));
}

}  // namespace
}  // namespace residency::model
