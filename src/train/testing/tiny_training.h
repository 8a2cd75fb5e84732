// A tiny model with an adapter and sequences, for tests of training.
#pragma once

#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "model/gguf_quant.h"
#include "model/tiny_model.h"
#include "train/engine.h"
#include "train/random.h"
#include "train/train.h"

namespace residency::train::testing {

struct TinyModel {
  std::unique_ptr<model::GgufFile> file;
  model::LlamaConfig config;
  AdapterLayout layout;

  explicit TinyModel(std::int64_t rank = 4, const model::TinyLlamaOptions& options = {}) {
    auto bytes = model::make_tiny_llama(7, options);
    file = std::move(model::GgufFile::from_bytes(std::move(bytes).value(), "tiny").value());
    config = model::LlamaConfig::from_gguf(*file).value();
    LoraOptions lora;
    lora.rank = rank;
    lora.alpha = 8;
    layout = make_layout(config, lora);
  }

  /// The model with every weight trained.
  static TinyModel full(const model::TinyLlamaOptions& options = {}) {
    TinyModel tiny(4, options);
    tiny.layout = make_full_layout(tiny.config);
    return tiny;
  }

  /// Values with A and B both away from zero.
  std::vector<float> values(std::uint64_t seed) const {
    Random random(seed);
    std::vector<float> all(static_cast<std::size_t>(layout.size));
    for (float& value : all) value = static_cast<float>(random.uniform() - 0.5) * 0.3f;
    return all;
  }
};

/// The tiny model with its matrices in q4_k, q4_0 and q8_0 by turns, and one left in F32.
inline TinyModel quantised_tiny(std::int64_t rank = 4, bool tied_head = true) {
  model::TinyLlamaOptions options;
  options.embedding = 256;
  options.feed_forward = 256;
  options.tied_head = tied_head;
  TinyModel tiny(rank, options);
  constexpr std::uint32_t kTypes[] = {model::kTypeQ4K, model::kTypeQ4_0, model::kTypeQ8_0};
  std::vector<model::GgufTensorData> tensors;
  std::size_t turn = 0;
  for (const model::GgufTensor& tensor : tiny.file->tensors()) {
    const auto data = tiny.file->data(tensor);
    model::GgufTensorData to{tensor.name, tensor.shape, tensor.type,
                             std::string(reinterpret_cast<const char*>(data.data()), data.size())};
    if (tensor.shape.size() == 2 && tensor.name != "blk.1.attn_v.weight") {
      to.type = kTypes[turn++ % std::size(kTypes)];
      to.data = model::quantise_values(to.type, tiny.file->to_f32(tensor).value()).value();
    }
    tensors.push_back(std::move(to));
  }
  auto bytes = model::write_gguf(tiny.file->metadata(), tensors);
  tiny.file = std::move(model::GgufFile::from_bytes(std::move(bytes).value(), "quantised").value());
  return tiny;
}

/// Segments of the given lengths with random tokens; about two thirds of the places have targets.
inline dataset::PackedSequence random_sequence(const std::vector<std::int64_t>& lengths,
                                               std::int64_t vocabulary, std::uint64_t seed) {
  Random random(seed);
  dataset::PackedSequence sequence;
  sequence.segment_starts.push_back(0);
  for (const std::int64_t length : lengths) {
    for (std::int64_t i = 0; i < length; ++i) {
      const auto draw = [&] {
        return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocabulary)));
      };
      sequence.tokens.push_back(draw());
      sequence.targets.push_back(random.below(3) == 0 ? -1 : draw());
      sequence.positions.push_back(static_cast<std::int32_t>(i));
    }
    sequence.segment_starts.push_back(sequence.tokens.size());
  }
  return sequence;
}

/// One segment of a packed sequence on its own.
inline dataset::PackedSequence segment_of(const dataset::PackedSequence& from, std::size_t i) {
  const auto part = [&](const std::vector<std::int32_t>& all) {
    return std::vector<std::int32_t>(
        all.begin() + static_cast<std::ptrdiff_t>(from.segment_starts[i]),
        all.begin() + static_cast<std::ptrdiff_t>(from.segment_starts[i + 1]));
  };
  dataset::PackedSequence one;
  one.tokens = part(from.tokens);
  one.targets = part(from.targets);
  one.positions = part(from.positions);
  one.segment_starts = {0, one.tokens.size()};
  return one;
}

/// |a - b| / |b|, over all values.
inline double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    size += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(difference / size);
}

class MemoryStore final : public CheckpointStore {
 public:
  Result<void> put(const std::string& name, std::string_view bytes) override {
    ++puts;
    blobs[name] = std::string(bytes);
    return {};
  }
  Result<std::optional<std::string>> get(const std::string& name) override {
    const auto found = blobs.find(name);
    if (found == blobs.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }
  Result<void> remove(const std::string& name) override {
    blobs.erase(name);
    return {};
  }
  std::map<std::string, std::string> blobs;
  int puts = 0;
};

class Steps final : public MetricSink {
 public:
  void step(const StepMetrics& metrics) override { all.push_back(metrics); }
  std::vector<StepMetrics> all;
};

/// Asks to stop once `steps` are done.
class StopAfter final : public Progress {
 public:
  explicit StopAfter(std::uint64_t steps) : steps_(steps) {}
  void update(std::uint64_t done, std::uint64_t, std::string_view, std::string_view) override {
    done_ = done;
  }
  bool cancelled() const override { return done_ >= steps_; }

 private:
  std::uint64_t steps_;
  std::uint64_t done_ = 0;
};

}  // namespace residency::train::testing
