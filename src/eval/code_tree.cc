#include "eval/code_tree.h"

#include <array>

namespace residency::eval {
namespace {

struct Chapter {
  std::string_view first, last;
};

/// Categories compare as text: digits come before letters, as the tabular list has them.
constexpr std::array<Chapter, 22> kChapters{
    {{"A00", "B99"}, {"C00", "D49"}, {"D50", "D89"}, {"E00", "E89"}, {"F01", "F99"}, {"G00", "G99"},
     {"H00", "H59"}, {"H60", "H95"}, {"I00", "I99"}, {"J00", "J99"}, {"K00", "K95"}, {"L00", "L99"},
     {"M00", "M99"}, {"N00", "N99"}, {"O00", "O9A"}, {"P00", "P96"}, {"Q00", "Q99"}, {"R00", "R99"},
     {"S00", "T88"}, {"U00", "U85"}, {"V00", "Y99"}, {"Z00", "Z99"}}};
constexpr std::size_t kCategoryLength = 3;

}  // namespace

std::string code_chapter(std::string_view code) {
  const std::string_view category = code.substr(0, kCategoryLength);
  if (category.size() < kCategoryLength) return "";
  for (const Chapter& chapter : kChapters) {
    // Categories such as C7A or M1A come after C76 and M19 in the list, in the same chapter.
    if (category >= chapter.first &&
        (category <= chapter.last || category.substr(0, 2) == chapter.last.substr(0, 2)))
      return std::string(chapter.first) + "-" + std::string(chapter.last);
  }
  return "";
}

std::vector<std::string> code_and_above(std::string_view code) {
  std::vector<std::string> all;
  std::string_view part = code;
  while (part.size() > kCategoryLength) {
    if (part.back() != '.') all.emplace_back(part);
    part.remove_suffix(1);
  }
  all.emplace_back(part);
  if (auto chapter = code_chapter(code); !chapter.empty()) all.push_back(std::move(chapter));
  return all;
}

}  // namespace residency::eval
