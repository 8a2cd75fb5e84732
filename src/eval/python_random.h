// PythonRandom: the numbers that Python's random.Random(seed) draws, so that few-shot examples are
// those that lm-evaluation-harness draws.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace residency::eval {

class PythonRandom {
 public:
  /// As random.Random(seed) for seeds below 2^32.
  explicit PythonRandom(std::uint32_t seed);

  /// random.sample(range(population), count) with count <= population.
  std::vector<std::size_t> sample(std::size_t population, std::size_t count);

 private:
  static constexpr std::size_t kWords = 624;
  std::uint32_t next();
  std::size_t below(std::size_t bound);

  std::array<std::uint32_t, kWords> state_{};  // MT19937 (Matsumoto and Nishimura 1998)
  std::size_t at_ = kWords;
};

}  // namespace residency::eval
