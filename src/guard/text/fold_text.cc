#include <algorithm>
#include <array>
#include <unicode/unorm2.h>
#include <unicode/utf8.h>

#include "guard/text/guard_text.h"

namespace residency::guard {
namespace {

struct LookAlike {
  char32_t from;
  char to;
};

// Letters of Cyrillic, Greek and Armenian that are read as Latin ones, and letters that NFKD keeps.
constexpr std::array kLookAlikes{
    LookAlike{0x131, 'i'},   LookAlike{0x142, 'l'},  LookAlike{0x251, 'a'},
    LookAlike{0x261, 'g'},   LookAlike{0x26A, 'i'},  LookAlike{0x2DC, '~'},
    LookAlike{0x391, 'a'},   LookAlike{0x392, 'b'},  LookAlike{0x395, 'e'},
    LookAlike{0x396, 'z'},   LookAlike{0x397, 'h'},  LookAlike{0x399, 'i'},
    LookAlike{0x39A, 'k'},   LookAlike{0x39C, 'm'},  LookAlike{0x39D, 'n'},
    LookAlike{0x39F, 'o'},   LookAlike{0x3A1, 'p'},  LookAlike{0x3A4, 't'},
    LookAlike{0x3A5, 'y'},   LookAlike{0x3A7, 'x'},  LookAlike{0x3B1, 'a'},
    LookAlike{0x3B5, 'e'},   LookAlike{0x3B9, 'i'},  LookAlike{0x3BA, 'k'},
    LookAlike{0x3BD, 'v'},   LookAlike{0x3BF, 'o'},  LookAlike{0x3C1, 'p'},
    LookAlike{0x3C4, 't'},   LookAlike{0x3C5, 'u'},  LookAlike{0x3C7, 'x'},
    LookAlike{0x405, 's'},   LookAlike{0x406, 'i'},  LookAlike{0x408, 'j'},
    LookAlike{0x410, 'a'},   LookAlike{0x412, 'b'},  LookAlike{0x415, 'e'},
    LookAlike{0x41A, 'k'},   LookAlike{0x41C, 'm'},  LookAlike{0x41D, 'h'},
    LookAlike{0x41E, 'o'},   LookAlike{0x420, 'p'},  LookAlike{0x421, 'c'},
    LookAlike{0x422, 't'},   LookAlike{0x423, 'y'},  LookAlike{0x425, 'x'},
    LookAlike{0x430, 'a'},   LookAlike{0x435, 'e'},  LookAlike{0x43A, 'k'},
    LookAlike{0x43E, 'o'},   LookAlike{0x440, 'p'},  LookAlike{0x441, 'c'},
    LookAlike{0x443, 'y'},   LookAlike{0x445, 'x'},  LookAlike{0x455, 's'},
    LookAlike{0x456, 'i'},   LookAlike{0x458, 'j'},  LookAlike{0x4BB, 'h'},
    LookAlike{0x501, 'd'},   LookAlike{0x51B, 'q'},  LookAlike{0x51D, 'w'},
    LookAlike{0x578, 'n'},   LookAlike{0x57D, 'u'},  LookAlike{0x585, 'o'},
    LookAlike{0x1D00, 'a'},  LookAlike{0x1D04, 'c'}, LookAlike{0x1D07, 'e'},
    LookAlike{0x1D0F, 'o'},  LookAlike{0x1D1C, 'u'}, LookAlike{0x2018, '\''},
    LookAlike{0x2019, '\''}, LookAlike{0x201C, '"'}, LookAlike{0x201D, '"'},
    LookAlike{0x2010, '-'},  LookAlike{0x2011, '-'}, LookAlike{0x2013, '-'},
    LookAlike{0x2014, '-'},  LookAlike{0x2212, '-'}};

bool invisible(char32_t c) {
  return c == 0xAD || c == 0x34F || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2064) || c == 0xFEFF ||
         (c >= 0xFE00 && c <= 0xFE0F);
}

bool combining(char32_t c) { return c >= 0x300 && c <= 0x36F; }

char look_alike(char32_t c) {
  for (const LookAlike& one : kLookAlikes) {
    if (one.from == c) return one.to;
  }
  return 0;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// What is read instead of `c`: ASCII, or nothing.
std::string plain_form(char32_t c, int& hidden) {
  if (invisible(c)) {
    ++hidden;
    return "";
  }
  if (combining(c)) return "";
  // Tag characters write invisible ASCII.
  if (c >= 0xE0020 && c <= 0xE007E) {
    ++hidden;
    return std::string(1, lower(static_cast<char>(c - 0xE0000)));
  }
  if (const char same = look_alike(c); same != 0) {
    if (c >= 0x250 && c < 0x2000) ++hidden;
    return std::string(1, same);
  }
  UErrorCode status = U_ZERO_ERROR;
  const UNormalizer2* nfkd = unorm2_getNFKDInstance(&status);
  if (U_FAILURE(status)) return " ";
  std::array<UChar, 32> parts{};
  const int32_t count = unorm2_getDecomposition(nfkd, static_cast<UChar32>(c), parts.data(),
                                                static_cast<int32_t>(parts.size()), &status);
  if (U_FAILURE(status) || count <= 0) return " ";
  std::string out;
  for (int32_t i = 0; i < count; ++i) {
    const UChar part = parts[static_cast<std::size_t>(i)];
    if (part < 0x80) {
      out += lower(static_cast<char>(part));
    } else if (const char same = look_alike(part); same != 0) {
      out += same;
    } else if (!combining(part)) {
      out += ' ';
    }
  }
  // Full-width and mathematical letters are a disguise, accented ones are not.
  if (c >= 0x2100 && c < 0x2190 && !out.empty()) ++hidden;
  if ((c >= 0xFF01 && c <= 0xFF5E) || (c >= 0x1D400 && c <= 0x1D7FF)) ++hidden;
  return out;
}

}  // namespace

std::string fold_text(std::string_view text, std::vector<std::uint32_t>& at, int& hidden) {
  std::string out;
  out.reserve(text.size());
  at.clear();
  at.reserve(text.size() + 1);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<int32_t>(std::min<std::size_t>(text.size(), INT32_MAX));
  for (int32_t i = 0; i < size;) {
    const auto place = static_cast<std::uint32_t>(i);
    if (bytes[i] < 0x80) {
      out += lower(text[static_cast<std::size_t>(i++)]);
      at.push_back(place);
      continue;
    }
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    const std::string form = c < 0 ? " " : plain_form(static_cast<char32_t>(c), hidden);
    out += form;
    at.insert(at.end(), form.size(), place);
  }
  at.push_back(static_cast<std::uint32_t>(text.size()));
  return out;
}

std::string stem_of(std::string_view word) {
  std::string stem(word);
  const auto ends = [&](std::string_view tail) { return stem.ends_with(tail); };
  const auto undouble = [&] {
    const std::size_t n = stem.size();
    if (n > 2 && stem[n - 1] == stem[n - 2] &&
        std::string_view("lsz").find(stem[n - 1]) == std::string_view::npos)
      stem.pop_back();
  };
  if (ends("'s")) stem.resize(stem.size() - 2);
  std::erase(stem, '\'');
  if (stem.size() > 4 && ends("ies")) {
    stem.resize(stem.size() - 3);
    stem += 'y';
  } else if (stem.size() > 4 && (ends("sses") || ends("ches") || ends("shes") || ends("xes"))) {
    stem.resize(stem.size() - 2);
  } else if (stem.size() > 3 && ends("s") && !ends("ss") && !ends("us") && !ends("is")) {
    stem.pop_back();
  }
  if (stem.size() > 5 && ends("ing")) {
    stem.resize(stem.size() - 3);
    undouble();
  } else if (stem.size() > 4 && ends("ed") && !ends("eed")) {
    stem.resize(stem.size() - 2);
    undouble();
  }
  if (stem.size() > 3 && ends("e")) stem.pop_back();
  return stem;
}

}  // namespace residency::guard
