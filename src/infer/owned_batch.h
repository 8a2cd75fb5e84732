// OwnedBatch: llama.cpp's batch, owned.
#pragma once

#include <cstdint>
#include <llama.h>

namespace residency::infer {

class OwnedBatch {
 public:
  explicit OwnedBatch(int room) : batch_(llama_batch_init(room, 0, 1)) {}
  ~OwnedBatch() { llama_batch_free(batch_); }
  OwnedBatch(const OwnedBatch&) = delete;
  OwnedBatch& operator=(const OwnedBatch&) = delete;
  llama_batch* operator->() { return &batch_; }
  const llama_batch& operator*() const { return batch_; }

  /// Appends a token; there must be room.
  void add(std::int32_t token, int position, int sequence, bool with_output) {
    const int at = batch_.n_tokens++;
    batch_.token[at] = token;
    batch_.pos[at] = position;
    batch_.n_seq_id[at] = 1;
    batch_.seq_id[at][0] = sequence;
    batch_.logits[at] = with_output ? 1 : 0;
  }

 private:
  llama_batch batch_;
};

}  // namespace residency::infer
