// GenreMaker: training sentences of genres that synthetic notes lack, from templates that are ours.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "deid/gold/score.h"

namespace residency::deid {

/// A text and what identifies in it.
struct TagExample {
  std::string text;
  std::vector<GoldSpan> spans;
};

/// Draws that are the same on every machine: SplitMix64 (Steele, Lea, Flood 2014).
class TagRandom {
 public:
  explicit TagRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t bound) {
    return static_cast<std::size_t>(((next() >> 32) * static_cast<std::uint64_t>(bound)) >> 32);
  }
  bool chance(int percent) { return static_cast<int>(below(100)) < percent; }
  template <class T>
  const T& pick(const std::vector<T>& items) {
    return items[below(items.size())];
  }

 private:
  std::uint64_t state_;
};

/// "Mary", "mary-kate" with capitals: "Mary-Kate".
std::string title_case(std::string_view lower);

class GenreMaker {
 public:
  GenreMaker();
  /// One example from a random template.
  TagExample make(TagRandom& random) const;

  /// A given or family name: of the census, or invented by the syllables of one of several kinds of
  /// language, so that most were never seen before.
  std::string given(TagRandom& random) const;
  std::string family(TagRandom& random) const;
  std::string city(TagRandom& random) const;
  /// A whole name in one of the usual forms.
  std::string name(TagRandom& random) const;
  /// An entry of a list of tagger_lists.txt, without spans; "" where there is no such list.
  std::string listed(std::string_view slot, TagRandom& random) const;

 private:
  void fill(std::string_view slot, TagRandom& random, TagExample& out) const;
  bool fill_person(std::string_view slot, TagRandom& random, TagExample& out) const;
  bool fill_place(std::string_view slot, TagRandom& random, TagExample& out) const;
  void fill_word(std::string_view slot, TagRandom& random, TagExample& out) const;
  void read_lists(std::string_view text);
  void expand(std::string_view text, TagRandom& random, TagExample& out) const;
  void read_cultures(std::string_view text);
  std::vector<std::string_view> templates_;
  /// Of data/names/cultures.txt, every second name: the others are for measuring.
  std::vector<std::vector<std::string_view>> culture_given_, culture_family_;
  std::map<std::string_view, std::vector<std::string_view>> lists_;  // by slot
  std::vector<std::string_view> words_;  // plain words that are no names
  std::vector<std::string_view> eponyms_;
};

}  // namespace residency::deid
