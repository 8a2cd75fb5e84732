// Dictionary: the names, places and plain words that the detector knows.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace residency::deid {

/// Word lists, loaded once from the embedded tables of data/names and data/places (sources in the
/// README there). All keys are lower case; lookups take lower case.
class Dictionary {
 public:
  /// The embedded tables, shared and never changed.
  static const Dictionary& embedded();

  bool is_given(std::string_view word) const {
    return female_.contains(word) || male_.contains(word);
  }
  bool is_female(std::string_view word) const { return female_.contains(word); }
  bool is_male(std::string_view word) const { return male_.contains(word); }
  bool is_surname(std::string_view word) const { return surnames_.contains(word); }
  /// A word that medical prose writes in lower case: no name by itself.
  bool is_word(std::string_view word) const { return words_.contains(word); }
  bool is_city(std::string_view text) const { return cities_.contains(text); }
  bool is_county(std::string_view text) const { return counties_.contains(text); }
  /// Hospital names (words parted by one space) that begin with `first_word`, longest first.
  const std::vector<std::string_view>* hospitals(std::string_view first_word) const;

  /// Surrogate names are drawn from these, in the tables' order (most frequent first).
  const std::vector<std::string_view>& surnames() const { return surname_list_; }
  const std::vector<std::string_view>& female() const { return female_list_; }
  const std::vector<std::string_view>& male() const { return male_list_; }
  const std::vector<std::string_view>& cities() const { return city_list_; }

  /// Calls `take` with every plain word, every county, the first word of
  /// every hospital's name; in no order that may be relied on.
  template <class Take>
  void each_word(Take take) const {
    for (const std::string_view word : words_) take(word);
  }
  template <class Take>
  void each_hospital_start(Take take) const {
    for (const auto& [first, names] : hospitals_) take(first);
  }
  template <class Take>
  void each_county(Take take) const {
    for (const std::string_view county : counties_) take(county);
  }

 private:
  Dictionary();
  using Set = std::unordered_set<std::string_view>;
  Set female_, male_, surnames_, words_, cities_, counties_;
  std::vector<std::string_view> surname_list_, female_list_, male_list_, city_list_;
  std::unordered_map<std::string_view, std::vector<std::string_view>> hospitals_;
};

}  // namespace residency::deid
