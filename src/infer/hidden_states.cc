#include "infer/hidden_states.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "infer/loaded_model.h"
#include "infer/owned_batch.h"

namespace residency::infer {
namespace {

class LlamaHiddenStates final : public HiddenStates {
 public:
  LlamaHiddenStates(LoadedModel loaded, bool bidirectional)
      : loaded_(std::move(loaded)),
        room_(static_cast<int>(llama_n_batch(loaded_.context.get()))),
        batch_(room_) {
    llama_set_embeddings(loaded_.context.get(), true);
    llama_set_causal_attn(loaded_.context.get(), !bidirectional);
  }

  int context_tokens() const override { return loaded_.context_tokens; }
  std::int64_t width() const override { return loaded_.config.embedding; }

  Result<std::vector<std::vector<float>>> run(
      const std::vector<std::vector<std::int32_t>>& sequences, Wanted wanted,
      const std::function<bool(std::size_t)>& done) override {
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      RESIDENCY_TRY_VOID(check(sequences[i], i));
    }
    std::vector<std::vector<float>> all;
    std::size_t next = 0;
    while (next < sequences.size()) {
      batch_->n_tokens = 0;
      const std::size_t first = next;
      while (next < sequences.size() && next - first < kSequencesMax &&
             batch_->n_tokens + static_cast<int>(sequences[next].size()) <= room_) {
        add(sequences[next], static_cast<int>(next - first), wanted);
        ++next;
      }
      RESIDENCY_TRY_VOID(decode());
      int place = 0;
      for (std::size_t i = first; i < next; ++i) {
        RESIDENCY_TRY(auto states, take(sequences[i].size(), wanted, place));
        all.push_back(std::move(states));
      }
      if (done && !done(next)) return cancelled("stopped between two calls of the model");
    }
    return all;
  }

 private:
  Result<void> check(const std::vector<std::int32_t>& tokens, std::size_t index) const {
    if (tokens.empty() || tokens.size() > static_cast<std::size_t>(loaded_.context_tokens)) {
      return invalid_argument(
          fmt::format("sequence {} has {} tokens: there must be 1 to {}, the model's context",
                      index + 1, tokens.size(), loaded_.context_tokens));
    }
    const int vocabulary = loaded_.vocabulary().size();
    for (const std::int32_t token : tokens) {
      if (token < 0 || token >= vocabulary)
        return invalid_argument(
            fmt::format("token is outside the vocabulary of {}: {}", vocabulary, token));
    }
    return {};
  }

  void add(const std::vector<std::int32_t>& tokens, int sequence, Wanted wanted) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      batch_.add(tokens[i], static_cast<int>(i), sequence,
                 wanted == Wanted::kAll || i + 1 == tokens.size());
    }
  }

  Result<void> decode() {
    loaded_.forget();
    const int code = llama_decode(loaded_.context.get(), *batch_);
    if (code == 0) return {};
    return internal_error(fmt::format("llama.cpp cannot run the model: code {}", code));
  }

  /// The states of a sequence whose first token is at `place` of the batch, which moves behind it.
  Result<std::vector<float>> take(std::size_t tokens, Wanted wanted, int& place) {
    const auto width = static_cast<std::size_t>(loaded_.config.embedding);
    std::vector<float> states;
    states.reserve(wanted == Wanted::kAll ? tokens * width : width);
    for (std::size_t i = 0; i < tokens; ++i, ++place) {
      if (wanted == Wanted::kLast && i + 1 != tokens) continue;
      const float* from = llama_get_embeddings_ith(loaded_.context.get(), place);
      if (from == nullptr) return internal_error("llama.cpp gave no hidden states");
      states.insert(states.end(), from, from + width);
    }
    return states;
  }

  LoadedModel loaded_;
  int room_;
  OwnedBatch batch_;
};

}  // namespace

Result<std::unique_ptr<HiddenStates>> HiddenStates::open(EngineOptions options,
                                                         bool bidirectional) {
  options.hidden_states = true;
  options.parallel_sequences = 1;
  RESIDENCY_TRY(auto loaded, LoadedModel::open(options));
  std::unique_ptr<HiddenStates> states =
      std::make_unique<LlamaHiddenStates>(std::move(loaded), bidirectional);
  return states;
}

}  // namespace residency::infer
