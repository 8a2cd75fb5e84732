#include "model/tiny_model.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <ggml.h>
#include <map>
#include <string_view>
#include <vector>

#include "model/family.h"
#include "model/gguf.h"
#include "model/llama_config.h"

namespace residency::model {
namespace {

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): one multiply-xor chain, the same on all machines.
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ull;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  /// Uniform in [-1, 1), on a grid of 2^-23, so that float holds it exactly.
  float symmetric() { return static_cast<float>(next() >> 40) * 0x1p-23f - 1.0f; }

 private:
  std::uint64_t state_;
};

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else {
    out.push_back(static_cast<char>(0xc0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

/// GPT-2's printable stand-in for each byte: printable Latin-1 stands for itself, the rest for
/// code points from 256 up (Radford et al. 2019, byte-level BPE).
std::vector<std::string> byte_tokens() {
  std::vector<std::string> tokens(256);
  std::uint32_t next = 256;
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    append_utf8(tokens[byte], printable ? byte : next++);
  }
  return tokens;
}

constexpr std::string_view kTemplate =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' "
    "}}{% endif %}";

std::map<std::string, GgufValue> vocabulary_metadata() {
  std::vector<std::string> tokens{"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  std::vector<std::int64_t> kinds(3, 3);  // 3 is a control token, 1 a normal one
  for (auto& token : byte_tokens()) tokens.push_back(std::move(token));
  const std::string space = "\xc4\xa0";  // the stand-in for a space
  const std::vector<std::pair<std::string, std::string>> pairs{
      {space, "t"}, {space, "a"}, {"h", "e"},          {"i", "n"},   {"r", "e"},
      {"o", "n"},   {"e", "r"},   {space + "t", "he"}, {space, "s"}, {"n", "d"},
      {"a", "t"},   {"o", "u"},   {space + "a", "nd"}};
  std::vector<std::string> merges;
  for (const auto& [left, right] : pairs) {
    merges.push_back(fmt::format("{} {}", left, right));
    tokens.push_back(fmt::format("{}{}", left, right));
  }
  kinds.resize(tokens.size(), 1);
  std::map<std::string, GgufValue> metadata;
  metadata["tokenizer.ggml.model"] = std::string("gpt2");
  metadata["tokenizer.ggml.pre"] = std::string("smollm");
  metadata["tokenizer.ggml.tokens"] = GgufArray(std::move(tokens));
  metadata["tokenizer.ggml.token_type"] = GgufArray(std::move(kinds));
  metadata["tokenizer.ggml.merges"] = GgufArray(std::move(merges));
  metadata["tokenizer.ggml.bos_token_id"] = std::uint64_t{1};
  metadata["tokenizer.ggml.eos_token_id"] = std::uint64_t{2};
  metadata["tokenizer.ggml.unknown_token_id"] = std::uint64_t{0};
  metadata["tokenizer.ggml.padding_token_id"] = std::uint64_t{2};
  metadata["tokenizer.ggml.add_bos_token"] = false;
  metadata["tokenizer.ggml.add_space_prefix"] = false;
  metadata["tokenizer.chat_template"] = std::string(kTemplate);
  return metadata;
}

constexpr std::int64_t kTinyVocabulary = 3 + 256 + 13;

std::string random_tensor(SplitMix& random, const ExpectedTensor& tensor) {
  std::int64_t elements = 1;
  for (const auto size : tensor.shape) elements *= size;
  const bool norm = tensor.shape.size() == 1 && !tensor.name.ends_with(".bias");
  // Large enough that the logits differ clearly from token to token and greedy text is varied.
  const float scale = tensor.name == "token_embd.weight"
                          ? 1.0f
                          : 2.0f / std::sqrt(static_cast<float>(tensor.shape[0]));
  std::string data(static_cast<std::size_t>(elements) * sizeof(float), '\0');
  for (std::int64_t i = 0; i < elements; ++i) {
    const float drawn = random.symmetric();
    const float value = norm ? 1.0f + 0.1f * drawn : scale * drawn;
    std::memcpy(data.data() + static_cast<std::size_t>(i) * sizeof(float), &value, sizeof(float));
  }
  return data;
}

bool makes_a_model(const TinyLlamaOptions& options) {
  const auto small = [](std::int64_t value, std::int64_t maximum) {
    return value > 0 && value <= maximum;
  };
  return small(options.layers, 64) && small(options.embedding, 1024) && small(options.heads, 64) &&
         small(options.kv_heads, options.heads) && small(options.feed_forward, 4096) &&
         small(options.context, 1 << 16) && options.heads % options.kv_heads == 0 &&
         options.embedding % (2 * options.heads) == 0 && is_known_family(options.family) &&
         options.head_dimension >= 0 && options.head_dimension <= 512 &&
         options.head_dimension % 2 == 0 && options.window >= 0;
}

}  // namespace

Result<std::string> make_tiny_llama(std::uint64_t seed, const TinyLlamaOptions& options) {
  if (!makes_a_model(options)) return invalid_argument("tiny model's options make no model");
  LlamaConfig config;
  config.layers = options.layers;
  config.embedding = options.embedding;
  config.heads = options.heads;
  config.kv_heads = options.kv_heads;
  config.head_dimension =
      options.head_dimension > 0 ? options.head_dimension : options.embedding / options.heads;
  config.feed_forward = options.feed_forward;
  config.vocabulary = kTinyVocabulary;
  config.tied_head = options.tied_head;
  config.architecture = options.family;
  set_family(config);

  auto metadata = vocabulary_metadata();
  const auto count = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  metadata["general.architecture"] = options.family;
  const std::string prefix = options.family + ".";
  metadata["general.type"] = std::string("model");
  // llama.cpp asks for certain tokens where a name says Phi-3.
  metadata["general.name"] = std::string(options.family == "llama" ? "tiny-llama" : "tiny");
  metadata["general.file_type"] = std::uint64_t{0};
  metadata[prefix + "block_count"] = count(options.layers);
  metadata[prefix + "context_length"] = count(options.context);
  metadata[prefix + "embedding_length"] = count(options.embedding);
  metadata[prefix + "feed_forward_length"] = count(options.feed_forward);
  metadata[prefix + "attention.head_count"] = count(options.heads);
  metadata[prefix + "attention.head_count_kv"] = count(options.kv_heads);
  metadata[prefix + "attention.layer_norm_rms_epsilon"] = static_cast<double>(1e-5f);
  metadata[prefix + "rope.freq_base"] = 10000.0;
  metadata[prefix + "rope.dimension_count"] = count(config.head_dimension);
  metadata[prefix + "vocab_size"] = count(kTinyVocabulary);

  metadata[prefix + "attention.key_length"] = count(config.head_dimension);
  metadata[prefix + "attention.value_length"] = count(config.head_dimension);
  if (config.window_pattern > 1 && options.window > 0)
    metadata[prefix + "attention.sliding_window"] = count(options.window);

  SplitMix random(seed);
  std::vector<GgufTensorData> tensors;
  for (const auto& tensor : expected_tensors(config)) {
    tensors.push_back({tensor.name, tensor.shape, GGML_TYPE_F32, random_tensor(random, tensor)});
  }
  return write_gguf(metadata, tensors);
}

}  // namespace residency::model
