#include "guard/content/concepts.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/embedded_data.h"
#include "deid/detect/dictionary.h"

RESIDENCY_EMBEDDED(guard_concepts);

namespace residency::guard {
namespace {

constexpr std::size_t kConceptsMax = 1000;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> parted(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(by, begin), text.size());
    parts.push_back(trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

/// Words of a phrase as GuardText would part them.
std::vector<std::string> words_of(std::string_view phrase) {
  std::vector<std::string> words;
  std::string word;
  for (std::size_t i = 0; i <= phrase.size(); ++i) {
    const char c = i < phrase.size() ? phrase[i] : ' ';
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '\'') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

}  // namespace

void ConceptTable::add_phrase(std::string_view phrase, ConceptId id) {
  Phrase made;
  made.id = id;
  for (std::string& word : words_of(phrase)) {
    made.stems.push_back(stem_of(word));
    surface_.insert(std::move(word));
  }
  if (made.stems.empty()) return;
  phrases_[made.stems.front()].push_back(std::move(made));
}

Result<ConceptTable> ConceptTable::parse(std::string_view text, std::string_view file) {
  ConceptTable table;
  std::size_t line_number = 0;
  for (const std::string_view line : parted(text, '\n')) {
    ++line_number;
    if (line.empty() || line.front() == '#') continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return invalid_input(
          fmt::format("{}:{}: a line is NAME: phrase | phrase", file, line_number));
    if (table.names_.size() >= kConceptsMax)
      return invalid_input(fmt::format("{}: more than {} concepts", file, kConceptsMax));
    const auto id = static_cast<ConceptId>(table.names_.size());
    table.names_.emplace_back(trimmed(line.substr(0, colon)));
    for (const std::string_view phrase : parted(line.substr(colon + 1), '|'))
      table.add_phrase(phrase, id);
  }
  return table;
}

const ConceptTable& ConceptTable::embedded() {
  static const ConceptTable kTable = [] {
    auto parsed = parse(embedded_guard_concepts(), "concepts.txt");
    RESIDENCY_CHECK(parsed.ok());
    return std::move(parsed).value();
  }();
  return kTable;
}

std::vector<ConceptHit> ConceptTable::find(const std::vector<Word>& words) const {
  std::vector<ConceptHit> hits;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto found = phrases_.find(words[i].stem);
    if (found == phrases_.end()) continue;
    for (const Phrase& phrase : found->second) {
      if (i + phrase.stems.size() > words.size()) continue;
      bool same = true;
      for (std::size_t k = 1; same && k < phrase.stems.size(); ++k)
        same = words[i + k].stem == phrase.stems[k];
      if (same)
        hits.push_back({phrase.id, static_cast<std::uint32_t>(i),
                        static_cast<std::uint32_t>(i + phrase.stems.size())});
    }
  }
  return hits;
}

bool ConceptTable::is_known_word(std::string_view word) const {
  return surface_.contains(std::string(word)) || deid::Dictionary::embedded().is_word(word);
}

bool ConceptTable::begins_any(const std::string& stem, const std::vector<ConceptId>& ids) const {
  const auto found = phrases_.find(stem);
  if (found == phrases_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const Phrase& phrase) {
    return std::find(ids.begin(), ids.end(), phrase.id) != ids.end();
  });
}

std::optional<ConceptId> ConceptTable::named(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return std::nullopt;
  return static_cast<ConceptId>(found - names_.begin());
}

}  // namespace residency::guard
