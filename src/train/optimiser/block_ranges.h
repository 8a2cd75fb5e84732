// Pieces of parameter blocks, so that an update runs on all threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "train/optimiser/optimiser.h"
#include "train/parallel.h"

namespace residency::train {

/// A piece of one block: values [begin, end) of the whole vector.
struct BlockRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  double rate_factor = 1;
  bool decays = true;
};

/// The blocks in pieces of at most `grain` values; each piece starts a multiple of `grain` after
/// its block.
inline std::vector<BlockRange> block_ranges(const std::vector<ParameterBlock>& blocks,
                                            std::int64_t grain) {
  std::vector<BlockRange> ranges;
  for (const ParameterBlock& block : blocks) {
    for (std::int64_t at = 0; at < block.size(); at += grain) {
      ranges.push_back({block.offset + at, block.offset + std::min(at + grain, block.size()),
                        block.rate_factor, block.decays});
    }
  }
  return ranges;
}

inline std::int64_t values_in(const std::vector<ParameterBlock>& blocks) {
  std::int64_t end = 0;
  for (const ParameterBlock& block : blocks) end = std::max(end, block.offset + block.size());
  return end;
}

/// The bytes of a vector.
template <class Vector>
std::string_view view_of(const Vector& vector) {
  return {reinterpret_cast<const char*>(vector.data()),
          vector.size() * sizeof(typename Vector::value_type)};
}

/// The bytes of vectors, one after the other.
template <class... Vectors>
std::string bytes_of(const Vectors&... vectors) {
  std::string bytes;
  bytes.reserve((std::size_t{0} + ... + (vectors.size() * sizeof(typename Vectors::value_type))));
  (bytes.append(reinterpret_cast<const char*>(vectors.data()),
                vectors.size() * sizeof(typename Vectors::value_type)),
   ...);
  return bytes;
}

/// Fills vectors from what bytes_of() gave; false where the size differs.
template <class... Vectors>
bool fill_from(std::string_view bytes, Vectors&... vectors) {
  const std::size_t size =
      (std::size_t{0} + ... + (vectors.size() * sizeof(typename Vectors::value_type)));
  if (bytes.size() != size) return false;
  const char* at = bytes.data();
  const auto take = [&](auto& vector) {
    using Value = typename std::remove_reference_t<decltype(vector)>::value_type;
    const std::size_t count = vector.size() * sizeof(Value);
    std::copy_n(at, count, reinterpret_cast<char*>(vector.data()));
    at += count;
  };
  (take(vectors), ...);
  return true;
}

}  // namespace residency::train
