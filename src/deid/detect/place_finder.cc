#include "deid/detect/place_finder.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "deid/detect/word_table.h"

namespace residency::deid {
namespace {

using Set = std::unordered_set<std::string_view>;

bool is_state_code(std::string_view word) {
  static const Set kCodes{"AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA",
                          "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA", "ME", "MD", "MA",
                          "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY",
                          "NC", "ND", "OH", "OK", "OR", "PA", "PR", "RI", "SC", "SD", "TN",
                          "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY"};
  return kCodes.contains(word);
}

bool is_state_name(std::string_view word) {
  static const Set kNames{
      "alabama",     "alaska",    "arizona",       "arkansas", "california",   "colorado",
      "connecticut", "delaware",  "florida",       "georgia",  "hawaii",       "idaho",
      "illinois",    "indiana",   "iowa",          "kansas",   "kentucky",     "louisiana",
      "maine",       "maryland",  "massachusetts", "michigan", "minnesota",    "mississippi",
      "missouri",    "montana",   "nebraska",      "nevada",   "new",          "north",
      "south",       "ohio",      "oklahoma",      "oregon",   "pennsylvania", "rhode",
      "tennessee",   "texas",     "utah",          "vermont",  "virginia",     "washington",
      "west",        "wisconsin", "wyoming"};
  return kNames.contains(word);
}

bool is_place_lead(std::string_view word) {
  static const Set kWords{"in",     "from", "near", "to",   "of",    "visiting", "outside",
                          "around", "at",   "city", "born", "lives", "resides",  "home"};
  return kWords.contains(word);
}

std::string_view word_of(std::string_view text, const Token& token) {
  return text.substr(token.begin, token.end - token.begin);
}

std::string_view between(std::string_view text, const Token& left, const Token& right) {
  return text.substr(left.end, right.begin - left.end);
}

bool blank(std::string_view gap) {
  return !gap.empty() && gap.size() <= 12 && std::all_of(gap.begin(), gap.end(), is_space);
}

}  // namespace

std::vector<Span> find_places(std::string_view text, const std::vector<Token>& tokens,
                              const Dictionary& dictionary) {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].capital) continue;
    // "Ottawa County", "county of Ottawa", "County: Ottawa".
    std::string name;
    std::size_t city_last = 0;
    std::size_t county_last = 0;
    for (std::size_t last = i; last < tokens.size() && last < i + 4; ++last) {
      if (last > i) {
        const std::string_view gap = between(text, tokens[last - 1], tokens[last]);
        if ((!blank(gap) && gap != ". ") || !tokens[last].capital) break;
        name += ' ';
      }
      name += tokens[last].lower;
      if (last == i ? tokens[i].is(kFlagCityName)
                    : tokens[i].is(kFlagCityStart) && dictionary.is_city(name))
        city_last = last + 1;
      const bool county_after =
          last + 1 < tokens.size() && blank(between(text, tokens[last], tokens[last + 1])) &&
          (tokens[last + 1].lower == "county" || tokens[last + 1].lower == "parish") &&
          tokens[last + 1].capital;
      const bool county_before =
          i > 0 && tokens[i - 1].lower == "county" && dictionary.is_county(name);
      const bool county_of =
          i > 1 && tokens[i - 2].lower == "county" && tokens[i - 1].lower == "of";
      if ((county_after && last < i + 3) || county_before || county_of)
        county_last = last + (county_after ? 2 : 1);
      if (county_after) break;
    }
    if (county_last > 0) {
      spans.push_back({tokens[i].begin, tokens[county_last - 1].end, PhiClass::kCounty, 0.85,
                       Reason::kContext, "county"});
      i = county_last - 1;
      continue;
    }
    // Any capital words before ", ST" and a ZIP code, or a listed city with a state or a lead.
    std::size_t last = city_last > 0 ? city_last : i + 1;
    while (city_last == 0 && last < tokens.size() && last < i + 3 && tokens[last].capital &&
           between(text, tokens[last - 1], tokens[last]) == " " &&
           !is_state_code(word_of(text, tokens[last])))
      ++last;
    const Token& end = tokens[last - 1];
    bool state = false;
    bool zip = false;
    if (last < tokens.size()) {
      const std::string_view gap = between(text, end, tokens[last]);
      const bool comma = gap == ", " || gap == "," || gap == ",\n";
      const bool code = is_state_code(word_of(text, tokens[last]));
      state = (comma || (blank(gap) && code)) &&
              (code || (is_state_name(tokens[last].lower) && tokens[last].capital));
      std::size_t digits = tokens[last].end;
      while (digits < text.size() && (is_space(text[digits]) || text[digits] == ',')) ++digits;
      zip = state && digits + 5 <= text.size() &&
            std::all_of(text.begin() + static_cast<std::ptrdiff_t>(digits),
                        text.begin() + static_cast<std::ptrdiff_t>(digits) + 5, is_ascii_digit);
      if (state && !comma && !zip && !(city_last > 0)) state = false;
    }
    const bool known = city_last > 0;
    const bool plain = known && last == i + 1 && tokens[i].is(kFlagWord);
    const bool lead = i > 0 && is_place_lead(tokens[i - 1].lower) &&
                      blank(between(text, tokens[i - 1], tokens[i]));
    const bool label = i > 0 && tokens[i - 1].lower == "city" &&
                       between(text, tokens[i - 1], tokens[i]).find(':') != std::string_view::npos;
    if ((known && state) || zip || (known && lead && !plain && !tokens[i].all_capitals) || label) {
      spans.push_back({tokens[i].begin, end.end, PhiClass::kCity, state || label ? 0.95 : 0.75,
                       state ? Reason::kContext : Reason::kDictionary, "city"});
      i = last - 1;
    }
  }
  return spans;
}

namespace {

/// The end of `name` (words parted by one space) in the text from `at`, any case, any white space;
/// 0 where it is not there.
std::size_t matches_at(std::string_view text, std::size_t at, std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (at >= text.size()) return 0;
    if (name[i] == ' ') {
      if (!is_space(text[at])) return 0;
      while (at < text.size() && is_space(text[at])) ++at;
      continue;
    }
    const char c = text[at] >= 'A' && text[at] <= 'Z' ? static_cast<char>(text[at] + 32) : text[at];
    if (c != name[i]) return 0;
    ++at;
  }
  const bool inside = at < text.size() && ((text[at] >= 'a' && text[at] <= 'z') ||
                                           (text[at] >= 'A' && text[at] <= 'Z'));
  return inside ? 0 : at;
}

bool is_hospital_head(std::string_view word) {
  static const Set kWords{"hospital",   "infirmary",     "clinic",    "hospice",
                          "sanatorium", "kershawhealth", "healthcare"};
  return kWords.contains(word);
}

bool is_hospital_tail(std::string_view word) {
  return word == "authority" || word == "facility" || word == "association" || word == "district" ||
         word == "system" || word == "center" || word == "campus" || word == "services" ||
         word == "network";
}

/// Words that end a hospital's name in two: "Medical Center".
bool is_hospital_pair(std::string_view a, std::string_view b) {
  static const std::array<std::pair<std::string_view, std::string_view>, 16> kPairs{
      {{"medical", "center"},
       {"health", "system"},
       {"medical", "centre"},
       {"health", "center"},
       {"surgical", "center"},
       {"surgery", "center"},
       {"cancer", "center"},
       {"nursing", "home"},
       {"rehabilitation", "center"},
       {"health", "services"},
       {"medical", "group"},
       {"care", "center"},
       {"heart", "institute"},
       {"hospital", "center"},
       {"medical", "associates"},
       {"regional", "health"}}};
  return std::find(kPairs.begin(), kPairs.end(), std::pair{a, b}) != kPairs.end();
}

bool hospital_filler(std::string_view word) {
  return word == "of" || word == "and" || word == "the" || word == "at" || word == "for";
}

bool never_in_hospital(std::string_view word) {
  static const Set kWords{"the",       "this",     "our",         "in",        "at",
                          "to",        "from",     "discharge",   "admission", "patient",
                          "hospital",  "name",     "date",        "location",  "facility",
                          "referring", "outside",  "his",         "her",       "course",
                          "pt",        "admitted", "transferred", "emergency", "seen"};
  return kWords.contains(word);
}

/// Where the listed hospital that begins with this word ends; 0 where none does.
std::size_t listed_hospital(std::string_view text, const Token& token,
                            const Dictionary& dictionary) {
  if (!token.is(kFlagHospitalStart)) return 0;
  const bool possessive = token.end + 1 < text.size() && text[token.end] == '\'' &&
                          (text[token.end + 1] == 'S' || text[token.end + 1] == 's');
  for (const std::string_view ending : {"", possessive ? "'s" : "", "."}) {
    const auto* names = dictionary.hospitals(token.lower + std::string(ending));
    if (names == nullptr) continue;
    for (const std::string_view name : *names) {
      if (name.size() < 8 || (name.find(' ') == std::string_view::npos && dictionary.is_word(name)))
        continue;
      if (const std::size_t end = matches_at(text, token.begin, name); end > 0) return end;
    }
  }
  return 0;
}

}  // namespace

std::vector<Span> find_hospitals(std::string_view text, const std::vector<Token>& tokens,
                                 const Dictionary& dictionary) {
  std::vector<Span> spans;
  std::size_t past = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].capital || tokens[i].begin < past) continue;
    if (const std::size_t end = listed_hospital(text, tokens[i], dictionary); end > 0) {
      spans.push_back(
          {tokens[i].begin, end, PhiClass::kHospital, 0.95, Reason::kDictionary, "hospital_list"});
      past = end;
      continue;
    }
    // Capital words up to "Hospital", "Medical Center" and the like.
    if (never_in_hospital(tokens[i].lower) || tokens[i].letters < 2) continue;
    std::size_t found = 0;
    for (std::size_t last = i; last < tokens.size() && last < i + 7; ++last) {
      if (last > i) {
        const std::string_view gap = between(text, tokens[last - 1], tokens[last]);
        if (!blank(gap) && gap != "'s " && gap != "'S " && gap != ". " && gap != " - " &&
            gap != " & ")
          break;
        if (std::count(gap.begin(), gap.end(), '\n') > 1) break;
        if (!tokens[last].capital && !hospital_filler(tokens[last].lower)) break;
        if (is_hospital_head(tokens[last].lower) ||
            (last > i + 1 && is_hospital_pair(tokens[last - 1].lower, tokens[last].lower)))
          found = last;
      }
    }
    // "Hospital Authority", "Healthcare Facility".
    while (found > i && found + 1 < tokens.size() &&
           blank(between(text, tokens[found], tokens[found + 1])) &&
           is_hospital_tail(tokens[found + 1].lower) && tokens[found + 1].capital)
      ++found;
    static const Set kCourse{"course",    "day",     "days",    "stay",     "admission",
                             "discharge", "bed",     "problem", "problems", "floor",
                             "visit",     "records", "summary"};
    if (found == i + 1 && tokens[found].lower == "hospital" && found + 1 < tokens.size() &&
        kCourse.contains(tokens[found + 1].lower))
      found = i;
    if (found > i) {
      spans.push_back({tokens[i].begin, tokens[found].end, PhiClass::kHospital, 0.85,
                       Reason::kContext, "hospital_form"});
      past = tokens[found].end;
    }
  }
  return spans;
}

namespace {

bool is_work(std::string_view word) {
  return word == "works" || word == "work" || word == "worked" || word == "working" ||
         word == "employed" || word == "job" || word == "retired" || word == "shift";
}

/// "Works as a home health aide at": a verb of work in the same sentence, six words back at most.
bool works_before(std::string_view text, const std::vector<Token>& tokens, std::size_t i) {
  if (tokens[i].lower != "at" && tokens[i].lower != "for") return false;
  for (std::size_t k = i; k > 0 && i - k < 6; --k) {
    const std::string_view gap = between(text, tokens[k - 1], tokens[k]);
    if (gap.find_first_of(".;:") != std::string_view::npos) return false;
    if (is_work(tokens[k - 1].lower)) return true;
  }
  return false;
}

}  // namespace

std::vector<Span> find_work(std::string_view text, const std::vector<Token>& tokens) {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    // "works at X", "employed by X", "Employer: X".
    if (i + 1 >= tokens.size()) continue;
    const std::string_view word = tokens[i].lower;
    const bool verb =
        i > 0 &&
        (word == "at" || word == "for" || word == "by" || word == "from" || word == "with") &&
        (is_work(tokens[i - 1].lower) || works_before(text, tokens, i));
    const bool label =
        (word == "employer" || word == "employment" || word == "workplace" || word == "work") &&
        between(text, tokens[i], tokens[i + 1]).find(':') != std::string_view::npos;
    if (!verb && !label) continue;
    std::size_t last = i + 1;
    if (!tokens[last].capital) continue;
    while (last + 1 < tokens.size() && last < i + 6) {
      const std::string_view gap = between(text, tokens[last], tokens[last + 1]);
      const bool sign = gap == " & " || gap == "'s " || gap == "\n" || blank(gap);
      if (!sign || !(tokens[last + 1].capital || tokens[last + 1].lower == "and" ||
                     tokens[last + 1].lower == "of"))
        break;
      if (gap == "\n" && label) break;
      ++last;
    }
    while (last > i + 1 && !tokens[last].capital) --last;
    spans.push_back({tokens[i + 1].begin, tokens[last].end, PhiClass::kEmployer, 0.8,
                     Reason::kContext, "employer"});
  }
  return spans;
}

}  // namespace residency::deid
