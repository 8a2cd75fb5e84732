// WordList: exact words and phrases, in any case, accents and leetspeak aside.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "guard/text/guard_text.h"

namespace residency::guard {

/// Words [first, last) of a text; `entry` is the place in the list.
struct WordHit {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::size_t entry = 0;
};

class WordList {
 public:
  explicit WordList(const std::vector<std::string>& entries);
  /// The managed list of profanity, shared and never changed.
  static const WordList& profanity();
  std::vector<WordHit> find(const std::vector<Word>& words) const;
  bool begins(const std::string& word) const { return phrases_.contains(word); }

 private:
  std::unordered_map<std::string, std::vector<std::pair<std::vector<std::string>, std::size_t>>>
      phrases_;
};

}  // namespace residency::guard
