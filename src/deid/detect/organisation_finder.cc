#include "deid/detect/organisation_finder.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "deid/detect/word_table.h"

namespace residency::deid {
namespace {

using Set = std::unordered_set<std::string_view>;

constexpr std::size_t kWordsMax = 7;

/// What a last word says of the words before it.
enum class Head : std::uint8_t { kNone, kCare, kOther, kCareAfterTwo };

Head head_of(std::string_view word) {
  using enum Head;
  // After two words at least: "Dunmore Cardiology Associates", not "His Associates".
  static const std::unordered_map<std::string_view, Head> kHeads{{"pavilion", kCare},
                                                                 {"infirmary", kCare},
                                                                 {"hospice", kCare},
                                                                 {"pharmacy", kCare},
                                                                 {"manor", kCare},
                                                                 {"sanitarium", kCare},
                                                                 {"pharmacies", kCare},
                                                                 {"polyclinic", kCare},
                                                                 {"hosp", kCare},
                                                                 {"associates", kCareAfterTwo},
                                                                 {"physicians", kCareAfterTwo},
                                                                 {"specialists", kCareAfterTwo},
                                                                 {"institute", kCareAfterTwo},
                                                                 {"radiology", kCareAfterTwo},
                                                                 {"laboratories", kCareAfterTwo},
                                                                 {"rehab", kCareAfterTwo},
                                                                 {"orthopedics", kCareAfterTwo},
                                                                 {"orthopaedics", kCareAfterTwo},
                                                                 {"pediatrics", kCareAfterTwo},
                                                                 {"dermatology", kCareAfterTwo},
                                                                 {"dental", kCareAfterTwo},
                                                                 {"dentistry", kCareAfterTwo},
                                                                 {"ambulance", kCareAfterTwo},
                                                                 {"hospitals", kCare},
                                                                 {"general", kCareAfterTwo},
                                                                 {"rx", kCareAfterTwo},
                                                                 {"ems", kCareAfterTwo},
                                                                 {"laboratory", kCareAfterTwo},
                                                                 {"surgery", kCareAfterTwo},
                                                                 {"orthotics", kCare},
                                                                 {"cboc", kCareAfterTwo},
                                                                 {"consultants", kCareAfterTwo},
                                                                 {"prosthetics", kCare},
                                                                 {"muffler", kOther},
                                                                 {"games", kOther},
                                                                 {"cargo", kOther},
                                                                 {"hotshots", kOther},
                                                                 {"farm", kOther},
                                                                 {"oil", kOther},
                                                                 {"studio", kOther},
                                                                 {"studios", kOther},
                                                                 {"transit", kOther},
                                                                 {"depot", kOther},
                                                                 {"tire", kOther},
                                                                 {"group", kCareAfterTwo},
                                                                 {"vascular", kCareAfterTwo},
                                                                 {"lab", kCareAfterTwo},
                                                                 {"labs", kCareAfterTwo},
                                                                 {"memorial", kCareAfterTwo},
                                                                 {"physio", kCareAfterTwo},
                                                                 {"physiotherapy", kCareAfterTwo},
                                                                 {"health", kCareAfterTwo},
                                                                 {"healthcare", kCareAfterTwo},
                                                                 {"diagnostics", kCare},
                                                                 {"ob", kCareAfterTwo},
                                                                 {"orthopaedic", kCareAfterTwo},
                                                                 {"med", kCareAfterTwo},
                                                                 {"apothecary", kCare},
                                                                 {"hospices", kCare},
                                                                 {"obgyn", kCareAfterTwo},
                                                                 {"surgicenter", kCare},
                                                                 {"medicenter", kCare},
                                                                 {"dialysis", kCareAfterTwo},
                                                                 {"castings", kOther},
                                                                 {"supply", kOther},
                                                                 {"fulfillment", kOther},
                                                                 {"warehouse", kOther},
                                                                 {"aeroworks", kOther},
                                                                 {"electric", kOther},
                                                                 {"consulting", kOther},
                                                                 {"partners", kOther},
                                                                 {"solutions", kOther},
                                                                 {"systems", kOther},
                                                                 {"services", kOther},
                                                                 {"properties", kOther},
                                                                 {"realty", kOther},
                                                                 {"freight", kOther},
                                                                 {"lumber", kOther},
                                                                 {"hardware", kOther},
                                                                 {"salon", kOther},
                                                                 {"pizzeria", kOther},
                                                                 {"tavern", kOther},
                                                                 {"casino", kOther},
                                                                 {"hotel", kOther},
                                                                 {"resort", kOther},
                                                                 {"library", kOther},
                                                                 {"museum", kOther},
                                                                 {"orchard", kOther},
                                                                 {"dairy", kOther},
                                                                 {"nursery", kOther},
                                                                 {"auto", kOther},
                                                                 {"garage", kOther},
                                                                 {"diner", kOther},
                                                                 {"cafe", kOther},
                                                                 {"café", kOther},
                                                                 {"restaurant", kOther},
                                                                 {"grill", kOther},
                                                                 {"bakery", kOther},
                                                                 {"brewery", kOther},
                                                                 {"brewing", kOther},
                                                                 {"college", kOther},
                                                                 {"university", kOther},
                                                                 {"academy", kOther},
                                                                 {"elementary", kOther},
                                                                 {"school", kOther},
                                                                 {"seminary", kOther},
                                                                 {"church", kOther},
                                                                 {"temple", kOther},
                                                                 {"mosque", kOther},
                                                                 {"synagogue", kOther},
                                                                 {"cathedral", kOther},
                                                                 {"chapel", kOther},
                                                                 {"parish", kOther},
                                                                 {"fellowship", kCareAfterTwo},
                                                                 {"ministries", kOther},
                                                                 {"tabernacle", kOther},
                                                                 {"inc", kOther},
                                                                 {"llc", kOther},
                                                                 {"corp", kOther},
                                                                 {"corporation", kOther},
                                                                 {"ltd", kOther},
                                                                 {"bros", kOther},
                                                                 {"industries", kOther},
                                                                 {"enterprises", kOther},
                                                                 {"reinsurance", kOther},
                                                                 {"logistics", kOther},
                                                                 {"roofing", kOther},
                                                                 {"trucking", kOther},
                                                                 {"foundry", kOther},
                                                                 {"foods", kOther},
                                                                 {"farms", kOther},
                                                                 {"ranch", kOther},
                                                                 {"motors", kOther},
                                                                 {"airlines", kOther},
                                                                 {"stevedores", kOther},
                                                                 {"shipyard", kOther},
                                                                 {"shelter", kOther},
                                                                 {"foundation", kOther},
                                                                 {"plumbing", kOther},
                                                                 {"landscaping", kOther},
                                                                 {"manufacturing", kOther},
                                                                 {"packing", kOther},
                                                                 {"steel", kOther},
                                                                 {"textiles", kOther},
                                                                 {"daycare", kOther},
                                                                 {"preschool", kOther},
                                                                 {"kindergarten", kOther},
                                                                 {"ironworks", kOther},
                                                                 {"sawmill", kOther},
                                                                 {"cannery", kOther},
                                                                 {"quarry", kOther},
                                                                 {"winery", kOther}};
  const auto found = kHeads.find(word);
  return found == kHeads.end() ? kNone : found->second;
}

bool care_pair(std::string_view a, std::string_view b) {
  if (b == "center" || b == "centre" || b == "ctr") {
    static const Set kWords{"imaging",   "diagnostic", "birth",     "birthing",  "wellness",
                            "trauma",    "burn",       "dialysis",  "infusion",  "endoscopy",
                            "fertility", "eye",        "dental",    "spine",     "pain",
                            "women's",   "women",      "heart",     "nursing",   "radiology",
                            "oncology",  "veterans",   "sleep",     "surgical",  "surgicenter",
                            "genetics",  "geriatric",  "pediatric", "detention", "correctional"};
    return kWords.contains(a);
  }
  if (b == "care")
    return a == "urgent" || a == "hospice" || a == "memory" || a == "walk-in" || a == "home" ||
           a == "eye" || a == "senior" || a == "skin" || a == "express";
  if (b == "health")
    return a == "behavioral" || a == "mental" || a == "home" || a == "women's" || a == "women" ||
           a == "veterans" || a == "tribal" || a == "public" || a == "family" || a == "maternal";
  if (b == "nursing") return a == "skilled" || a == "home";
  if (b == "living") return a == "assisted" || a == "senior";
  if (b == "house") return a == "recovery" || a == "sober" || a == "transition";
  if (b == "genetics" || b == "diagnostics" || b == "labs") return true;
  if (b == "practice") return a == "family" || a == "group";
  if (b == "clinic" || b == "hospital") return true;
  return false;
}

bool other_pair(std::string_view a, std::string_view b) {
  if (b == "high") return a == "junior" || a == "senior";
  if (b == "union") return a == "credit";
  if (b == "center") return a == "community" || a == "learning" || a == "senior" || a == "day";
  if (b == "company" || b == "co") return true;
  if (b == "mutual" || b == "insurance" || b == "bank" || b == "drug" || b == "drugs") return true;
  if (b == "mills" || b == "mill" || b == "works" || b == "mart" || b == "market") return true;
  return b == "brothers" || b == "construction" || b == "plant" || b == "fisheries";
}

/// Capital words that begin no name of an organisation.
bool never_first(const Token& token) {
  static const Set kWords{
      "the",        "a",         "an",         "this",     "his",         "her",     "our",
      "their",      "in",        "at",         "to",       "from",        "for",     "by",
      "of",         "and",       "or",         "with",     "name",        "date",    "location",
      "primary",    "outside",   "referring",  "per",      "see",         "via",     "phone",
      "fax",        "patient",   "pt",         "dr",       "mr",          "mrs",     "ms",
      "she",        "he",        "they",       "facility", "sending",     "current", "preferred",
      "attends",    "attending", "works",      "worked",   "retired",     "lives",   "went",
      "is",         "was",       "on",         "no",       "new",         "high",    "middle",
      "elementary", "medical",   "graduate",   "grade",    "urgent",      "skilled", "assisted",
      "credit",     "community", "behavioral", "mental",   "home",        "public",  "nursing",
      "stainless",  "surgical",  "call",       "contact",  "email",       "portal",  "from:",
      "discharge",  "admit",     "admitted",   "transfer", "transferred", "consult", "follow"};
  return kWords.contains(token.lower);
}

bool filler(std::string_view word) {
  return word == "of" || word == "and" || word == "the" || word == "for" || word == "de" ||
         word == "la" || word == "del";
}

bool joins(std::string_view gap) {
  return gap == " " || gap == " & " || gap == "'s " || gap == "\xE2\x80\x99s " || gap == ". " ||
         gap == "'S ";
}

/// Where the line's words are all capitals, a capital says nothing.
bool shouted(const std::vector<Token>& tokens, std::size_t first, std::size_t last) {
  return std::all_of(tokens.begin() + static_cast<std::ptrdiff_t>(first),
                     tokens.begin() + static_cast<std::ptrdiff_t>(last),
                     [](const Token& token) { return token.all_capitals || token.letters < 2; });
}

bool own(const Token& token) {
  return !token.is(kFlagWord | kFlagNeverName) || token.is(kFlagSurname | kFlagCity);
}

bool any_own(const std::vector<Token>& tokens, std::size_t first, std::size_t head) {
  return std::any_of(tokens.begin() + static_cast<std::ptrdiff_t>(first),
                     tokens.begin() + static_cast<std::ptrdiff_t>(head), own);
}

/// Every word but those that such names hold themselves is none of prose's.
bool all_own(const std::vector<Token>& tokens, std::size_t first, std::size_t head) {
  static const Set kUsual{"women",   "children", "memorial",   "regional", "community",
                          "general", "valley",   "county",     "imaging",  "medical",
                          "family",  "surgical", "physical",   "hospital", "high",
                          "junior",  "mission",  "urgent",     "health",   "cardiology",
                          "skilled", "nursing",  "behavioral", "cancer"};
  return std::all_of(tokens.begin() + static_cast<std::ptrdiff_t>(first),
                     tokens.begin() + static_cast<std::ptrdiff_t>(head),
                     [](const Token& token) { return own(token) || kUsual.contains(token.lower); });
}

}  // namespace

std::vector<Span> find_organisations(std::string_view text, const std::vector<Token>& tokens) {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < tokens.size();) {
    if (!tokens[i].capital || tokens[i].letters < 2 || never_first(tokens[i])) {
      ++i;
      continue;
    }
    std::size_t found = 0;
    PhiClass phi_class = PhiClass::kHospital;
    for (std::size_t last = i + 1; last < tokens.size() && last < i + kWordsMax; ++last) {
      const std::string_view gap =
          text.substr(tokens[last - 1].end, tokens[last].begin - tokens[last - 1].end);
      const bool saint = tokens[last - 1].lower == "st" || tokens[last - 1].lower == "mt";
      if (!joins(gap) || (gap == ". " && !saint)) break;
      if (!tokens[last].capital) {
        if (!filler(tokens[last].lower)) break;
        continue;
      }
      const Head head = head_of(tokens[last].lower);
      const std::string_view before = tokens[last - 1].lower;
      const bool two = last >= i + 2;
      if (head == Head::kCare || (head == Head::kCareAfterTwo && two) ||
          (two && care_pair(before, tokens[last].lower))) {
        found = last;
        phi_class = PhiClass::kHospital;
      } else if (head == Head::kOther || (two && other_pair(before, tokens[last].lower))) {
        found = last;
        phi_class = PhiClass::kEmployer;
      }
    }
    if (found == 0) {
      ++i;
      continue;
    }
    const bool loud = shouted(tokens, i, found + 1);
    if (loud ? all_own(tokens, i, found) : found >= i + 2 || any_own(tokens, i, found)) {
      spans.push_back({tokens[i].begin, tokens[found].end, phi_class, 0.8, Reason::kContext,
                       "organisation_form"});
    } else if (loud) {
      ++i;
      continue;
    }
    i = found + 1;
  }
  return spans;
}

}  // namespace residency::deid
