// Sampler: picks the next token from logits.
#pragma once

#include <cstdint>
#include <llama.h>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "infer/engine.h"

namespace residency::infer {

/// One sequence's sampling state. With temperature 0 the largest logit wins, the lower token where
/// two are equal. Otherwise softmax at the temperature over the top_k largest, cut to the smallest
/// set of probability top_p (nucleus sampling: Holtzman et al. 2020), drawn by SplitMix64 from the
/// seed: the same on every machine for the same logits.
class Sampler {
 public:
  /// kInvalidArgument where the options are out of bounds or the grammar does not parse.
  static Result<Sampler> make(const SamplingOptions& options, const llama_vocab* vocabulary);

  /// The next token after logits[0..vocabulary). kInternal where no logit is finite; kInvalidInput
  /// where the grammar allows no token.
  Result<std::int32_t> next(const float* logits, std::int32_t vocabulary);

 private:
  struct GrammarDeleter {
    void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
  };
  struct Candidate {
    float logit;
    std::int32_t token;
  };

  Sampler() = default;
  std::int32_t pick(const std::vector<float>& logits);
  std::int32_t draw(const std::vector<float>& logits);
  bool grammar_allows(std::int32_t token) const;
  void mask_by_grammar(std::vector<float>& logits) const;
  double uniform();

  float temperature_ = 0;
  float top_p_ = 1;
  int top_k_ = 0;
  std::uint64_t state_ = 0;
  std::unique_ptr<llama_sampler, GrammarDeleter> grammar_;
  std::vector<Candidate> candidates_;
};

/// kInvalidArgument naming the field that is out of bounds.
Result<void> check_sampling(const SamplingOptions& options);

}  // namespace residency::infer
