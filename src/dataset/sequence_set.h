// SequenceSet: packed sequences that a trainer reads one at a time, in memory or from elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataset/packing.h"

namespace residency::dataset {

/// Sequences that lie outside memory. What steps are planned by is known without reading them.
class SequenceSource {
 public:
  virtual ~SequenceSource() = default;
  virtual std::size_t size() const = 0;
  virtual std::int64_t tokens(std::size_t index) const = 0;      // places of the sequence
  virtual std::int64_t supervised(std::size_t index) const = 0;  // of them with a target
  virtual Result<PackedSequence> read(std::size_t index) = 0;
  /// Equal where two sources hold the same sequences in the same order.
  virtual std::string digest() const = 0;
};

/// A handle: what it is made of must outlive it.
class SequenceSet {
 public:
  SequenceSet(const std::vector<PackedSequence>& sequences) : held_(&sequences) {}  // NOLINT
  SequenceSet(SequenceSource& source) : source_(&source) {}                         // NOLINT

  std::size_t size() const { return held_ != nullptr ? held_->size() : source_->size(); }
  bool empty() const { return size() == 0; }
  std::int64_t tokens(std::size_t index) const;
  std::int64_t supervised(std::size_t index) const;

  /// The sequence, held in `room` where it had to be read.
  Result<const PackedSequence*> read(std::size_t index, PackedSequence& room) const;
  /// The sequences where all are in memory, else null.
  const std::vector<PackedSequence>* held() const { return held_; }
  const SequenceSource* source() const { return source_; }

 private:
  const std::vector<PackedSequence>* held_ = nullptr;
  SequenceSource* source_ = nullptr;
};

}  // namespace residency::dataset
