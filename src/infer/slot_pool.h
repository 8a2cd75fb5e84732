// SlotPool: which of llama.cpp's sequences computes a request, and what it may keep of what was
// computed before. Knows nothing of llama.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace residency::infer {

using Tokens = std::vector<std::int32_t>;

struct Slot {
  Tokens computed;  // the tokens in the sequence's memory, in order
  std::size_t variant = 0;
  bool busy = false;
  std::uint64_t used_at = 0;
};

/// Where a request goes. The steps are to be done in this order: save, copy, cut to `kept`.
struct Placement {
  std::size_t slot = 0;
  std::optional<std::size_t> save_to;    // copy the slot's memory there first
  std::optional<std::size_t> copy_from;  // then take that sequence's memory
  std::size_t kept = 0;                  // tokens at the front that need not be computed
};

/// Running sequences are kept at the front, since llama.cpp computes neighbours in one pass.
class SlotPool {
 public:
  SlotPool(std::size_t slots, bool keep) : slots_(slots), keep_(keep) {}

  Slot& at(std::size_t slot) { return slots_[slot]; }
  const Slot& at(std::size_t slot) const { return slots_[slot]; }
  std::size_t size() const { return slots_.size(); }
  std::size_t busy() const;

  /// Takes a slot for a request of at least one token and sets its state as it is after the steps;
  /// none where all are busy.
  std::optional<Placement> take(const Tokens& prompt, std::size_t variant);
  void give_back(std::size_t slot);

  /// A copy costs about as much as computing so many tokens.
  static constexpr std::size_t kCopyTokensMin = 48;

 private:
  std::size_t alike(const Slot& slot, const Tokens& prompt, std::size_t variant) const;
  std::optional<std::size_t> oldest_free(std::size_t from) const;

  std::vector<Slot> slots_;
  bool keep_;
  std::uint64_t clock_ = 0;
};

}  // namespace residency::infer
