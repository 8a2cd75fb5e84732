// Random: a counter-based generator, so that any patient's stream can be started without the
// others'.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace residency::synth {

/// Draws are SplitMix64 outputs (Steele, Lea, Flood 2014) of key + counter * golden ratio. Cheap to
/// copy; equal keys give equal streams on every platform (integers only decide).
class Random {
 public:
  explicit Random(std::uint64_t key) : key_(mix(key)) {}

  /// A stream of its own for `label`, independent of how much was drawn from this one.
  Random fork(std::uint64_t label) const {
    return Random(key_ ^ mix(label + 0x632be59bd9b4e019ull));
  }

  std::uint64_t next() { return mix(key_ + 0x9e3779b97f4a7c15ull * ++counter_); }
  /// Uniform in [0, bound); 0 where bound is 0. The bias is below 2^-32 for the bounds used here.
  std::uint32_t below(std::size_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * static_cast<std::uint64_t>(bound)) >> 32);
  }
  /// Uniform in [low, high].
  int between(int low, int high) {
    return low + static_cast<int>(below(static_cast<std::size_t>(high - low + 1)));
  }
  /// True in `percent` of 100 draws.
  bool chance(int percent) { return static_cast<int>(below(100)) < percent; }
  template <class T>
  const T& pick(const std::vector<T>& items) {
    return items[below(items.size())];
  }
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  std::uint64_t key_;
  std::uint64_t counter_ = 0;
};

}  // namespace residency::synth
