#include "dataset/sequence_set.h"

#include <algorithm>
#include <utility>

namespace residency::dataset {

std::int64_t SequenceSet::tokens(std::size_t index) const {
  return held_ != nullptr ? static_cast<std::int64_t>((*held_)[index].tokens.size())
                          : source_->tokens(index);
}

std::int64_t SequenceSet::supervised(std::size_t index) const {
  if (held_ == nullptr) return source_->supervised(index);
  const std::vector<std::int32_t>& targets = (*held_)[index].targets;
  return std::count_if(targets.begin(), targets.end(),
                       [](std::int32_t target) { return target >= 0; });
}

Result<const PackedSequence*> SequenceSet::read(std::size_t index, PackedSequence& room) const {
  if (held_ != nullptr) return &(*held_)[index];
  RESIDENCY_TRY(room, source_->read(index));
  return static_cast<const PackedSequence*>(&room);
}

}  // namespace residency::dataset
