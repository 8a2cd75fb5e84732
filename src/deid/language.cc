#include "deid/language.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace residency::deid {
namespace {

constexpr std::size_t kLettersMin = 200;  // fewer tell nothing
constexpr std::size_t kWordsMin = 40;
constexpr double kOtherScriptShare = 0.5;
constexpr double kOtherWordsShare = 0.10;  // of words that belong to another language alone
constexpr double kOtherOverEnglish = 2.0;

/// Words of which a text in that language is full and an English one is not.
constexpr std::array<std::string_view, 10> kOthers{
    " el la los las del una que con por para se su al como más pero sus este fue paciente está ",
    " o os as da do das dos uma que com por para não se na no ao mais foi paciente pelo ",
    " le la les des du une et est dans pour que qui sur avec par plus pas au patient été sans ",
    " il lo gli della di che per con una del dei nel sono alla più non paziente è anche ",
    " der die und den das von mit dem des ein eine ist im zu auf für nicht sich wurde patientin ",
    " de het een van en dat niet zijn met voor op te aan patiënt werd bij ook naar wordt ",
    " i w na z do nie jest się oraz przez po od dla pacjent pacjentka był była został ",
    " och att det en som på är av för med till den har inte om patienten ett var ",
    " og at det er på til som af med for den der har ikke en patienten var blev ikke ",
    " ve bir bu için ile olarak hasta olan da de sonra çok daha kadar en gibi "};

constexpr std::string_view kEnglish =
    " the of and to in a is was with for on no at by has had he she or her his be patient not this "
    "that from are as an were which after there history be been will denies ";

/// For each word the languages it is common in: bit 0 is English, the others follow kOthers.
const std::unordered_map<std::string, std::uint32_t>& common_words() {
  static const auto kWords = [] {
    std::unordered_map<std::string, std::uint32_t> words;
    const auto add = [&](std::string_view list, std::uint32_t bit) {
      while (!list.empty()) {
        const std::size_t end = std::min(list.find(' '), list.size());
        if (end > 0) words[std::string(list.substr(0, end))] |= bit;
        list.remove_prefix(std::min(end + 1, list.size()));
      }
    };
    add(kEnglish, 1);
    for (std::size_t i = 0; i < kOthers.size(); ++i) add(kOthers[i], 2u << i);
    return words;
  }();
  return kWords;
}

struct Letters {
  std::size_t latin = 0;
  std::size_t other = 0;
};

/// Letters by script: two-byte Latin is U+00C0 to U+024F; digits and marks are none.
Letters letters_of(std::string_view text) {
  Letters letters;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      ++letters.latin;
    } else if (byte >= 0xC3 && byte <= 0xC9) {
      ++letters.latin;
    } else if (byte == 0xE1) {
      ++letters.latin;  // Latin Extended Additional, among others: in doubt for the text
    } else if (byte >= 0xCD && byte <= 0xDF) {
      ++letters.other;
    } else if (byte == 0xE0 || (byte >= 0xE3 && byte <= 0xED)) {
      ++letters.other;
    }
  }
  return letters;
}

bool part_of_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

TextLanguage language_of(std::string_view text) {
  const Letters letters = letters_of(text);
  const std::size_t all = letters.latin + letters.other;
  if (letters.other * 3 >= kLettersMin / 2 &&
      static_cast<double>(letters.other) > kOtherScriptShare * static_cast<double>(all))
    return TextLanguage::kOtherScript;
  if (all < kLettersMin) return TextLanguage::kSupported;
  std::size_t words = 0;
  std::size_t english = 0;
  std::array<std::size_t, kOthers.size()> others{};
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && part_of_word(text[i])) {
      word += text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
      continue;
    }
    if (word.empty()) continue;
    ++words;
    if (const auto found = common_words().find(word); found != common_words().end()) {
      english += found->second & 1u;
      // What English writes too tells nothing of the others.
      for (std::size_t l = 0; l < others.size() && (found->second & 1u) == 0; ++l)
        others[l] += (found->second >> (l + 1)) & 1u;
    }
    word.clear();
  }
  if (words < kWordsMin) return TextLanguage::kSupported;
  const std::size_t most = *std::max_element(others.begin(), others.end());
  const bool other = static_cast<double>(most) >= kOtherWordsShare * static_cast<double>(words) &&
                     static_cast<double>(most) >= kOtherOverEnglish * static_cast<double>(english);
  return other ? TextLanguage::kOtherLanguage : TextLanguage::kSupported;
}

}  // namespace residency::deid
