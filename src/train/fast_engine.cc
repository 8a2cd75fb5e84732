#include "train/fast_engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>
#include <type_traits>

#include "train/fast_block.h"
#include "train/label_loss.h"
#include "train/parallel.h"
#include "train/stopwatch.h"
#include "train/token_weights.h"

namespace residency::train {
namespace {

constexpr std::int64_t kHeadRows = 64;  // positions whose logits exist at a time
// The same where the head is trained: each such product passes over all of its gradient.
constexpr std::int64_t kHeadRowsTrained = 256;
constexpr std::int64_t kRowGrain = 32;

template <class T>
class FastEngine final : public Engine {
 public:
  FastEngine(const model::LlamaConfig& config, const AdapterLayout& layout, std::int64_t tokens_max,
             const KernelTable<T>& kernels)
      : config_(config),
        layout_(layout),
        kernels_(kernels),
        tokens_max_(tokens_max),
        head_rows_(layout.is_full() ? kHeadRowsTrained : kHeadRows),
        gradient_size_(static_cast<std::size_t>(layout.size)),
        head_trained_(&kernels),
        vocabulary_padded_(round_up(config.vocabulary, kLanes)),
        attention_(kernels, shape_of(config, layout)) {
    if (layout.head) label_loss_.emplace(*layout.head);
  }

  Result<void> load(const model::GgufFile& file, const AdapterLayout& layout,
                    FastEngineOptions options) {
    const FrozenStore<T> store(file, options.form, kernels_);
    RESIDENCY_TRY(rotary_, rotary_table(file, config_, tokens_max_));
    if (config_.rotary_pairs == model::RotaryPairs::kHalves) part_halves(rotary_);
    RESIDENCY_TRY(norm_, base_tensor(file, "output_norm.weight"));
    RESIDENCY_TRY(tokens_, TokenWeights<T>::create(store, config_));
    const auto offset_of = [&](const char* name) {
      const DensePlace* place = layout.find_dense(name);
      return place == nullptr ? std::int64_t{-1} : place->offset;
    };
    embedding_offset_ = offset_of("token_embd.weight");
    head_offset_ = config_.tied_head ? embedding_offset_ : offset_of("output.weight");
    norm_offset_ = offset_of("output_norm.weight");
    for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
      RESIDENCY_TRY(FastBlock<T> block,
                    FastBlock<T>::create(store, config_, layout, layer, options.recompute));
      blocks_.push_back(std::move(block));
    }
    memories_.resize(blocks_.size());
    return {};
  }

  Result<void> set_adapter(std::span<const float> values) override {
    const Stopwatch watch(stream_.seconds.adapter);
    if (label_loss_) label_loss_->set_values(values);
    if (norm_offset_ >= 0) return set_weights(values);
    if (layout_.is_dora()) {
      for (FastBlock<T>& block : blocks_) RESIDENCY_TRY_VOID(block.set_stretches(values));
    }
    parallel_for(static_cast<std::int64_t>(blocks_.size()), [&](std::int64_t i, std::int64_t) {
      blocks_[static_cast<std::size_t>(i)].set_adapter(values);
    });
    return {};
  }

  Result<double> accumulate_gradient(const dataset::PackedSequence& sequence, double weight,
                                     std::span<float> gradient) override {
    if (gradient.size() != gradient_size_) {
      return internal_error("a gradient of another adapter's size");
    }
    const Stopwatch watch(whole_s_);
    RESIDENCY_TRY_VOID(forward(sequence, true));
    std::fill_n(stream_.dx.data(), stream_.rows * config_.embedding, 0.0f);
    std::fill_n(stream_.dx_rounded.data(), stream_.rows * config_.embedding, T{});
    RESIDENCY_TRY(const double sum,
                  head_loss(sequence, static_cast<float>(weight), gradient.data()));
    const bool full = embedding_offset_ >= 0;
    for (std::size_t i = blocks_.size(); i-- > 0;) {
      RESIDENCY_TRY_VOID(blocks_[i].backward(attention_, rotary_, i == 0 && !full, stream_,
                                             memories_[i], gradient));
    }
    if (full) add_embedding_gradient(sequence.tokens, gradient.data() + embedding_offset_);
    return sum;
  }

  Result<std::vector<double>> segment_losses(const dataset::PackedSequence& sequence) override {
    const Stopwatch watch(whole_s_);
    RESIDENCY_TRY_VOID(forward(sequence, false));
    std::vector<double> sums(sequence.segment_starts.size() - 1, 0.0);
    RESIDENCY_TRY([[maybe_unused]] const double sum, head_loss(sequence, 0, nullptr, &sums));
    return sums;
  }

  Result<double> loss(const dataset::PackedSequence& sequence) override {
    const Stopwatch watch(whole_s_);
    RESIDENCY_TRY_VOID(forward(sequence, false));
    return head_loss(sequence, 0, nullptr);
  }

  Result<std::vector<float>> logprobs(std::span<const std::int32_t> tokens) override {
    RESIDENCY_TRY_VOID(forward(plain_sequence(tokens), false));
    if (label_loss_) {
      std::vector<std::int64_t> every(tokens.size());
      std::iota(every.begin(), every.end(), std::int64_t{0});
      return label_loss_->log_scores(wide_rows(every));
    }
    std::vector<float> all(tokens.size() * static_cast<std::size_t>(config_.vocabulary));
    std::vector<std::int64_t> rows;
    for (std::int64_t first = 0; first < stream_.rows; first += head_rows_) {
      const std::int64_t count = std::min(head_rows_, stream_.rows - first);
      rows.clear();
      for (std::int64_t i = 0; i < count; ++i) rows.push_back(first + i);
      RESIDENCY_TRY_VOID(head_logits(rows));
      parallel_for(count, [&](std::int64_t i, std::int64_t) {
        const float* logits = logits_.data() + i * vocabulary_padded_;
        float* to = all.data() + (first + i) * config_.vocabulary;
        const float largest = *std::max_element(logits, logits + config_.vocabulary);
        double sum = 0;
        for (std::int64_t v = 0; v < config_.vocabulary; ++v) {
          sum += std::exp(static_cast<double>(logits[v] - largest));
        }
        const float shift = largest + static_cast<float>(std::log(sum));
        for (std::int64_t v = 0; v < config_.vocabulary; ++v) to[v] = logits[v] - shift;
      });
    }
    return all;
  }

  void rest() override {
    const PartSeconds seconds = stream_.seconds;
    stream_ = {};
    stream_.seconds = seconds;
    for (BlockMemory<T>& memory : memories_) memory = {};
    logits_ = {};
    dlogits_ = {};
  }

  PartSeconds seconds() const override {
    PartSeconds seconds = stream_.seconds;
    seconds.other = whole_s_ - seconds.gemm - seconds.attention - seconds.loss;
    return seconds;
  }

  std::string_view name() const override { return kernels_.name; }

 private:
  static AttentionShape shape_of(const model::LlamaConfig& config, const AdapterLayout& layout) {
    const std::int64_t n = config.head_dimension;
    return {config.heads,
            config.kv_heads,
            n,
            (config.heads + 2 * config.kv_heads) * n,
            static_cast<float>(config.scale_of_scores()),
            layout.causal()};
  }

  /// From both of a pair side by side to halves of a row, for kernels that turn i with i + n/2.
  void part_halves(RotaryTable& table) const {
    const auto n = static_cast<std::size_t>(config_.head_dimension);
    std::vector<float> row(n);
    for (std::vector<float>* values : {&table.cosines, &table.sines}) {
      for (std::size_t at = 0; at < values->size(); at += n) {
        // The odd one's sine is not negated.
        for (std::size_t i = 0; i < n / 2; ++i) row[i] = row[i + n / 2] = (*values)[at + 2 * i + 1];
        std::copy(row.begin(), row.end(), values->begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
  }

  /// Full fine-tuning: every weight anew.
  Result<void> set_weights(std::span<const float> values) {
    const std::int64_t n = config_.embedding;
    std::copy_n(values.begin() + norm_offset_, n, norm_.begin());
    RESIDENCY_TRY_VOID(tokens_.set_weights(values, embedding_offset_, head_offset_, kernels_));
    for (FastBlock<T>& block : blocks_) RESIDENCY_TRY_VOID(block.set_weights(values, scratch_));
    return {};
  }

  /// Adds the stream's gradient to the rows of the sequence's tokens.
  void add_embedding_gradient(const std::vector<std::int32_t>& tokens, float* gradient) {
    const std::int64_t n = config_.embedding;
    const auto scale = static_cast<float>(config_.embedding_scale);
    parallel_ranges(n, 64, [&](std::int64_t begin, std::int64_t end) {
      for (std::size_t row = 0; row < tokens.size(); ++row) {
        float* to = gradient + tokens[row] * n;
        const float* from = stream_.dx.data() + static_cast<std::int64_t>(row) * n;
        for (std::int64_t i = begin; i < end; ++i) to[i] += scale * from[i];
      }
    });
  }

  void reserve(std::int64_t rows, bool saves) {
    const std::int64_t padded = round_up(rows, kRowBlock);
    const std::int64_t n = config_.embedding;
    const std::int64_t widest = std::max(config_.feed_forward, attention_.shape().stride);
    const std::int64_t heads = std::max(n, config_.heads * config_.head_dimension);
    stream_.x.reserve(padded * n);
    for (auto* buffer :
         {&stream_.y, &stream_.narrow1, &stream_.narrow2, &final_normal_, &final_out_}) {
      buffer->reserve(padded * heads);
    }
    stream_.wide1.reserve(padded * widest);
    final_inverse_.reserve(padded);
    for (std::size_t i = 0; i < (saves ? blocks_.size() : 1); ++i) {
      blocks_[i].reserve(rows, memories_[i], stream_);
    }
    if (!saves) return;
    stream_.dx.reserve(padded * n);
    stream_.dx_rounded.reserve(padded * n);
    stream_.wide2.reserve(padded * widest);
    stream_.wide3.reserve(padded * 2 * widest);
  }

  /// Runs all blocks and the last norm; `saves` keeps what backward needs.
  Result<void> forward(const dataset::PackedSequence& sequence, bool saves) {
    RESIDENCY_TRY_VOID(check_sequence(sequence, config_, layout_, tokens_max_));
    const auto rows = static_cast<std::int64_t>(sequence.tokens.size());
    const std::int64_t n = config_.embedding;
    reserve(rows, saves);
    stream_.rows = rows;
    stream_.positions = sequence.positions.data();
    attention_.set_segments(sequence.segment_starts);
    const auto scale = static_cast<float>(config_.embedding_scale);
    parallel_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        float* x = stream_.x.data() + row * n;
        tokens_.embed(sequence.tokens[static_cast<std::size_t>(row)], x);
        for (std::int64_t i = 0; i < n; ++i) x[i] *= scale;
      }
    });
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      RESIDENCY_TRY_VOID(
          blocks_[i].forward(attention_, rotary_, i > 0, stream_, memories_[saves ? i : 0]));
    }
    parallel_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      kernels_.norm(stream_.x.data() + begin * n, stream_.y.data() + begin * n, norm_.data(),
                    end - begin, n, static_cast<float>(config_.rms_epsilon),
                    final_normal_.data() + begin * n, final_out_.data() + begin * n,
                    final_inverse_.data() + begin);
    });
    return {};
  }

  /// Fills logits_ for the given rows, at most head_rows_.
  Result<void> head_logits(const std::vector<std::int64_t>& rows) {
    const std::int64_t n = config_.embedding;
    head_input_.reserve(head_rows_ * n);
    logits_.reserve(head_rows_ * vocabulary_padded_);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::copy_n(final_out_.data() + rows[i] * n, n,
                  head_input_.data() + static_cast<std::int64_t>(i) * n);
    }
    const Stopwatch watch(stream_.seconds.gemm);
    return tokens_.head().forward_wide(head_input_.data(), static_cast<std::int64_t>(rows.size()),
                                       logits_.data());
  }

  /// The sum of losses; with a `gradient` also puts the last norm's input gradient into the stream.
  /// `by_segment` may be null: the sums of each segment's losses.
  Result<double> head_loss(const dataset::PackedSequence& sequence, float weight, float* gradient,
                           std::vector<double>* by_segment = nullptr) {
    const std::vector<std::int32_t>& targets = sequence.targets;
    const std::vector<float> weights = place_weights(sequence);
    const bool backward = gradient != nullptr;
    std::size_t segment = 0;
    std::vector<std::int64_t> supervised;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] >= 0) supervised.push_back(static_cast<std::int64_t>(i));
    }
    double sum = 0;
    std::vector<float> losses;
    for (std::size_t first = 0; first < supervised.size(); first += head_rows_) {
      const auto begin = supervised.begin() + static_cast<std::ptrdiff_t>(first);
      const auto count = std::min<std::ptrdiff_t>(head_rows_, supervised.end() - begin);
      const std::vector<std::int64_t> rows(begin, begin + count);
      if (label_loss_) {
        losses = label_losses(sequence, rows, weight, weights, gradient);
      } else {
        RESIDENCY_TRY_VOID(head_logits(rows));
        if (backward) dlogits_.reserve(head_rows_ * vocabulary_padded_);
        losses.resize(rows.size());

        const Stopwatch watch(stream_.seconds.loss);
        parallel_for(count, [&](std::int64_t i, std::int64_t) {
          const std::int64_t at = i * vocabulary_padded_;
          const auto row = static_cast<std::size_t>(rows[static_cast<std::size_t>(i)]);
          losses[static_cast<std::size_t>(i)] =
              kernels_.cross_entropy(logits_.data() + at, config_.vocabulary, vocabulary_padded_,
                                     targets[row], weights.empty() ? weight : weight * weights[row],
                                     backward ? dlogits_.data() + at : nullptr);
        });
      }
      for (std::size_t i = 0; i < losses.size(); ++i) {
        sum += static_cast<double>(losses[i]);
        if (by_segment == nullptr) continue;
        while (static_cast<std::size_t>(rows[i]) >= sequence.segment_starts[segment + 1]) ++segment;
        (*by_segment)[segment] += static_cast<double>(losses[i]);
      }
      if (backward && !label_loss_) RESIDENCY_TRY_VOID(head_backward(rows, gradient));
      if (backward) norm_backward(rows, gradient);
    }
    return sum;
  }

  /// The last norm's outputs of some rows in fp32.
  std::vector<float> wide_rows(const std::vector<std::int64_t>& rows) const {
    const std::int64_t n = config_.embedding;
    std::vector<float> wide(rows.size() * static_cast<std::size_t>(n));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const T* from = final_out_.data() + rows[row] * n;
      float* to = wide.data() + static_cast<std::int64_t>(row) * n;
      for (std::int64_t i = 0; i < n; ++i) to[i] = widen(from[i]);
    }
    return wide;
  }

  /// A label head's losses; with a `gradient` also fills head_gradient_.
  std::vector<float> label_losses(const dataset::PackedSequence& sequence,
                                  const std::vector<std::int64_t>& rows, float weight,
                                  const std::vector<float>& weights, float* gradient) {
    const Stopwatch watch(stream_.seconds.loss);
    const std::vector<float> x = wide_rows(rows);
    std::vector<float> dx(gradient == nullptr ? 0 : x.size());
    auto losses = label_loss_->losses(sequence, rows, x, weight, weights, gradient, dx);
    head_gradient_.reserve(head_rows_ * config_.embedding);
    for (std::size_t i = 0; i < dx.size(); ++i) {
      if constexpr (std::is_same_v<T, float>) {
        head_gradient_.data()[i] = dx[i];
      } else {
        head_gradient_.data()[i] = round_bf16(dx[i]);
      }
    }
    return losses;
  }

  Result<void> head_backward(const std::vector<std::int64_t>& rows, float* gradient) {
    const std::int64_t n = config_.embedding;
    if (head_offset_ >= 0) {
      RESIDENCY_TRY_VOID(head_trained_.add(
          dlogits_.data(), vocabulary_padded_, config_.vocabulary, head_input_.data(), n,
          static_cast<std::int64_t>(rows.size()), gradient + head_offset_));
    }
    head_gradient_.reserve(head_rows_ * n);
    {
      const Stopwatch watch(stream_.seconds.gemm);
      RESIDENCY_TRY_VOID(tokens_.head().backward(
          dlogits_.data(), static_cast<std::int64_t>(rows.size()), head_gradient_.data(), false));
    }
    return {};
  }

  /// From head_gradient_ through the last norm into the stream.
  void norm_backward(const std::vector<std::int64_t>& rows, float* gradient) {
    const std::int64_t n = config_.embedding;
    if (norm_offset_ >= 0) add_final_norm_gradient(rows, gradient + norm_offset_);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int64_t at = rows[i] * n;
      kernels_.norm_backward(head_gradient_.data() + static_cast<std::int64_t>(i) * n,
                             final_normal_.data() + at, norm_.data(),
                             final_inverse_.data() + rows[i], 1, n, stream_.dx.data() + at,
                             stream_.dx_rounded.data() + at);
    }
  }

  void add_final_norm_gradient(const std::vector<std::int64_t>& rows, float* gradient) {
    const std::int64_t n = config_.embedding;
    parallel_ranges(n, 64, [&](std::int64_t begin, std::int64_t end) {
      for (std::size_t row = 0; row < rows.size(); ++row) {
        const T* dout = head_gradient_.data() + static_cast<std::int64_t>(row) * n;
        const T* normal = final_normal_.data() + rows[row] * n;
        for (std::int64_t i = begin; i < end; ++i) gradient[i] += widen(dout[i]) * widen(normal[i]);
      }
    });
  }

  model::LlamaConfig config_;
  AdapterLayout layout_;
  std::optional<LabelLoss> label_loss_;  // in place of the head that says tokens
  const KernelTable<T>& kernels_;
  std::int64_t tokens_max_;
  std::int64_t head_rows_;
  std::size_t gradient_size_;
  // Places in the trained values; -1: not trained.
  std::int64_t embedding_offset_ = -1;
  std::int64_t head_offset_ = -1;
  std::int64_t norm_offset_ = -1;
  DenseGradient<T> head_trained_;
  std::int64_t vocabulary_padded_;
  FastAttention<T> attention_;
  RotaryTable rotary_;
  std::vector<float> norm_;
  TokenWeights<T> tokens_;
  AlignedBuffer<T> scratch_;  // of set_weights()
  std::vector<FastBlock<T>> blocks_;
  std::vector<BlockMemory<T>> memories_;
  StreamMemory<T> stream_;
  AlignedBuffer<T> final_normal_, final_out_, head_input_, dlogits_, head_gradient_;
  AlignedBuffer<float> final_inverse_, logits_;
  double whole_s_ = 0;
};

template <class T>
Result<std::unique_ptr<Engine>> make(const model::GgufFile& base, const model::LlamaConfig& config,
                                     const AdapterLayout& layout, std::int64_t tokens_max,
                                     InstructionSet set, FastEngineOptions options) {
  auto engine = std::make_unique<FastEngine<T>>(config, layout, tokens_max, kernels<T>(set));
  RESIDENCY_TRY_VOID(engine->load(base, layout, options));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace

std::string fast_engine_refusal(const model::LlamaConfig& config) {
  if (config.post_norms || config.window > 0 || config.attention_softcap > 0 ||
      config.final_softcap > 0) {
    return "it is of the family " + config.architecture;
  }
  if (config.rotary_pairs == model::RotaryPairs::kHalves &&
      config.head_dimension % (2 * kLanes) != 0) {
    return "half a head of the model is no multiple of 16";
  }
  for (const std::int64_t n : {config.embedding, config.head_dimension, config.feed_forward}) {
    if (n % kLanes != 0) return "a width of the model is no multiple of 16";
  }
  return "";
}

Result<std::unique_ptr<Engine>> make_fast_engine(Precision precision, const model::GgufFile& base,
                                                 const model::LlamaConfig& config,
                                                 const AdapterLayout& layout,
                                                 std::int64_t tokens_max, InstructionSet set,
                                                 FastEngineOptions options) {
  return precision == Precision::kBf16
             ? make<Bf16>(base, config, layout, tokens_max, set, options)
             : make<float>(base, config, layout, tokens_max, set, options);
}

}  // namespace residency::train
