// BatchLoop: the steps by which BatchEngine's thread computes what was submitted.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "infer/adapter_stack.h"
#include "infer/batch_engine.h"
#include "infer/generating.h"
#include "infer/loaded_model.h"
#include "infer/slot_pool.h"
#include "infer/token_batch.h"

namespace residency::infer {

/// Not thread-safe. `chooser` may be null.
class BatchLoop {
 public:
  BatchLoop(LoadedModel& loaded, const BatchEngineOptions& options, AdapterChooser* chooser);

  void take(std::unique_ptr<Generating> request) { waiting_.push_back(std::move(request)); }
  bool idle() const { return waiting_.empty() && pool_.busy() == 0; }
  /// One round: ends what nobody waits for, starts what fits, computes prompts up to the step's
  /// bound, then one token of each running sequence.
  void round();
  void cancel_all();
  BatchEngineStats stats() const;

 private:
  void drop_unwanted();
  void start_waiting();
  void place(const Placement& placement);
  void compute_prompts();
  void compute_tokens();
  void compute_run(std::size_t first, std::size_t end);
  Result<void> decode(std::size_t lone_slot);
  void add_pad(std::size_t slot);
  void advance(std::size_t slot);
  void release(std::size_t slot);
  void fail(std::size_t first, std::size_t end, const Error& error);
  bool generates(std::size_t slot) const;

  LoadedModel& loaded_;
  const BatchEngineOptions& options_;
  AdapterChooser* chooser_;
  SlotPool pool_;
  std::vector<std::unique_ptr<Generating>> running_;  // by slot
  std::deque<std::unique_ptr<Generating>> waiting_;
  std::deque<std::size_t> prompts_;  // slots whose prompt is not computed yet, oldest first
  std::vector<std::size_t> pads_;    // slots to which the batch adds a token that is taken away
  TokenBatch batch_;
  BatchEngineStats stats_;
};

}  // namespace residency::infer
