#include "deid/detect/known_finder.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "deid/detect/name_words.h"
#include "deid/detect/word_table.h"

namespace residency::deid {
namespace {

bool alnum(char c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// A text's letters and digits alone, with the place of each.
struct Squeezed {
  std::string text;
  std::vector<std::size_t> at;
};

Squeezed squeeze(std::string_view text) {
  Squeezed squeezed;
  squeezed.text.reserve(text.size());
  squeezed.at.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!alnum(text[i])) continue;
    squeezed.text += lower(text[i]);
    squeezed.at.push_back(i);
  }
  return squeezed;
}

struct NamePart {
  PhiClass phi_class;
  bool plain;  // a word of prose as well: counts with a capital only, and not at a sentence's start
};
using Parts = std::map<std::string, NamePart, std::less<>>;

void add_part(Parts& parts, std::string_view word, PhiClass phi_class,
              const Dictionary& dictionary) {
  if (word.size() < 2 || is_particle(word) || title_class(word) || is_credential(word) ||
      is_name_suffix(word))
    return;
  if (is_never_name(word) && word.size() < 4) return;
  parts.emplace(std::string(word),
                NamePart{phi_class, dictionary.is_word(word) || is_never_name(word)});
}

void add_name(Parts& parts, std::string_view name, PhiClass phi_class,
              const Dictionary& dictionary) {
  bool first = true;
  for (const Token& token : tokens_of(name)) {
    const std::string folded = fold(token.lower);
    // "Van Nguyen": what opens a name with a capital is no particle of it.
    if (std::exchange(first, false) && is_particle(folded) && token.capital)
      parts.emplace(folded, NamePart{phi_class, true});
    add_part(parts, folded, phi_class, dictionary);
    for (std::size_t hyphen = folded.find('-'), from = 0;
         from < folded.size() && folded.find('-') != std::string::npos;) {
      add_part(parts, std::string_view(folded).substr(from, hyphen - from), phi_class, dictionary);
      if (hyphen == std::string::npos) break;
      from = hyphen + 1;
      hyphen = folded.find('-', from);
    }
  }
}

bool starts_sentence(std::string_view text, std::size_t at) {
  while (at > 0 && (is_space(text[at - 1]) || text[at - 1] == '"' || text[at - 1] == '*' ||
                    text[at - 1] == '-'))
    --at;
  return at == 0 || text[at - 1] == '.' || text[at - 1] == ':' || text[at - 1] == '!' ||
         text[at - 1] == '?' || text[at - 1] == ';';
}

const NamePart* find_part(const Parts& parts, const std::string& word, bool capital) {
  if (const auto exact = parts.find(word); exact != parts.end()) return &exact->second;
  if (!capital || word.size() < 6) return nullptr;
  for (const auto& [part, value] : parts) {
    if (part.size() >= 6 && !value.plain && one_edit_apart(part, word)) return &value;
  }
  return nullptr;
}

void match_parts(std::string_view text, const std::vector<Token>& tokens, const Parts& parts,
                 const Dictionary& dictionary, Reason reason, std::string_view rule,
                 std::vector<Span>& spans) {
  if (parts.empty()) return;
  std::array<bool, 256> begins{};
  for (const auto& [part, value] : parts) begins[static_cast<unsigned char>(part[0])] = true;
  for (const Token& token : tokens) {
    // Most words of a text can be no part: small, or short, and of another first letter.
    const bool plain_text = static_cast<unsigned char>(token.lower[0]) < 0x80;
    if (plain_text && !begins[static_cast<unsigned char>(token.lower[0])] &&
        (!token.capital || token.lower.size() < 6) && token.lower.find('-') == std::string::npos)
      continue;
    const std::string word = fold(token.lower);
    const bool fuzzy = token.capital && !dictionary.is_word(word);
    const NamePart* part = find_part(parts, word, fuzzy);
    std::size_t begin = token.begin;
    std::size_t end = token.end;
    if (part == nullptr && word.find('-') != std::string::npos) {
      const std::size_t hyphen = word.find('-');
      part = find_part(parts, word.substr(0, hyphen), fuzzy);
      if (part == nullptr) part = find_part(parts, word.substr(hyphen + 1), fuzzy);
    }
    if (part == nullptr) continue;
    if (part->plain && (!token.capital || (starts_sentence(text, begin) && !token.all_capitals) ||
                        (token.all_capitals && is_never_name(word))))
      continue;
    if (!token.capital && (word.size() < 4 || reason == Reason::kPropagation)) continue;
    if (word.size() <= 2 && token.all_capitals && reason == Reason::kPropagation) continue;
    spans.push_back({begin, end, part->phi_class, 0.97, reason, rule});
  }
}

/// What a person does in a note, after their name.
bool follows_person(std::string_view word) {
  constexpr std::array<std::string_view, 22> kWords{
      "was",  "is",     "has",   "had",    "will",   "takes",   "prefers",  "denies",
      "says", "states", "said",  "stated", "did",    "reports", "reported", "denied",
      "does", "lives",  "works", "asked",  "agreed", "called"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

/// Names that are words of prose too ("Tri", "May"): again where the name is repeated whole, or
/// where they do what people do.
void match_plain_parts(std::string_view text, const std::vector<Token>& tokens, const Parts& parts,
                       std::vector<Span>& spans) {
  const auto part_of = [&](const Token& token) -> const NamePart* {
    if (!token.capital) return nullptr;
    const auto found = parts.find(fold(token.lower));
    return found == parts.end() ? nullptr : &found->second;
  };
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const NamePart* part = part_of(tokens[i]);
    if (part == nullptr || !part->plain || tokens[i].all_capitals ||
        tokens[i].is(kFlagEponym | kFlagRelation | kFlagTitle) ||
        text.substr(tokens[i].end, tokens[i + 1].begin - tokens[i].end) != " ")
      continue;
    if (part_of(tokens[i + 1]) == nullptr && !follows_person(tokens[i + 1].lower)) continue;
    spans.push_back(
        {tokens[i].begin, tokens[i].end, part->phi_class, 0.8, Reason::kPropagation, "name_again"});
  }
}

void match_squeezed(std::string_view text, const Squeezed& squeezed, std::string_view value,
                    PhiClass phi_class, std::vector<Span>& spans) {
  const std::string key = squeeze(value).text;
  const bool digits = std::any_of(key.begin(), key.end(), is_ascii_digit);
  if (key.size() < (digits ? 5u : 6u)) return;
  for (std::size_t at = squeezed.text.find(key); at != std::string::npos;
       at = squeezed.text.find(key, at + 1)) {
    std::size_t begin = squeezed.at[at];
    const std::size_t end = squeezed.at[at + key.size() - 1] + 1;
    // Nothing longer than three separators a place, and no run-on within a longer number.
    if (end - begin > key.size() * 2 + 6) continue;
    const bool left = begin > 0 && is_ascii_digit(text[begin - 1]) && is_ascii_digit(text[begin]);
    const bool right =
        end < text.size() && is_ascii_digit(text[end]) && is_ascii_digit(text[end - 1]);
    if (key.size() < 9 && (left || right)) continue;
    if (begin > 1 && text[begin - 1] == ' ' && text[begin - 2] == '(') begin -= 2;
    if (begin > 0 && (text[begin - 1] == '(' || text[begin - 1] == '+')) --begin;
    spans.push_back({begin, end, phi_class, 0.99, Reason::kKnown, "known_value"});
  }
}

}  // namespace

bool is_name_class(PhiClass phi_class) {
  return phi_class == PhiClass::kPatientName || phi_class == PhiClass::kRelativeName ||
         phi_class == PhiClass::kClinicianName;
}

bool one_edit_apart(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1 || a == b) return false;
  std::size_t i = 0;
  while (i < a.size() && a[i] == b[i]) ++i;
  if (a.size() != b.size()) return a.substr(i) == b.substr(i + 1);
  if (a.substr(i + 1) == b.substr(i + 1)) return true;
  return i + 1 < a.size() && a[i] == b[i + 1] && a[i + 1] == b[i] &&
         a.substr(i + 2) == b.substr(i + 2);
}

std::vector<Span> find_known(std::string_view text, const std::vector<Token>& tokens,
                             const KnownPhi& known, const Dictionary& dictionary) {
  std::vector<Span> spans;
  Parts parts;
  const Squeezed squeezed = squeeze(text);
  for (const KnownValue& value : known.values) {
    switch (value.phi_class) {
      case PhiClass::kPatientName:
      case PhiClass::kRelativeName:
      case PhiClass::kClinicianName:
        add_name(parts, value.value, value.phi_class, dictionary);
        break;
      case PhiClass::kDate:
      case PhiClass::kAge:
        break;  // the patterns find every day and age
      case PhiClass::kProfession:
      case PhiClass::kWard:
        break;
      case PhiClass::kCity:
      case PhiClass::kCounty: {
        const std::string key = to_lower(value.value);
        for (const Token& token : tokens) {
          if (!token.capital || token.begin + key.size() > text.size() ||
              (dictionary.is_word(key) && token.all_capitals))
            continue;
          if (to_lower(text.substr(token.begin, key.size())) != key) continue;
          if (token.begin + key.size() < text.size() && alnum(text[token.begin + key.size()]))
            continue;
          if (dictionary.is_word(key) && starts_sentence(text, token.begin)) continue;
          spans.push_back({token.begin, token.begin + key.size(), value.phi_class, 0.9,
                           Reason::kKnown, "known_place"});
        }
        break;
      }
      default:
        if (value.value.size() <= 256)
          match_squeezed(text, squeezed, value.value, value.phi_class, spans);
        break;
    }
  }
  match_parts(text, tokens, parts, dictionary, Reason::kKnown, "known_name", spans);
  return spans;
}

std::vector<Span> propagate_names(std::string_view text, const std::vector<Token>& tokens,
                                  const std::vector<Span>& found, const Dictionary& dictionary) {
  Parts parts;
  for (const Span& span : found) {
    if (!is_name_class(span.phi_class) || span.score < 0.74 || span.end - span.begin < 4) continue;
    add_name(parts, text.substr(span.begin, span.end - span.begin), span.phi_class, dictionary);
  }
  std::vector<Span> spans;
  match_plain_parts(text, tokens, parts, spans);
  std::erase_if(parts, [](const auto& entry) {
    return entry.first.size() < 3 || is_eponym(entry.first) || entry.second.plain;
  });
  match_parts(text, tokens, parts, dictionary, Reason::kPropagation, "name_again", spans);
  return spans;
}

}  // namespace residency::deid
