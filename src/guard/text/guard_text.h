// GuardText: a text as the rails read it: folded, in words with their stems, in segments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace residency::guard {

/// One word of the folded text. Places are bytes of the text that was given.
struct Word {
  std::string text;  // lower case, without accents; look-alike letters and leetspeak read
  std::string stem;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// Words [first, last) that are judged together.
struct Segment {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

class GuardText {
 public:
  explicit GuardText(std::string_view text);

  const std::vector<Word>& words() const { return words_; }
  /// Sentences; one longer than kSegmentWordsMax is cut into overlapping parts.
  const std::vector<Segment>& sentences() const { return sentences_; }
  /// Sentences, and each with the next one where both are short: what is judged.
  std::vector<Segment> segments() const;
  /// Invisible characters, look-alike letters within Latin words, letters written apart or as
  /// digits: how many words were hidden so.
  int disguised() const { return disguised_; }

  static constexpr std::uint32_t kSegmentWordsMax = 48;

 private:
  void split_words(const std::string& folded, const std::vector<std::uint32_t>& at);
  void join_spelled();
  void split_sentences(std::string_view text);
  std::vector<Word> words_;
  std::vector<Segment> sentences_;
  int disguised_ = 0;
};

/// The stem of a lower-case English word: without plural, -ing, -ed and final e.
std::string stem_of(std::string_view word);

/// Lower case, accents and look-alikes gone, invisible characters left out; `at` gives each byte's
/// place in `text` and has one more for the end. `hidden` counts look-alikes and invisible ones.
std::string fold_text(std::string_view text, std::vector<std::uint32_t>& at, int& hidden);

/// Parts a run of letters into words that `known` holds; empty where it can't be done.
std::vector<std::string> part_letters(std::string_view letters);

}  // namespace residency::guard
