#include "deid/detect/learned_finds.h"

#include <algorithm>

#include "deid/detect/known_finder.h"
#include "deid/detect/name_words.h"
#include "deid/detect/profession_finder.h"
#include "deid/detect/regions.h"
#include "deid/detect/word_table.h"

namespace residency::deid {
namespace {

/// "CPT requested: 99204, 43239": five places, behind the code system's name on the same line.
bool is_procedure_code(std::string_view text, const Span& span) {
  const std::string_view value = text.substr(span.begin, span.end - span.begin);
  if (value.size() != 5 || !std::all_of(value.begin() + 1, value.end(), is_ascii_digit))
    return false;
  const std::size_t from = span.begin - std::min<std::size_t>(span.begin, 80);
  const std::string_view before = text.substr(from, span.begin - from);
  return before.find("CPT") != std::string_view::npos ||
         before.find("HCPCS") != std::string_view::npos ||
         before.find("procedure code") != std::string_view::npos;
}

/// From here on a word that could be something else stays.
constexpr double kSureScore = 0.9;

/// Takes the small words off a street's end, in a text that has capitals: "12 Elm Street alone".
void cut_small_words(std::string_view text, Span& span) {
  const auto small = [](char c) { return (c >= 'a' && c <= 'z') || is_space(c); };
  if (std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) return;
  std::size_t end = span.end;
  while (end > span.begin && small(text[end - 1])) --end;
  // Within a word, or at a street of small letters: back to its end.
  while (end > span.begin && end < span.end && !is_space(text[end])) ++end;
  if (end > span.begin) span.end = end;
}

/// Years alone, or from one to another ("1991-92"), identify nobody (164.514(b)(2)(i)(C)).
bool is_years(std::string_view value) {
  const auto digits = [&](std::size_t at, std::size_t count) {
    return at + count <= value.size() &&
           std::all_of(value.begin() + static_cast<std::ptrdiff_t>(at),
                       value.begin() + static_cast<std::ptrdiff_t>(at + count), is_ascii_digit);
  };
  const auto century = [&](std::size_t at) {
    return value.substr(at, 2) == "19" || value.substr(at, 2) == "20";
  };
  if (!digits(0, 4) || !century(0)) return false;
  if (value.size() == 4) return true;
  if (value[4] != '-' && value[4] != '/') return false;
  const std::size_t rest = value.size() - 5;
  // "2009-10" is a month of a year, or a year and the next: a month stays a date.
  if (rest == 2 && digits(5, 2)) return value.substr(5) > "12";
  return rest == 4 && digits(5, 4) && century(5);
}

}  // namespace

bool is_bare_value(std::string_view text) {
  constexpr std::size_t kValueBytes = 24;
  return text.size() <= kValueBytes && std::none_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  static_cast<unsigned char>(c) >= 0x80;
         });
}

void drop_false_finds(std::string_view text, const std::vector<Token>& tokens,
                      std::vector<Span>& learned) {
  const auto plain = [](const Token& token) {
    if (token.is(kFlagEponym | kFlagNeverName | kFlagTitle)) return true;
    if (token.is(kFlagGiven | kFlagSurname)) return false;
    return token.is(kFlagWord) || (token.all_capitals && token.letters <= 4);
  };
  std::erase_if(learned, [&](Span& span) {
    if (span.phi_class == PhiClass::kOtherId && is_procedure_code(text, span)) return true;
    const std::string_view value = text.substr(span.begin, span.end - span.begin);
    if ((span.phi_class == PhiClass::kDate || span.phi_class == PhiClass::kOtherId) &&
        is_years(value))
      return true;
    if (span.phi_class == PhiClass::kCity && is_state_or_country(to_lower(value))) return true;
    if (is_bare_value(text)) return true;
    if (span.phi_class == PhiClass::kProfession && span.score < kSureScore) {
      const std::size_t head = value.find_last_of(" -");
      return is_staff_word(to_lower(value.substr(head == std::string_view::npos ? 0 : head + 1)));
    }
    if (span.phi_class == PhiClass::kStreet) cut_small_words(text, span);
    if (!is_name_class(span.phi_class) || span.score >= kSureScore) return false;
    auto at =
        std::lower_bound(tokens.begin(), tokens.end(), span.begin,
                         [](const Token& token, std::size_t begin) { return token.begin < begin; });
    if (at == tokens.end() || at->begin >= span.end) return false;
    // Behind a title anything is a name.
    if (at != tokens.begin() &&
        text.substr((at - 1)->end, 2).find_first_not_of(". ") == std::string_view::npos &&
        title_class((at - 1)->lower))
      return false;
    for (; at != tokens.end() && at->begin < span.end; ++at) {
      if (!plain(*at)) return false;
    }
    return true;
  });
}

}  // namespace residency::deid
