#include "guard/text/guard_text.h"

#include <algorithm>

#include "guard/content/concepts.h"

namespace residency::guard {
namespace {

constexpr std::size_t kSpelledLettersMin = 5;
constexpr std::size_t kPartedLettersMax = 400;
constexpr std::size_t kPartedWordMax = 16;
constexpr std::uint32_t kPairWordsMax = 40;

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_byte(char c) { return is_letter(c) || is_digit(c) || c == '\''; }

/// The letter that a digit or sign stands for in leetspeak; 0 where none.
char leet_letter(char c) {
  switch (c) {
    case '0':
      return 'o';
    case '1':
    case '!':
    case '|':
      return 'i';
    case '3':
      return 'e';
    case '4':
    case '@':
      return 'a';
    case '5':
    case '$':
      return 's';
    case '7':
    case '+':
      return 't';
    case '8':
      return 'b';
    default:
      return 0;
  }
}

/// "1gn0re" as "ignore", where that is a word the rails know; else empty.
std::string read_leet(std::string_view run) {
  std::string out;
  bool letters = false;
  bool changed = false;
  for (const char c : run) {
    if (is_letter(c)) {
      letters = true;
      out += c;
    } else if (const char letter = leet_letter(c); letter != 0) {
      changed = true;
      out += letter;
    } else {
      return "";
    }
  }
  if (!changed || out.size() < 3 || (!letters && out.size() < 4)) return "";
  const ConceptTable& concepts = ConceptTable::embedded();
  return concepts.is_known_word(out) ? out : "";
}

}  // namespace

GuardText::GuardText(std::string_view text) {
  std::vector<std::uint32_t> at;
  int hidden = 0;
  const std::string folded = fold_text(text, at, hidden);
  disguised_ += hidden > 1 ? hidden : 0;
  split_words(folded, at);
  join_spelled();
  split_sentences(text);
}

void GuardText::split_words(const std::string& folded, const std::vector<std::uint32_t>& at) {
  const auto leet_byte = [](char c) { return is_word_byte(c) || leet_letter(c) != 0; };
  for (std::size_t i = 0; i < folded.size();) {
    if (!is_word_byte(folded[i]) && folded[i] != '@' && folded[i] != '$') {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < folded.size() && leet_byte(folded[end])) ++end;
    const std::string_view run(folded.data() + i, end - i);
    std::string text;
    if (std::any_of(run.begin(), run.end(), [](char c) { return leet_letter(c) != 0; })) {
      std::string_view trimmed = run;
      while (!trimmed.empty() && trimmed.back() == '!') trimmed.remove_suffix(1);
      text = read_leet(trimmed);
    }
    if (!text.empty()) {
      ++disguised_;
    } else {
      if (!is_word_byte(folded[i])) {
        ++i;
        continue;
      }
      end = i;
      while (end < folded.size() && is_word_byte(folded[end])) ++end;
      text = folded.substr(i, end - i);
    }
    while (!text.empty() && text.back() == '\'') text.pop_back();
    while (!text.empty() && text.front() == '\'') text.erase(0, 1);
    if (!text.empty()) {
      Word word;
      word.stem = stem_of(text);
      word.text = std::move(text);
      word.begin = at[i];
      word.end = at[end];
      words_.push_back(std::move(word));
    }
    i = end;
  }
}

/// "i g n o r e" is read as "ignore".
void GuardText::join_spelled() {
  std::vector<Word> joined;
  for (std::size_t i = 0; i < words_.size();) {
    std::size_t end = i;
    std::string letters;
    while (end < words_.size() && words_[end].text.size() == 1 && is_letter(words_[end].text[0]) &&
           (end == i || words_[end].begin - words_[end - 1].end <= 3) &&
           letters.size() < kPartedLettersMax)
      letters += words_[end++].text;
    if (letters.size() < kSpelledLettersMin) {
      joined.push_back(std::move(words_[i++]));
      continue;
    }
    const std::vector<std::string> parts = part_letters(letters);
    if (parts.empty()) {
      joined.push_back(std::move(words_[i++]));
      continue;
    }
    ++disguised_;
    std::size_t from = i;
    for (const std::string& part : parts) {
      Word word;
      word.text = part;
      word.stem = stem_of(part);
      word.begin = words_[from].begin;
      word.end = words_[from + part.size() - 1].end;
      joined.push_back(std::move(word));
      from += part.size();
    }
    i = end;
  }
  words_ = std::move(joined);
}

std::vector<std::string> part_letters(std::string_view letters) {
  const ConceptTable& concepts = ConceptTable::embedded();
  constexpr int kNever = 1 << 20;
  std::vector<int> cost(letters.size() + 1, kNever);
  std::vector<std::size_t> from(letters.size() + 1, 0);
  cost[0] = 0;
  for (std::size_t end = 1; end <= letters.size(); ++end) {
    for (std::size_t length = 1; length <= std::min(end, kPartedWordMax); ++length) {
      const std::size_t begin = end - length;
      if (cost[begin] >= kNever) continue;
      const std::string_view part = letters.substr(begin, length);
      if (length == 1 && part != "a" && part != "i") continue;
      if (!concepts.is_known_word(part)) continue;
      const int step = length <= 2 ? 6 : 4;
      if (cost[begin] + step < cost[end]) {
        cost[end] = cost[begin] + step;
        from[end] = begin;
      }
    }
  }
  std::vector<std::string> parts;
  if (cost[letters.size()] >= kNever) return parts;
  for (std::size_t end = letters.size(); end > 0; end = from[end])
    parts.emplace_back(letters.substr(from[end], end - from[end]));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

void GuardText::split_sentences(std::string_view text) {
  const auto count = static_cast<std::uint32_t>(words_.size());
  std::uint32_t first = 0;
  const auto close = [&](std::uint32_t last) {
    for (; last - first > kSegmentWordsMax; first += kSegmentWordsMax / 2)
      sentences_.push_back({first, first + kSegmentWordsMax});
    if (last > first) sentences_.push_back({first, last});
    first = last;
  };
  for (std::uint32_t i = 0; i + 1 < count; ++i) {
    const std::string_view between =
        words_[i + 1].begin > words_[i].end
            ? text.substr(words_[i].end, words_[i + 1].begin - words_[i].end)
            : std::string_view();
    bool ends = between.find('\n') != std::string_view::npos;
    const std::size_t mark = between.find_first_of(".!?");
    if (mark != std::string_view::npos &&
        (mark + 1 == between.size() || between.find_first_of(" \t\"'") != std::string_view::npos))
      ends = ends || words_[i].text.size() > 1;
    if (ends) close(i + 1);
  }
  close(count);
}

std::vector<Segment> GuardText::segments() const {
  std::vector<Segment> all = sentences_;
  for (std::size_t i = 0; i + 1 < sentences_.size(); ++i) {
    const Segment& one = sentences_[i];
    const Segment& next = sentences_[i + 1];
    if (next.first == one.last && next.last - one.first <= kPairWordsMax)
      all.push_back({one.first, next.last});
  }
  return all;
}

}  // namespace residency::guard
