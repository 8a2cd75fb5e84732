#include "guard/phi/spelled.h"

#include <array>
#include <unordered_map>

#include "guard/text/guard_text.h"

namespace residency::guard {
namespace {

constexpr std::size_t kRunMin = 3;
constexpr std::size_t kGapMax = 6;

/// What a word spells: "two" is 2, "dash" is -, "sierra" is s. Empty where it spells nothing.
std::string_view spelled_value(std::string_view word) {
  static const std::unordered_map<std::string_view, std::string_view> kWords{
      {"zero", "0"},       {"oh", "0"},        {"nought", "0"},   {"one", "1"},
      {"two", "2"},        {"three", "3"},     {"four", "4"},     {"five", "5"},
      {"six", "6"},        {"seven", "7"},     {"eight", "8"},    {"nine", "9"},
      {"ten", "10"},       {"eleven", "11"},   {"twelve", "12"},  {"thirteen", "13"},
      {"fourteen", "14"},  {"fifteen", "15"},  {"sixteen", "16"}, {"seventeen", "17"},
      {"eighteen", "18"},  {"nineteen", "19"}, {"dash", "-"},     {"hyphen", "-"},
      {"dot", "."},        {"period", "."},    {"point", "."},    {"at", "@"},
      {"underscore", "_"}, {"slash", "/"},     {"plus", "+"},     {"alfa", "a"},
      {"alpha", "a"},      {"bravo", "b"},     {"charlie", "c"},  {"delta", "d"},
      {"echo", "e"},       {"foxtrot", "f"},   {"golf", "g"},     {"hotel", "h"},
      {"india", "i"},      {"juliett", "j"},   {"juliet", "j"},   {"kilo", "k"},
      {"lima", "l"},       {"mike", "m"},      {"november", "n"}, {"oscar", "o"},
      {"papa", "p"},       {"quebec", "q"},    {"romeo", "r"},    {"sierra", "s"},
      {"tango", "t"},      {"uniform", "u"},   {"victor", "v"},   {"whiskey", "w"},
      {"whisky", "w"},     {"xray", "x"},      {"yankee", "y"},   {"zulu", "z"}};
  const auto found = kWords.find(word);
  return found == kWords.end() ? std::string_view() : found->second;
}

struct Piece {
  std::string text;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// Words of letters or of digits, folded.
std::vector<Piece> pieces_of(std::string_view text) {
  std::vector<std::uint32_t> at;
  int hidden = 0;
  const std::string folded = fold_text(text, at, hidden);
  std::vector<Piece> pieces;
  const auto kind = [&](std::size_t i) {
    const char c = folded[i];
    if (c >= 'a' && c <= 'z') return 1;
    return c >= '0' && c <= '9' ? 2 : 0;
  };
  for (std::size_t i = 0; i < folded.size();) {
    const int of = kind(i);
    if (of == 0) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < folded.size() && kind(end) == of) ++end;
    pieces.push_back({folded.substr(i, end - i), at[i], at[end]});
    i = end;
  }
  return pieces;
}

}  // namespace

std::vector<SpelledRun> spelled_runs(std::string_view text) {
  std::vector<SpelledRun> runs;
  const std::vector<Piece> pieces = pieces_of(text);
  SpelledRun run;
  std::size_t count = 0;
  std::size_t letters = 0;
  const auto close = [&] {
    // "at", "dot" and single digits stand in ordinary texts too: only characters count.
    if (letters >= kRunMin) runs.push_back(run);
    run = {};
    count = letters = 0;
  };
  for (const Piece& piece : pieces) {
    std::string_view value = spelled_value(piece.text);
    if (value.empty() && piece.text.size() == 1) value = piece.text;
    if (value.empty() || (count > 0 && piece.begin - run.end > kGapMax)) {
      close();
      if (value.empty()) continue;
    }
    // What parts two digits or letters stays where it is a sign of its own.
    if (count == 0) run.begin = piece.begin;
    run.text += value;
    run.end = piece.end;
    ++count;
    letters += (value[0] >= 'a' && value[0] <= 'z') || (value[0] >= '0' && value[0] <= '9') ? 1 : 0;
  }
  close();
  return runs;
}

SqueezedText squeeze(std::string_view text) {
  SqueezedText out;
  for (const Piece& piece : pieces_of(text)) {
    const std::string_view value = spelled_value(piece.text);
    const bool number = !value.empty() && value[0] >= '0' && value[0] <= '9';
    const std::string_view taken = number ? value : std::string_view(piece.text);
    for (std::size_t i = 0; i < taken.size(); ++i) {
      out.text += taken[i];
      out.begin.push_back(piece.begin);
      out.end.push_back(piece.end);
      out.first.push_back(i == 0);
      out.last.push_back(i + 1 == taken.size());
    }
  }
  return out;
}

}  // namespace residency::guard
