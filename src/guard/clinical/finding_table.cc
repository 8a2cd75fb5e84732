#include "guard/clinical/finding_table.h"

#include <algorithm>
#include <sstream>

#include "base/embedded_data.h"

RESIDENCY_EMBEDDED(guard_findings);

namespace residency::guard {
namespace {

constexpr std::uint32_t kScopeWords = 9;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool denies(std::string_view word) {
  return is_one_of(word,
                   {"no",     "denies", "denied",   "denying", "without", "not",     "negative",
                    "absent", "never",  "nor",      "free",    "ruled",   "isn't",   "doesn't",
                    "hasn't", "none",   "resolved", "neither", "lacks",   "excluded"});
}

bool doubts(std::string_view word) {
  return is_one_of(word,
                   {"possible",   "possibly",    "probable", "suspected", "suspect", "rule",
                    "question",   "may",         "might",    "could",     "concern", "concerning",
                    "if",         "family",      "father",   "mother",    "brother", "sister",
                    "risk",       "return",      "watch",    "monitor",   "history", "prevent",
                    "prevention", "prophylaxis", "screen",   "screening", "for",     "versus",
                    "vs",         "test",        "should",   "when",      "unless",  "call"});
}

/// Words that end what a denial reaches.
bool ends_scope(std::string_view word) {
  return is_one_of(word,
                   {"but",      "however", "although",  "except", "reports", "has",     "had",
                    "presents", "with",    "complains", "now",    "which",   "because", "positive",
                    "shows",    "showed",  "is",        "was",    "there",   "then",    "and"});
}

}  // namespace

FindingTable::FindingTable(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line)) {
    if (line.empty() || line.front() == '#') continue;
    const auto id = static_cast<std::uint16_t>(names_.size());
    std::istringstream parts(line);
    std::string part;
    while (std::getline(parts, part, '|')) {
      std::vector<std::string> stems;
      const GuardText words(part);
      for (const Word& word : words.words()) stems.push_back(word.stem);
      if (stems.empty()) continue;
      if (names_.size() == id) {
        const std::size_t end = part.find_last_not_of(' ');
        names_.push_back(part.substr(0, end + 1));
      }
      phrases_[stems.front()].emplace_back(std::move(stems), id);
    }
  }
}

const FindingTable& FindingTable::embedded() {
  static const FindingTable kTable(embedded_guard_findings());
  return kTable;
}

std::vector<FindingMention> FindingTable::find(const GuardText& text) const {
  std::vector<FindingMention> mentions;
  const std::vector<Word>& words = text.words();
  for (const Segment& sentence : text.sentences()) {
    for (std::uint32_t i = sentence.first; i < sentence.last; ++i) {
      const auto found = phrases_.find(words[i].stem);
      if (found == phrases_.end()) continue;
      const std::pair<std::vector<std::string>, std::uint16_t>* best = nullptr;
      for (const auto& phrase : found->second) {
        if (i + phrase.first.size() > sentence.last ||
            (best != nullptr && best->first.size() >= phrase.first.size()))
          continue;
        bool same = true;
        for (std::size_t k = 1; same && k < phrase.first.size(); ++k)
          same = words[i + k].stem == phrase.first[k];
        if (same) best = &phrase;
      }
      if (best == nullptr) continue;
      FindingMention mention{best->second, Polarity::kAsserted, i,
                             static_cast<std::uint32_t>(i + best->first.size())};
      const std::uint32_t from = std::max(sentence.first, i > kScopeWords ? i - kScopeWords : 0);
      bool list = false;  // "denies fever, chills and cough": "and" ends nothing after a denial
      for (std::uint32_t k = i; k-- > from;) {
        if (denies(words[k].text)) {
          mention.polarity = Polarity::kDenied;
          break;
        }
        if (words[k].text == "and" || words[k].text == "or") {
          list = true;
          continue;
        }
        if (ends_scope(words[k].text)) break;
        if (doubts(words[k].text) && !list) mention.polarity = Polarity::kUncertain;
      }
      for (std::uint32_t k = mention.last; k < std::min(sentence.last, mention.last + 4); ++k) {
        if (is_one_of(words[k].text,
                      {"denied", "absent", "negative", "resolved", "excluded", "unlikely"}))
          mention.polarity = Polarity::kDenied;
        if (is_one_of(words[k].text, {"possible", "suspected"}))
          mention.polarity = Polarity::kUncertain;
      }
      if (mention.polarity == Polarity::kAsserted) {
        for (std::uint32_t k = sentence.first; k < i; ++k) {
          if (is_one_of(words[k].text, {"if", "family", "risk", "return", "watch", "rule",
                                        "screening", "monitor", "history"}))
            mention.polarity = Polarity::kUncertain;
        }
      }
      mentions.push_back(mention);
      i = mention.last - 1;
    }
  }
  return mentions;
}

}  // namespace residency::guard
