#include "infer/batch_loop.h"

#include <algorithm>
#include <utility>

namespace residency::infer {
namespace {

/// So many idle sequences between two running ones are computed along rather than pass twice over
/// the weights.
constexpr std::size_t kGapMax = 2;

llama_seq_id sequence(std::size_t slot) { return static_cast<llama_seq_id>(slot); }

}  // namespace

BatchLoop::BatchLoop(LoadedModel& loaded, const BatchEngineOptions& options,
                     AdapterChooser* chooser)
    : loaded_(loaded),
      options_(options),
      chooser_(chooser),
      pool_(static_cast<std::size_t>(loaded.sequences), options.prefix_cache),
      running_(static_cast<std::size_t>(loaded.sequences)) {}

void BatchLoop::round() {
  drop_unwanted();
  start_waiting();
  compute_prompts();
  compute_tokens();
}

BatchEngineStats BatchLoop::stats() const {
  BatchEngineStats now = stats_;
  now.running = pool_.busy();
  now.waiting = waiting_.size();
  return now;
}

void BatchLoop::drop_unwanted() {
  const auto now = std::chrono::steady_clock::now();
  for (auto& request : waiting_) {
    if (request->wanted(now)) continue;
    request->cancel();
    request.reset();
  }
  std::erase(waiting_, nullptr);
  for (std::size_t slot = 0; slot < running_.size(); ++slot) {
    if (running_[slot] == nullptr || running_[slot]->wanted(now)) continue;
    running_[slot]->cancel();
    release(slot);
  }
}

void BatchLoop::cancel_all() {
  for (auto& request : waiting_) request->cancel();
  waiting_.clear();
  for (std::size_t slot = 0; slot < running_.size(); ++slot) {
    if (running_[slot] == nullptr) continue;
    running_[slot]->cancel();
    release(slot);
  }
}

void BatchLoop::start_waiting() {
  while (!waiting_.empty()) {
    const auto placement = pool_.take(waiting_.front()->prompt(), waiting_.front()->variant());
    if (!placement) return;
    place(*placement);
    auto request = std::move(waiting_.front());
    waiting_.pop_front();
    request->start(*placement);
    stats_.cached_tokens += placement->kept;
    prompts_.push_back(placement->slot);
    running_[placement->slot] = std::move(request);
  }
}

void BatchLoop::place(const Placement& placement) {
  auto* memory = llama_get_memory(loaded_.context.get());
  if (placement.save_to) {
    llama_memory_seq_cp(memory, sequence(placement.slot), sequence(*placement.save_to), -1, -1);
  }
  if (placement.copy_from) {
    llama_memory_seq_cp(memory, sequence(*placement.copy_from), sequence(placement.slot), -1, -1);
  }
  llama_memory_seq_rm(memory, sequence(placement.slot), static_cast<llama_pos>(placement.kept), -1);
}

void BatchLoop::release(std::size_t slot) {
  running_[slot].reset();
  std::erase(prompts_, slot);
  pool_.give_back(slot);
  if (options_.prefix_cache) return;
  llama_memory_seq_rm(llama_get_memory(loaded_.context.get()), sequence(slot), -1, -1);
}

void BatchLoop::add_pad(std::size_t slot) {
  batch_.add(0, static_cast<int>(pool_.at(slot).computed.size()), static_cast<int>(slot), true);
  pads_.push_back(slot);
}

/// Runs the batch. `lone_slot`, where it is one, is the only sequence in it.
Result<void> BatchLoop::decode(std::size_t lone_slot) {
  if (options_.exact && batch_.size() == 1) {
    add_pad(lone_slot);
    if (chooser_ != nullptr) chooser_->add(pool_.at(lone_slot).variant, true);
  }
  ++stats_.steps;
  auto decoded = batch_.decode(loaded_.context.get());
  for (const std::size_t slot : pads_) {
    llama_memory_seq_rm(llama_get_memory(loaded_.context.get()), sequence(slot),
                        static_cast<llama_pos>(pool_.at(slot).computed.size()), -1);
  }
  pads_.clear();
  return decoded;
}

void BatchLoop::compute_prompts() {
  int left = options_.prompt_tokens_step;
  while (left > 0 && !prompts_.empty()) {
    const std::size_t slot = prompts_.front();
    batch_.clear();
    if (chooser_ != nullptr) chooser_->clear();
    Slot& state = pool_.at(slot);
    // A prompt is computed in the same pieces whoever runs beside it.
    const int added = running_[slot]->add_prompt(batch_, state, kBatchTokens);
    const bool whole = !running_[slot]->in_prompt(state);
    if (chooser_ != nullptr) {
      for (int i = 0; i < added; ++i) chooser_->add(state.variant, whole && i + 1 == added);
    }
    left -= added;
    stats_.prompt_tokens += static_cast<std::uint64_t>(added);
    if (const auto decoded = decode(slot); !decoded.ok()) {
      fail(slot, slot + 1, decoded.error());
      continue;
    }
    if (!whole) continue;
    prompts_.pop_front();
    advance(slot);
  }
}

bool BatchLoop::generates(std::size_t slot) const {
  return running_[slot] != nullptr && !running_[slot]->in_prompt(pool_.at(slot));
}

void BatchLoop::compute_tokens() {
  std::size_t first = 0;
  while (first < running_.size()) {
    if (!generates(first)) {
      ++first;
      continue;
    }
    std::size_t end = first + 1;
    for (std::size_t i = end; i < running_.size() && i - end <= kGapMax; ++i) {
      if (generates(i)) end = i + 1;
      // A sequence whose prompt is being computed has no room for a pad.
      if (running_[i] != nullptr && !generates(i)) break;
    }
    compute_run(first, end);
    first = end;
  }
}

/// One token of each sequence from `first` up to `end`, in one pass over the weights.
void BatchLoop::compute_run(std::size_t first, std::size_t end) {
  batch_.clear();
  if (chooser_ != nullptr) chooser_->clear();
  for (std::size_t slot = first; slot < end; ++slot) {
    if (chooser_ != nullptr) chooser_->add(pool_.at(slot).variant, true);
    if (running_[slot] == nullptr) {
      add_pad(slot);
    } else {
      running_[slot]->add_generated(batch_, pool_.at(slot));
    }
  }
  if (const auto decoded = decode(first); !decoded.ok()) return fail(first, end, decoded.error());
  for (std::size_t slot = first; slot < end; ++slot) {
    if (running_[slot] != nullptr) advance(slot);
  }
}

void BatchLoop::advance(std::size_t slot) {
  const int before = running_[slot]->completion_tokens();
  const auto ended = running_[slot]->advance(loaded_, pool_.at(slot));
  stats_.generated_tokens +=
      static_cast<std::uint64_t>(running_[slot]->completion_tokens() - before);
  if (!ended.ok()) return fail(slot, slot + 1, ended.error());
  if (*ended) release(slot);
}

/// What is in the sequences' memory after a failure is not known: it is emptied.
void BatchLoop::fail(std::size_t first, std::size_t end, const Error& error) {
  for (std::size_t slot = first; slot < end; ++slot) {
    pool_.at(slot).computed.clear();
    llama_memory_seq_rm(llama_get_memory(loaded_.context.get()), sequence(slot), -1, -1);
    if (running_[slot] == nullptr) continue;
    running_[slot]->end(error);
    release(slot);
  }
}

}  // namespace residency::infer
