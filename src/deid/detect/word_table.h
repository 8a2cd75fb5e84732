// WordTable: every word of every list, looked up once by a word's hash.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace residency::deid {

/// What the word lists say of a word, as bits.
enum WordFlag : std::uint32_t {
  kFlagGiven = 1u << 0,
  kFlagSurname = 1u << 1,
  kFlagWord = 1u << 2,
  kFlagCity = 1u << 3,  // a word of a city's name
  kFlagCounty = 1u << 4,
  kFlagFrequentName = 1u << 5,
  kFlagEponym = 1u << 6,
  kFlagRelation = 1u << 7,
  kFlagCredential = 1u << 8,
  kFlagNeverName = 1u << 9,
  kFlagTitle = 1u << 10,  // a title or a label
  kFlagParticle = 1u << 12,
  kFlagNameSuffix = 1u << 13,
  kFlagNameLead = 1u << 14,
  kFlagCityName = 1u << 15,       // a city's whole name
  kFlagCityStart = 1u << 16,      // the first word of a city's name of several
  kFlagHospitalStart = 1u << 17,  // the first word of a hospital's name
  kFlagProfession = 1u << 18,
};

/// Looks up the flags of lower-case words by hash; built once from the dictionary. Two words of one
/// hash would share their flags: of 64 bits and a hundred thousand words, none do.
class WordTable {
 public:
  static const WordTable& embedded();
  std::uint32_t flags(std::uint64_t hash) const {
    std::size_t slot = hash & (kSlots - 1);
    while (entries_[slot].flags != 0) {
      if (entries_[slot].hash == hash) return entries_[slot].flags;
      slot = (slot + 1) & (kSlots - 1);
    }
    return 0;
  }

 private:
  static constexpr std::size_t kSlots = 1u << 17;
  WordTable();
  void add(std::string_view word, std::uint32_t flag);
  struct Entry {
    std::uint64_t hash = 0;
    std::uint32_t flags = 0;
  };
  std::vector<Entry> entries_;  // open addressing; a power of two, at most half full
};

/// The hash under which a lower-case word is known.
constexpr std::uint64_t word_hash(std::string_view lower) {
  std::uint64_t hash = 0x243f6a8885a308d3ull;
  for (const char c : lower) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  hash ^= hash >> 32;
  hash *= 0x9e3779b97f4a7c15ull;
  return hash ^ (hash >> 29);
}

}  // namespace residency::deid
