#include "dataset/keyed_hash.h"

#include <bit>
#include <cstring>

namespace residency::dataset {
namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return word;
}

}  // namespace

std::uint64_t siphash(std::uint64_t key0, std::uint64_t key1, std::string_view text) {
  SipState state{key0 ^ 0x736f6d6570736575ULL, key1 ^ 0x646f72616e646f6dULL,
                 key0 ^ 0x6c7967656e657261ULL, key1 ^ 0x7465646279746573ULL};
  const auto length = static_cast<std::uint64_t>(text.size());
  std::string_view rest = text;
  for (; rest.size() >= 8; rest.remove_prefix(8)) state.absorb(little_endian(rest.substr(0, 8)));
  state.absorb(little_endian(rest) | (length << 56));
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

double keyed_fraction(std::uint64_t seed, std::string_view purpose, std::string_view text) {
  const std::uint64_t hash = siphash(seed, siphash(seed, 1, purpose), text);
  return static_cast<double>(hash >> 11) * 0x1.0p-53;
}

std::uint64_t RandomStream::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  if (bound == 0) return 0;
  // Numbers under 2^64 mod bound would make the small results likelier: draw again.
  const std::uint64_t biased = (0 - bound) % bound;
  std::uint64_t drawn = next();
  while (drawn < biased) drawn = next();
  return drawn % bound;
}

std::uint64_t derived_seed(std::uint64_t seed, std::string_view purpose, std::uint64_t round) {
  return siphash(seed, round, purpose);
}

}  // namespace residency::dataset
