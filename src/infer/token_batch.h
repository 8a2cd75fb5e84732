// TokenBatch: llama.cpp's batch, owned, with bounds.
#pragma once

#include <cstdint>
#include <llama.h>

#include "base/result.h"
#include "infer/loaded_model.h"

namespace residency::infer {

/// At most kBatchTokens tokens, of them at most kBatchOutputs with logits.
class TokenBatch {
 public:
  TokenBatch() : batch_(llama_batch_init(kBatchTokens, 0, 1)) {}
  ~TokenBatch() { llama_batch_free(batch_); }
  TokenBatch(const TokenBatch&) = delete;
  TokenBatch& operator=(const TokenBatch&) = delete;

  void clear() {
    batch_.n_tokens = 0;
    outputs_ = 0;
  }
  int size() const { return batch_.n_tokens; }
  int room() const { return kBatchTokens - batch_.n_tokens; }
  int outputs_room() const { return kBatchOutputs - outputs_; }

  /// Appends a token; returns its index in the batch. Only where there is room().
  int add(std::int32_t token, int position, int sequence, bool with_logits) {
    RESIDENCY_CHECK(room() > 0 && (!with_logits || outputs_room() > 0));
    const int i = batch_.n_tokens++;
    batch_.token[i] = token;
    batch_.pos[i] = position;
    batch_.n_seq_id[i] = 1;
    batch_.seq_id[i][0] = sequence;
    batch_.logits[i] = with_logits ? 1 : 0;
    outputs_ += with_logits ? 1 : 0;
    return i;
  }

  /// Runs the model over the batch. kInternal where llama.cpp fails.
  Result<void> decode(llama_context* context);

 private:
  llama_batch batch_;
  int outputs_ = 0;
};

}  // namespace residency::infer
