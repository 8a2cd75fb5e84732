#include "deid/detect/beside_finder.h"

#include "deid/detect/known_finder.h"
#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

/// The digits of a number at `at`, at most three; 0 where there is none, or where more follow.
std::size_t number_at(std::string_view text, std::size_t at) {
  std::size_t digits = 0;
  while (at + digits < text.size() && is_ascii_digit(text[at + digits])) ++digits;
  return digits <= 3 ? digits : 0;
}

bool plausible(std::string_view digits) {
  int age = 0;
  for (const char c : digits) age = age * 10 + (c - '0');
  return digits[0] != '0' && age >= 1 && age <= 119;
}

/// True where nothing of a number, a unit or a date follows.
bool ends_there(std::string_view text, std::size_t at, bool bracket) {
  if (at >= text.size()) return true;
  const char c = text[at];
  if (bracket) {
    return c == ')' || c == ',' || c == ';' || text.substr(at, 2) == "yo" ||
           text.substr(at, 2) == " y" || text.substr(at, 2) == "y)" || text.substr(at, 2) == " m";
  }
  if (c == ',' || c == ';' || c == '\n' || c == ')') return true;
  return c == '.' && (at + 1 >= text.size() || is_space(text[at + 1]));
}

}  // namespace

std::vector<Span> find_beside(std::string_view text, const std::vector<Span>& found) {
  std::vector<Span> spans;
  for (const Span& span : found) {
    if (!is_name_class(span.phi_class)) continue;
    for (const std::string_view lead : {" (", ", ", " is ", " was ", ", age "}) {
      if (text.substr(span.end, lead.size()) != lead) continue;
      const std::size_t at = span.end + lead.size();
      const std::size_t digits = number_at(text, at);
      if (digits == 0 || !plausible(text.substr(at, digits)) ||
          !ends_there(text, at + digits, lead == " ("))
        continue;
      spans.push_back({at, at + digits, PhiClass::kAge, 0.8, Reason::kContext, "age_beside_name"});
      break;
    }
  }
  return spans;
}

}  // namespace residency::deid
