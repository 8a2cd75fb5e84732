#include "deid/detect/lower_style.h"

#include <algorithm>

#include "deid/detect/name_words.h"
#include "deid/detect/word_table.h"

namespace residency::deid {
namespace {

constexpr std::size_t kTokensMin = 12;
constexpr std::size_t kCapitalsMax = 25;  // one in so many words

bool may_be_name(const Token& token) {
  return token.letters >= 3 && token.is(kFlagGiven | kFlagSurname) &&
         !token.is(kFlagWord | kFlagNeverName | kFlagEponym | kFlagCredential | kFlagTitle);
}

/// A word of no list at all.
bool unlisted(const Token& token) { return token.letters >= 3 && token.flags == 0; }

std::string_view gap(std::string_view text, const Token& left, const Token& right) {
  return text.substr(left.end, right.begin - left.end);
}

/// "pt:", "dr", "mom", "friend": a name follows.
bool leads(std::string_view text, const std::vector<Token>& tokens, std::size_t i) {
  if (i == 0) return false;
  const Token& before = tokens[i - 1];
  const std::string_view between = gap(text, before, tokens[i]);
  if (between.size() > 3 || between.find('\n') != std::string_view::npos) return false;
  if (between.find(':') != std::string_view::npos) return before.is(kFlagTitle);
  return title_class(before.lower).has_value() || before.is(kFlagRelation) || before.lower == "pt";
}

/// "md", "pa-c" behind it.
bool credited(std::string_view text, const std::vector<Token>& tokens, std::size_t i) {
  if (i + 1 >= tokens.size() || !tokens[i + 1].is(kFlagCredential)) return false;
  const std::string_view between = gap(text, tokens[i], tokens[i + 1]);
  return between == " " || between == ", ";
}

}  // namespace

std::optional<std::vector<Token>> raised(std::string_view text, const std::vector<Token>& tokens) {
  const auto capitals = static_cast<std::size_t>(
      std::count_if(tokens.begin(), tokens.end(), [](const Token& t) { return t.capital; }));
  if (tokens.size() < kTokensMin || capitals * kCapitalsMax > tokens.size()) return std::nullopt;
  std::vector<Token> all = tokens;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Token& token = all[i];
    if (token.capital) continue;
    const bool beside =
        i > 0 && all[i - 1].capital && gap(text, all[i - 1], token) == " " && unlisted(token);
    const bool told = (leads(text, tokens, i) || credited(text, tokens, i)) &&
                      !token.is(kFlagWord | kFlagNeverName) && token.letters >= 3;
    token.capital = may_be_name(token) || told || beside;
    if (!token.capital) continue;
    // The initial before it and the credential behind it count as they would with capitals.
    if (i > 0 && all[i - 1].letters == 1 && gap(text, all[i - 1], token) == ". ")
      all[i - 1].capital = true;
    if (credited(text, tokens, i)) all[i + 1].capital = true;
  }
  return all;
}

}  // namespace residency::deid
