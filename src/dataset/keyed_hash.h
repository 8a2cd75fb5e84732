// Keyed hashing and shuffling that give the same result on every machine and standard library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace residency::dataset {

/// SipHash-2-4 of `text` under the 128-bit key (key0, key1).
/// Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
std::uint64_t siphash(std::uint64_t key0, std::uint64_t key1, std::string_view text);

/// A number in [0, 1) that depends on `seed`, `purpose` and `text` alone: where `text` falls in a
/// split. 53 bits.
double keyed_fraction(std::uint64_t seed, std::string_view purpose, std::string_view text);

/// SplitMix64 (Steele, Lea, Flood 2014): a stream of 64-bit numbers from a seed.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// Uniform in [0, bound), without bias; bound 0 gives 0.
  std::uint64_t below(std::uint64_t bound);

 private:
  std::uint64_t state_;
};

/// Fisher-Yates over `items`.
template <class T>
void shuffle(std::vector<T>& items, RandomStream& random) {
  for (std::size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[random.below(i)]);
  }
}

/// A seed for (seed, purpose, round): streams of different purposes are unrelated.
std::uint64_t derived_seed(std::uint64_t seed, std::string_view purpose, std::uint64_t round);

}  // namespace residency::dataset
