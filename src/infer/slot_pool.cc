#include "infer/slot_pool.h"

#include <algorithm>

namespace residency::infer {

std::size_t SlotPool::busy() const {
  return static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.busy; }));
}

/// How many tokens of the prompt the slot has; the last is always computed, for its logits.
std::size_t SlotPool::alike(const Slot& slot, const Tokens& prompt, std::size_t variant) const {
  if (!keep_ || slot.variant != variant) return 0;
  const std::size_t most = std::min(slot.computed.size(), prompt.size() - 1);
  std::size_t same = 0;
  while (same < most && slot.computed[same] == prompt[same]) ++same;
  return same;
}

std::optional<std::size_t> SlotPool::oldest_free(std::size_t from) const {
  std::optional<std::size_t> found;
  for (std::size_t i = from; i < slots_.size(); ++i) {
    if (slots_[i].busy) continue;
    const bool better = !found ||
                        (slots_[i].computed.empty() && !slots_[*found].computed.empty()) ||
                        (slots_[i].computed.empty() == slots_[*found].computed.empty() &&
                         slots_[i].used_at < slots_[*found].used_at);
    if (better) found = i;
  }
  return found;
}

std::optional<Placement> SlotPool::take(const Tokens& prompt, std::size_t variant) {
  const std::size_t running = busy();
  if (running == slots_.size()) return std::nullopt;
  Placement place;
  // Among the first free slots, the one that knows most of the prompt, else the emptiest.
  bool found = false;
  for (std::size_t i = 0; i < std::min(running + 2, slots_.size()); ++i) {
    if (slots_[i].busy) continue;
    const std::size_t kept = alike(slots_[i], prompt, variant);
    const bool better =
        !found || kept > place.kept ||
        (kept == place.kept && slots_[i].computed.size() < slots_[place.slot].computed.size());
    if (!better) continue;
    found = true;
    place.slot = i;
    place.kept = kept;
  }
  std::size_t source = place.slot;
  std::size_t most = place.kept + kCopyTokensMin;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const std::size_t kept = alike(slots_[i], prompt, variant);
    if (kept <= most) continue;
    most = kept;
    source = i;
  }
  Slot& slot = slots_[place.slot];
  // What the slot knows beyond what this request keeps would be lost: move it where nothing runs.
  if (keep_ && slot.computed.size() >= place.kept + kCopyTokensMin) {
    const auto to = oldest_free(std::min(running + 2, slots_.size()));
    const bool worth =
        to && *to != source && (slots_[*to].computed.empty() || slots_[*to].used_at < slot.used_at);
    if (worth) {
      place.save_to = to;
      slots_[*to].computed = slot.computed;
      slots_[*to].variant = slot.variant;
      slots_[*to].used_at = slot.used_at;
    }
  }
  if (source != place.slot) {
    place.copy_from = source;
    place.kept = most;
    slot.computed = slots_[source].computed;
  }
  slot.computed.resize(place.kept);
  slot.variant = variant;
  slot.busy = true;
  slot.used_at = ++clock_;
  return place;
}

void SlotPool::give_back(std::size_t slot) {
  slots_[slot].busy = false;
  slots_[slot].used_at = ++clock_;
  if (!keep_) slots_[slot].computed.clear();
}

}  // namespace residency::infer
