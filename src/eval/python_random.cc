#include "eval/python_random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <set>

namespace residency::eval {
namespace {

constexpr std::size_t kShift = 397;
constexpr std::uint32_t kUpper = 0x80000000u;
constexpr std::uint32_t kLower = 0x7fffffffu;
constexpr std::uint32_t kMatrix = 0x9908b0dfu;

}  // namespace

// init_by_array() of a key of one word.
PythonRandom::PythonRandom(std::uint32_t seed) {
  state_[0] = 19650218u;
  for (std::size_t i = 1; i < kWords; ++i)
    state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + static_cast<unsigned>(i);
  std::size_t i = 1;
  const auto step = [&] {
    if (++i < kWords) return;
    state_[0] = state_[kWords - 1];
    i = 1;
  };
  for (std::size_t k = kWords; k > 0; --k) {
    state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1664525u)) + seed;
    step();
  }
  for (std::size_t k = kWords - 1; k > 0; --k) {
    state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1566083941u)) -
                static_cast<unsigned>(i);
    step();
  }
  state_[0] = kUpper;
}

std::uint32_t PythonRandom::next() {
  if (at_ == kWords) {
    for (std::size_t k = 0; k < kWords; ++k) {
      const std::uint32_t y = (state_[k] & kUpper) | (state_[(k + 1) % kWords] & kLower);
      state_[k] = state_[(k + kShift) % kWords] ^ (y >> 1) ^ ((y & 1u) != 0 ? kMatrix : 0u);
    }
    at_ = 0;
  }
  std::uint32_t y = state_[at_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

std::size_t PythonRandom::below(std::size_t bound) {
  const int bits = std::bit_width(bound);
  std::size_t drawn = next() >> (32 - bits);
  while (drawn >= bound) drawn = next() >> (32 - bits);
  return drawn;
}

std::vector<std::size_t> PythonRandom::sample(std::size_t population, std::size_t count) {
  std::vector<std::size_t> drawn;
  // Python's bound between its two ways of drawing.
  std::size_t small = 21;
  if (count > 5) {
    const double power = std::ceil(std::log(static_cast<double>(count) * 3) / std::log(4.0));
    small += static_cast<std::size_t>(std::pow(4.0, power));
  }
  if (population <= small) {
    std::vector<std::size_t> pool(population);
    std::iota(pool.begin(), pool.end(), std::size_t{0});
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t j = below(population - i);
      drawn.push_back(pool[j]);
      pool[j] = pool[population - i - 1];
    }
    return drawn;
  }
  std::set<std::size_t> taken;
  while (drawn.size() < count) {
    const std::size_t j = below(population);
    if (taken.insert(j).second) drawn.push_back(j);
  }
  return drawn;
}

}  // namespace residency::eval
