#include "train/reference_engine.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <string>

#include "train/base_weights.h"
#include "train/reference_ops.h"

namespace residency::train {
namespace {

at::ScalarType scalar_type(ReferenceType type) {
  switch (type) {
    case ReferenceType::kFloat64:
      return at::kDouble;
    case ReferenceType::kBfloat16:
      return at::kBFloat16;
    case ReferenceType::kFloat32:
      break;
  }
  return at::kFloat;
}

Error torch_error(const std::exception& failure) {
  const std::string what = failure.what();
  return internal_error("libtorch refused: " + what.substr(0, what.find('\n')));
}

class ReferenceEngine final : public Engine {
 public:
  ReferenceEngine(ReferenceType type, const model::LlamaConfig& config, AdapterLayout layout,
                  std::int64_t tokens_max)
      : type_(scalar_type(type)),
        config_(config),
        layout_(std::move(layout)),
        tokens_max_(tokens_max) {}

  Result<void> load(const model::GgufFile& file) {
    try {
      for (const model::ExpectedTensor& expected : model::expected_tensors(config_)) {
        RESIDENCY_TRY(const std::vector<float> values, base_tensor(file, expected.name));
        at::Tensor tensor = to_tensor(values);
        if (expected.shape.size() == 2) {
          tensor = tensor.view({expected.shape[1], expected.shape[0]});
        }
        weights_[expected.name] = tensor;
      }
      const std::int64_t n = config_.head_dimension;
      const auto half = [&](const std::vector<float>& table) {
        return to_tensor(table).view({-1, n / 2, 2}).select(2, 1).contiguous();
      };
      for (const bool windowed : {false, true}) {
        RESIDENCY_TRY(const RotaryTable rotary, rotary_table(file, config_, tokens_max_, windowed));
        turns_[windowed ? 1 : 0] = {half(rotary.cosines), half(rotary.sines)};
      }
    } catch (const std::exception& failure) {
      return torch_error(failure);
    }
    return {};
  }

  Result<void> set_adapter(std::span<const float> values) override {
    try {
      adapter_.clear();
      for (const AdapterPlace& place : layout_.places) {
        const auto part = [&](std::int64_t offset, std::int64_t rows, std::int64_t columns) {
          const auto begin = values.begin() + offset;
          at::Tensor tensor =
              to_tensor(std::vector<float>(begin, begin + rows * columns)).view({rows, columns});
          return tensor.clone().set_requires_grad(true);
        };
        adapter_[place.tensor] = {part(place.a_offset, place.rank, place.in),
                                  part(place.b_offset, place.out, place.rank),
                                  {},
                                  place.scale};
        if (place.m_offset >= 0) {
          const at::Tensor m = part(place.m_offset, 1, place.out).detach().view({place.out});
          adapter_[place.tensor].magnitude = m.set_requires_grad(true);
        }
      }
      for (const DensePlace& place : layout_.dense) {
        const auto begin = values.begin() + place.offset;
        const at::Tensor tensor = to_tensor(std::vector<float>(begin, begin + place.size()));
        const at::Tensor shaped = weights_.at(place.tensor);
        weights_[place.tensor] = tensor.view(shaped.sizes()).clone().set_requires_grad(true);
      }
      if (layout_.head) {
        const HeadPlace& head = *layout_.head;
        const auto begin = values.begin() + head.offset;
        const auto bias = values.begin() + head.bias_offset();
        head_ = to_tensor({begin, bias}).view({head.labels, head.width});
        head_ = head_.clone().set_requires_grad(true);
        head_bias_ = to_tensor({bias, bias + head.labels}).clone().set_requires_grad(true);
      }
    } catch (const std::exception& failure) {
      return torch_error(failure);
    }
    return {};
  }

  Result<double> accumulate_gradient(const dataset::PackedSequence& sequence, double weight,
                                     std::span<float> gradient) override {
    RESIDENCY_TRY_VOID(check_sequence(sequence, config_, layout_, tokens_max_));
    try {
      for (auto& [name, pair] : adapter_) {
        pair.a.mutable_grad() = at::Tensor();
        pair.b.mutable_grad() = at::Tensor();
        if (pair.magnitude.defined()) pair.magnitude.mutable_grad() = at::Tensor();
      }
      for (const DensePlace& place : layout_.dense)
        weights_.at(place.tensor).mutable_grad() = at::Tensor();
      for (at::Tensor* tensor : {&head_, &head_bias_}) {
        if (tensor->defined()) tensor->mutable_grad() = at::Tensor();
      }
      const Losses losses = place_losses(sequence);
      if (!losses.values.defined()) return 0.0;
      const at::Tensor sum = losses.values.detach().sum();
      (losses.values * losses.weights * weight).sum().backward();
      for (const AdapterPlace& place : layout_.places) {
        const Pair& pair = adapter_.at(place.tensor);
        add(pair.a.grad(), gradient.subspan(static_cast<std::size_t>(place.a_offset)));
        add(pair.b.grad(), gradient.subspan(static_cast<std::size_t>(place.b_offset)));
        if (place.m_offset >= 0)
          add(pair.magnitude.grad(), gradient.subspan(static_cast<std::size_t>(place.m_offset)));
      }
      for (const DensePlace& place : layout_.dense)
        add(weights_.at(place.tensor).grad(),
            gradient.subspan(static_cast<std::size_t>(place.offset)));
      if (layout_.head) {
        add(head_.grad(), gradient.subspan(static_cast<std::size_t>(layout_.head->offset)));
        add(head_bias_.grad(),
            gradient.subspan(static_cast<std::size_t>(layout_.head->bias_offset())));
      }
      return sum.to(at::kDouble).item<double>();
    } catch (const std::exception& failure) {
      return torch_error(failure);
    }
  }

  Result<std::vector<double>> segment_losses(const dataset::PackedSequence& sequence) override {
    RESIDENCY_TRY_VOID(check_sequence(sequence, config_, layout_, tokens_max_));
    try {
      const at::NoGradGuard guard;
      const Losses losses = place_losses(sequence);
      std::vector<double> sums(sequence.segment_starts.size() - 1, 0.0);
      if (!losses.values.defined()) return sums;
      const at::Tensor values = losses.values.to(at::kDouble).contiguous();
      std::size_t segment = 0;
      for (std::size_t i = 0; i < losses.rows.size(); ++i) {
        while (static_cast<std::size_t>(losses.rows[i]) >= sequence.segment_starts[segment + 1])
          ++segment;
        sums[segment] += values.data_ptr<double>()[i];
      }
      return sums;
    } catch (const std::exception& failure) {
      return torch_error(failure);
    }
  }

  Result<double> loss(const dataset::PackedSequence& sequence) override {
    RESIDENCY_TRY_VOID(check_sequence(sequence, config_, layout_, tokens_max_));
    try {
      const at::NoGradGuard guard;
      const Losses losses = place_losses(sequence);
      return losses.values.defined() ? losses.values.sum().to(at::kDouble).item<double>() : 0.0;
    } catch (const std::exception& failure) {
      return torch_error(failure);
    }
  }

  Result<std::vector<float>> logprobs(std::span<const std::int32_t> tokens) override {
    const dataset::PackedSequence sequence = plain_sequence(tokens);
    RESIDENCY_TRY_VOID(check_sequence(sequence, config_, layout_, tokens_max_));
    try {
      const at::NoGradGuard guard;
      const at::Tensor scores = logits(hidden(sequence)).to(at::kFloat);
      const bool many = layout_.head && layout_.head->kind == model::HeadKind::kLabels;
      const at::Tensor all = (many ? scores.sigmoid().log() : scores.log_softmax(-1)).contiguous();
      return std::vector<float>(all.data_ptr<float>(), all.data_ptr<float>() + all.numel());
    } catch (const std::exception& failure) {
      return torch_error(failure);
    }
  }

  PartSeconds seconds() const override { return {}; }
  std::string_view name() const override { return "reference"; }

 private:
  struct Pair {
    at::Tensor a, b, magnitude;  // the last of DoRA
    double scale = 0;
  };
  struct Turns {
    at::Tensor cosines, sines;
  };

  at::Tensor to_tensor(const std::vector<float>& values) const {
    return at::tensor(values, at::TensorOptions().dtype(at::kFloat)).to(type_);
  }

  static void add(const at::Tensor& from, std::span<float> to) {
    if (!from.defined()) return;
    const at::Tensor values = from.to(at::kFloat).contiguous();
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      to[static_cast<std::size_t>(i)] += values.data_ptr<float>()[i];
    }
  }

  at::Tensor linear(const at::Tensor& x, const std::string& name) const {
    const auto found = adapter_.find(name);
    const Pair pair = found == adapter_.end() ? Pair{} : found->second;
    const at::Tensor& weight = weights_.at(name);
    const at::Tensor y = reference::adapted_linear(x, weight, pair.a, pair.b, pair.scale);
    if (!pair.magnitude.defined()) return y;
    return y * reference::row_stretch(weight, pair.a, pair.b, pair.scale, pair.magnitude);
  }

  at::Tensor projected(const at::Tensor& x, std::int64_t layer, const char* part) const {
    at::Tensor y = linear(x, model::block_tensor(layer, part));
    return config_.qkv_bias ? y + weights_.at(model::block_bias(layer, part)) : y;
  }

  at::Tensor attention(const at::Tensor& x, std::int64_t layer, const at::Tensor& positions,
                       const dataset::PackedSequence& sequence) const {
    const std::int64_t n = config_.head_dimension;
    at::Tensor q, k, v;
    if (config_.fused) {
      const at::Tensor all = linear(x, model::block_tensor(layer, "attn_qkv"));
      q = all.narrow(1, 0, config_.heads * n);
      k = all.narrow(1, config_.heads * n, config_.kv_heads * n);
      v = all.narrow(1, (config_.heads + config_.kv_heads) * n, config_.kv_heads * n);
    } else {
      q = projected(x, layer, "attn_q");
      k = projected(x, layer, "attn_k");
      v = projected(x, layer, "attn_v");
    }
    const auto heads = [&](const at::Tensor& t) { return t.reshape({t.size(0), -1, n}); };
    const bool windowed = config_.windowed(layer);
    const Turns& turns = turns_[windowed ? 1 : 0];
    const auto turned = [&](at::Tensor t, const char* norm) {
      t = heads(t);
      if (config_.qk_norm)
        t = reference::norm(t, weights_.at(model::block_tensor(layer, norm)), config_.rms_epsilon);
      const at::Tensor c = turns.cosines.index_select(0, positions);
      const at::Tensor s = turns.sines.index_select(0, positions);
      return config_.rotary_pairs == model::RotaryPairs::kHalves ? reference::rotate_halves(t, c, s)
                                                                 : reference::rotate(t, c, s);
    };
    const reference::AttentionForm form{config_.scale_of_scores(), config_.attention_softcap,
                                        windowed ? config_.window : 0, layout_.causal()};
    const at::Tensor out = reference::attention(turned(q, "attn_q_norm"), turned(k, "attn_k_norm"),
                                                heads(v), sequence.segment_starts, form);
    return linear(out, model::block_tensor(layer, "attn_output"));
  }

  at::Tensor feed_forward(const at::Tensor& x, std::int64_t layer) const {
    at::Tensor gate;
    at::Tensor up = linear(x, model::block_tensor(layer, "ffn_up"));
    if (config_.fused) {
      gate = up.narrow(1, 0, config_.feed_forward);
      up = up.narrow(1, config_.feed_forward, config_.feed_forward);
    } else {
      gate = linear(x, model::block_tensor(layer, "ffn_gate"));
    }
    const at::Tensor h = config_.gate == model::GateFunction::kGelu ? reference::geglu(gate, up)
                                                                    : reference::swiglu(gate, up);
    return linear(h, model::block_tensor(layer, "ffn_down"));
  }

  /// The last norm's output [tokens, embedding].
  at::Tensor hidden(const dataset::PackedSequence& sequence) const {
    const auto ids = at::tensor(sequence.tokens, at::TensorOptions().dtype(at::kInt)).to(at::kLong);
    const auto positions =
        at::tensor(sequence.positions, at::TensorOptions().dtype(at::kInt)).to(at::kLong);
    at::Tensor x = weights_.at("token_embd.weight").index_select(0, ids);
    if (config_.embedding_scale != 1) x = x * config_.embedding_scale;
    for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
      const auto name = [&](const char* part) { return model::block_tensor(layer, part); };
      const auto norm = [&](const at::Tensor& t, const char* part) {
        return reference::norm(t, weights_.at(name(part)), config_.rms_epsilon);
      };
      at::Tensor attended = attention(norm(x, "attn_norm"), layer, positions, sequence);
      if (config_.post_norms) attended = norm(attended, "post_attention_norm");
      x = x + attended;
      at::Tensor fed = feed_forward(norm(x, "ffn_norm"), layer);
      if (config_.post_norms) fed = norm(fed, "post_ffw_norm");
      x = x + fed;
    }
    return reference::norm(x, weights_.at("output_norm.weight"), config_.rms_epsilon);
  }

  at::Tensor logits(const at::Tensor& rows) const {
    if (layout_.head) return at::matmul(rows, head_.t()) + head_bias_;
    const char* head = config_.tied_head ? "token_embd.weight" : "output.weight";
    return reference::softcap(at::matmul(rows, weights_.at(head).t()), config_.final_softcap);
  }

  struct Losses {
    std::vector<std::int64_t> rows;  // places with a target
    at::Tensor values;               // their losses; undefined where there is none
    at::Tensor weights;
  };

  Losses place_losses(const dataset::PackedSequence& sequence) const {
    Losses losses;
    std::vector<std::int64_t> targets;
    std::vector<float> weights;
    const std::vector<float> given = place_weights(sequence);
    for (std::size_t i = 0; i < sequence.targets.size(); ++i) {
      if (sequence.targets[i] < 0) continue;
      losses.rows.push_back(static_cast<std::int64_t>(i));
      targets.push_back(sequence.targets[i]);
      weights.push_back(given.empty() ? 1.0f : given[i]);
    }
    if (losses.rows.empty()) return losses;
    const auto longs = at::TensorOptions().dtype(at::kLong);
    const at::Tensor chosen = hidden(sequence).index_select(0, at::tensor(losses.rows, longs));
    const at::Tensor scores = logits(chosen);
    const at::Tensor wide = type_ == at::kDouble ? scores : scores.to(at::kFloat);
    const bool many = layout_.head && layout_.head->kind == model::HeadKind::kLabels;
    losses.values = many ? set_losses(sequence, losses.rows, wide)
                         : reference::cross_entropies(wide, at::tensor(targets, longs));
    losses.weights =
        at::tensor(weights, at::TensorOptions().dtype(at::kFloat)).to(losses.values.scalar_type());
    return losses;
  }

  /// The sum of each label's binary cross-entropy, by row.
  at::Tensor set_losses(const dataset::PackedSequence& sequence,
                        const std::vector<std::int64_t>& rows, const at::Tensor& scores) const {
    std::vector<float> there(static_cast<std::size_t>(scores.numel()), 0.0f);
    const auto& starts = sequence.segment_starts;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = static_cast<std::size_t>(rows[i]);
      const auto after = std::upper_bound(starts.begin(), starts.end(), row);
      const auto& set = sequence.label_sets[static_cast<std::size_t>(after - starts.begin()) - 1];
      for (const std::int32_t label : set)
        there[i * static_cast<std::size_t>(scores.size(1)) + static_cast<std::size_t>(label)] = 1;
    }
    const at::Tensor wanted = at::tensor(there, at::TensorOptions().dtype(at::kFloat))
                                  .view(scores.sizes())
                                  .to(scores.scalar_type());
    return (at::softplus(scores) - scores * wanted).sum(-1);
  }

  at::ScalarType type_;
  model::LlamaConfig config_;
  AdapterLayout layout_;
  std::int64_t tokens_max_;
  std::map<std::string, at::Tensor> weights_;
  std::map<std::string, Pair> adapter_;
  at::Tensor head_, head_bias_;  // a label head's
  std::array<Turns, 2> turns_;   // of full layers and of windowed ones
};

}  // namespace

Result<std::unique_ptr<Engine>> make_reference_engine(ReferenceType type,
                                                      const model::GgufFile& base,
                                                      const model::LlamaConfig& config,
                                                      const AdapterLayout& layout,
                                                      std::int64_t tokens_max) {
  auto engine = std::make_unique<ReferenceEngine>(type, config, layout, tokens_max);
  RESIDENCY_TRY_VOID(engine->load(base));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace residency::train
