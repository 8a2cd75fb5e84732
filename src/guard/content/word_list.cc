#include "guard/content/word_list.h"

#include <sstream>

#include "base/embedded_data.h"

RESIDENCY_EMBEDDED(guard_profanity);

namespace residency::guard {

WordList::WordList(const std::vector<std::string>& entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const GuardText text(entries[i]);
    std::vector<std::string> words;
    for (const Word& word : text.words()) words.push_back(word.text);
    if (!words.empty()) phrases_[words.front()].emplace_back(std::move(words), i);
  }
}

const WordList& WordList::profanity() {
  static const WordList kList = [] {
    std::vector<std::string> entries;
    std::istringstream lines{std::string(embedded_guard_profanity())};
    std::string line;
    while (std::getline(lines, line)) {
      if (!line.empty() && line.front() != '#') entries.push_back(line);
    }
    return WordList(entries);
  }();
  return kList;
}

std::vector<WordHit> WordList::find(const std::vector<Word>& words) const {
  std::vector<WordHit> hits;
  for (std::uint32_t i = 0; i < words.size(); ++i) {
    const auto found = phrases_.find(words[i].text);
    if (found == phrases_.end()) continue;
    for (const auto& [phrase, entry] : found->second) {
      if (i + phrase.size() > words.size()) continue;
      bool same = true;
      for (std::size_t k = 1; same && k < phrase.size(); ++k) same = words[i + k].text == phrase[k];
      if (same) hits.push_back({i, static_cast<std::uint32_t>(i + phrase.size()), entry});
    }
  }
  return hits;
}

}  // namespace residency::guard
