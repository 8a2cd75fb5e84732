#include "deid/tagger/genre_maker.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/embedded_data.h"
#include "deid/detect/dictionary.h"
#include "deid/detect/name_words.h"
#include "deid/detect/tokens.h"
#include "deid/tagger/name_maker.h"

RESIDENCY_EMBEDDED(deid_tagger_templates);
RESIDENCY_EMBEDDED(deid_tagger_lists);
RESIDENCY_EMBEDDED(deid_cultures);

namespace residency::deid {
namespace {

constexpr std::array<std::string_view, 24> kDrugs{
    "metoprolol", "lisinopril",  "warfarin",  "amoxicillin", "furosemide",  "levetiracetam",
    "insulin",    "prednisone",  "fentanyl",  "ondansetron", "gabapentin",  "vancomycin",
    "aspirin",    "clopidogrel", "albuterol", "sertraline",  "allopurinol", "heparin",
    "tylenol",    "seroquel",    "lantus",    "xarelto",     "humira",      "eliquis"};
constexpr std::array<std::string_view, 20> kLabs{
    "sodium", "potassium", "albumin", "creatinine", "troponin", "hemoglobin", "WBC",
    "ALT",    "AST",       "BUN",     "INR",        "TSH",      "LDH",        "CRP",
    "PSA",    "HCT",       "PLT",     "glucose",    "lactate",  "bilirubin"};
constexpr std::array<std::string_view, 16> kProblems{
    "chest pain",  "asthma",    "heart failure",   "a hip fracture",      "pneumonia", "diabetes",
    "migraine",    "back pain", "stomach pain",    "atrial fibrillation", "a rash",    "sepsis",
    "knee injury", "psoriasis", "type 2 diabetes", "Parkinson's disease"};
constexpr std::array<std::string_view, 14> kStates{"OH", "TX", "California", "NY",     "Oregon",
                                                   "FL", "MA", "Virginia",   "Nevada", "IL",
                                                   "WA", "GA", "Michigan",   "CO"};
constexpr std::array<std::string_view, 14> kCountries{
    "Canada", "Mexico", "France", "Germany", "India",  "Japan",   "Finland",
    "Brazil", "Uganda", "Norway", "Vietnam", "Poland", "Uruguay", "Turkey"};
template <std::size_t N>
std::string_view pick(TagRandom& random, const std::array<std::string_view, N>& items) {
  return items[random.below(N)];
}

void put(TagExample& out, PhiClass phi_class, std::string_view text) {
  out.spans.push_back({out.text.size(), out.text.size() + text.size(), phi_class});
  out.text += text;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

std::string number_words(std::size_t number) {
  constexpr std::array<std::string_view, 20> kOnes{
      "zero",     "one",     "two",     "three",     "four",     "five",    "six",
      "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
      "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
  constexpr std::array<std::string_view, 8> kTens{"twenty", "thirty",  "forty",  "fifty",
                                                  "sixty",  "seventy", "eighty", "ninety"};
  if (number < kOnes.size()) return std::string(kOnes[number]);
  std::string text(kTens[(number / 10 - 2) % kTens.size()]);
  if (number % 10 != 0) text += "-" + std::string(kOnes[number % 10]);
  return text;
}

std::string decade(TagRandom& random) {
  constexpr std::array<std::string_view, 8> kWords{"twenties", "thirties",  "forties",  "fifties",
                                                   "sixties",  "seventies", "eighties", "nineties"};
  if (random.chance(40)) return std::string(pick(random, kWords));
  return fmt::format("{}0{}s", 2 + random.below(8), random.chance(20) ? "'" : "");
}

std::string age(TagRandom& random) {
  if (random.chance(5)) return number_words(1 + random.below(99));
  if (random.chance(4)) return decade(random);
  return fmt::format("{}", 1 + random.below(104));
}

/// The alternatives between the bracket that opens at `open` and its own closing one, where `end`
/// is put; brackets inside of them stay whole.
std::vector<std::string_view> alternatives(std::string_view text, std::size_t open,
                                           std::size_t& end) {
  std::vector<std::string_view> parts;
  std::size_t from = open + 1;
  int depth = 0;
  for (end = from; end < text.size(); ++end) {
    if (text[end] == '[') ++depth;
    if (text[end] == ']' && depth-- == 0) break;
    if (text[end] != '|' || depth > 0) continue;
    parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  parts.push_back(text.substr(from, end - from));
  return parts;
}

}  // namespace

std::string title_case(std::string_view lower) {
  std::string out(lower);
  bool start = true;
  for (char& c : out) {
    if (start && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    start = c == ' ' || c == '-' || c == '\'';
  }
  return out;
}

GenreMaker::GenreMaker() {
  std::string_view text = embedded_deid_tagger_templates();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line[0] == '#') continue;
    int weight = 1;
    if (line.size() > 3 && line[0] == '*' && line[2] == ' ') {
      weight = line[1] - '0';
      line.remove_prefix(3);
    }
    for (int i = 0; i < weight; ++i) templates_.push_back(line);
  }
  read_lists(embedded_deid_tagger_lists());
  read_cultures(embedded_deid_cultures());
  const Dictionary& dictionary = Dictionary::embedded();
  dictionary.each_word([&](std::string_view word) {
    if (is_eponym(word)) {
      eponyms_.push_back(word);
    } else if (word.size() >= 3 && !dictionary.is_given(word) && !dictionary.is_city(word)) {
      words_.push_back(word);
    }
  });
  for (const std::string_view name : dictionary.surnames()) {
    if (is_eponym(name)) eponyms_.push_back(name);
  }
  std::sort(words_.begin(), words_.end());
  std::sort(eponyms_.begin(), eponyms_.end());
  eponyms_.erase(std::unique(eponyms_.begin(), eponyms_.end()), eponyms_.end());
}

/// Lines of culture|endings|female|male|family, names parted by commas.
void GenreMaker::read_cultures(std::string_view text) {
  const auto next = [](std::string_view& rest, char mark) {
    const std::size_t end = std::min(rest.find(mark), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
  };
  while (!text.empty()) {
    std::string_view line = next(text, '\n');
    if (line.empty() || line[0] == '#') continue;
    next(line, '|');
    next(line, '|');
    std::vector<std::string_view> given, family;
    for (int column = 0; column < 3; ++column) {
      std::string_view names = next(line, '|');
      for (std::size_t i = 0; !names.empty(); ++i) {
        const std::string_view name = next(names, ',');
        if (i % 2 == 0 && !name.empty()) (column == 2 ? family : given).push_back(name);
      }
    }
    if (given.empty() || family.empty()) continue;
    culture_given_.push_back(std::move(given));
    culture_family_.push_back(std::move(family));
  }
}

void GenreMaker::read_lists(std::string_view text) {
  std::vector<std::string_view>* list = nullptr;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line[0] == '#') continue;
    const bool heading = line.front() == '[' && line.back() == ']' &&
                         line.find('|') == std::string_view::npos &&
                         line.find(']') + 1 == line.size();
    if (heading) {
      list = &lists_[line.substr(1, line.size() - 2)];
    } else if (list != nullptr) {
      list->push_back(line);
    }
  }
}

std::string GenreMaker::given(TagRandom& random) const {
  const Dictionary& dictionary = Dictionary::embedded();
  std::string name;
  if (random.chance(25) && !culture_given_.empty()) {
    name = title_case(random.pick(random.pick(culture_given_)));
  } else if (random.chance(45)) {
    name = invent_name(random, false);
  } else {
    name = title_case(random.pick(random.chance(50) ? dictionary.female() : dictionary.male()));
  }
  if (random.chance(4)) name += "-" + title_case(random.pick(dictionary.female()));
  return name;
}

std::string GenreMaker::family(TagRandom& random) const {
  constexpr std::array<std::string_view, 9> kParticles{"de ", "van ", "Van ", "von ", "De La ",
                                                       "al-", "O'",   "Mc",   "Mac"};
  std::string name;
  if (random.chance(25) && !culture_family_.empty()) {
    name = title_case(random.pick(random.pick(culture_family_)));
  } else {
    name = random.chance(45) ? invent_name(random, true)
                             : title_case(random.pick(Dictionary::embedded().surnames()));
  }
  if (random.chance(5)) name = std::string(pick(random, kParticles)) + name;
  if (random.chance(5)) name += "-" + title_case(random.pick(Dictionary::embedded().surnames()));
  return name;
}

std::string GenreMaker::city(TagRandom& random) const {
  if (random.chance(45)) return invent_town(random);
  return title_case(random.pick(Dictionary::embedded().cities()));
}

std::string GenreMaker::name(TagRandom& random) const {
  std::string out = given(random);
  if (random.chance(15))
    out += fmt::format(" {}{}", static_cast<char>('A' + random.below(26)),
                       random.chance(70) ? "." : "");
  return out + " " + family(random);
}

bool GenreMaker::fill_person(std::string_view slot, TagRandom& random, TagExample& out) const {
  PhiClass phi_class = PhiClass::kPatientName;
  std::string_view form = slot;
  if (slot.starts_with("pt")) {
    form = slot.substr(2);
  } else if (slot.starts_with("rel")) {
    phi_class = PhiClass::kRelativeName;
    form = slot.substr(3);
  } else if (slot.starts_with("md")) {
    phi_class = PhiClass::kClinicianName;
    form = slot.substr(2);
  } else {
    return false;
  }
  std::string text;
  if (form == "f") {
    text = given(random);
  } else if (form == "l") {
    text = family(random);
  } else if (form == "i") {
    text = family(random) + ", " + given(random);
    if (random.chance(30)) text += fmt::format(" {}", static_cast<char>('A' + random.below(26)));
  } else {
    if (phi_class == PhiClass::kClinicianName && random.chance(40)) out.text += "Dr. ";
    text = random.chance(8) ? given(random) : name(random);
    if (random.chance(5))
      text = fmt::format("{}. {}", text[0] & 0x80 ? 'J' : text[0], family(random));
  }
  if (random.chance(6)) text = upper(text);
  put(out, phi_class, text);
  return true;
}

bool GenreMaker::fill_place(std::string_view slot, TagRandom& random, TagExample& out) const {
  if (slot == "city") {
    put(out, PhiClass::kCity, city(random));
  } else if (slot == "street") {
    const std::string name = random.chance(50) ? family(random) : city(random);
    put(out, PhiClass::kStreet, invent_street(random, name));
  } else if (slot == "zip") {
    std::string zip;
    for (int i = 0; i < 5; ++i) zip += static_cast<char>('0' + random.below(10));
    put(out, PhiClass::kZip, zip);
  } else if (slot == "emp") {
    put(out, PhiClass::kEmployer,
        random.chance(15) ? invent_company(random, family(random))
                          : listed("employername", random));
  } else if (slot == "hosp") {
    put(out, PhiClass::kHospital, listed("hospitalname", random));
  } else if (slot == "ward") {
    put(out, PhiClass::kWard, listed("wardname", random));
  } else if (slot == "state") {
    out.text += pick(random, kStates);
  } else if (slot == "country") {
    out.text += pick(random, kCountries);
  } else {
    return false;
  }
  return true;
}

void GenreMaker::fill_word(std::string_view slot, TagRandom& random, TagExample& out) const {
  const std::string_view word = random.pick(words_);
  if (slot == "word") out.text += word;
  if (slot == "Word") out.text += title_case(word);
  if (slot == "WORD") out.text += upper(word);
  if (slot == "eponym")
    out.text += title_case(random.pick(eponyms_)) + (random.chance(30) ? "'s" : "");
  if (slot == "drug") out.text += pick(random, kDrugs);
  if (slot == "Drug") out.text += title_case(pick(random, kDrugs));
  if (slot == "lab") out.text += pick(random, kLabs);
  if (slot == "LAB") out.text += upper(pick(random, kLabs));
  if (slot == "dx") out.text += pick(random, kProblems);
  if (slot == "num") out.text += fmt::format("{}", random.below(random.chance(60) ? 30 : 600));
  if (slot == "n9") out.text += fmt::format("{}", 1 + random.below(9));
  // Capitals that identify nobody: abbreviations, brands, a surname that names a thing.
  if (slot == "ABBR") {
    for (std::size_t left = 2 + random.below(3); left > 0; --left)
      out.text += static_cast<char>('A' + random.below(26));
  }
  if (slot == "Brand") {
    constexpr std::array<std::string_view, 14> kEnds{"ex", "ol", "ia", "in",  "ix",  "ra", "yl",
                                                     "ax", "on", "il", "ium", "tan", "za", "ene"};
    out.text += random.chance(40) ? title_case(word)
                                  : invent_name(random, false) + std::string(pick(random, kEnds));
  }
  if (slot == "fam") out.text += family(random);
  if (slot == "time") out.text += fmt::format("{}:{:02}", random.below(24), random.below(60));
}

void GenreMaker::fill(std::string_view slot, TagRandom& random, TagExample& out) const {
  if (fill_person(slot, random, out) || fill_place(slot, random, out)) return;
  if (slot == "shortdate") {
    put(out, PhiClass::kDate, fmt::format("{}/{}", 1 + random.below(12), 1 + random.below(28)));
  } else if (slot == "date") {
    put(out, PhiClass::kDate, invent_date(random));
  } else if (slot == "age") {
    put(out, PhiClass::kAge, age(random));
  } else if (slot == "agew" || slot == "Agew") {
    const std::string words = number_words(1 + random.below(99));
    put(out, PhiClass::kAge, slot == "agew" ? words : title_case(words));
  } else if (slot == "decade") {
    put(out, PhiClass::kAge, decade(random));
  } else if (slot == "phone") {
    put(out, PhiClass::kPhone, invent_phone(random));
  } else if (slot == "email") {
    put(out, PhiClass::kEmail,
        fmt::format("{}{}@{}.com", to_lower(given(random)), random.below(99),
                    to_lower(invent_name(random, true))));
  } else if (slot == "url") {
    put(out, PhiClass::kUrl, fmt::format("www.{}.org", to_lower(invent_name(random, true))));
  } else if (slot == "id") {
    put(out, PhiClass::kOtherId, invent_id(random));
  } else if (slot == "job") {
    std::string job = listed("jobname", random);
    if (random.chance(6)) job = upper(job);
    put(out, PhiClass::kProfession, random.chance(12) ? title_case(job) : job);
  } else {
    const auto list = lists_.find(slot);
    if (list == lists_.end()) return fill_word(slot, random, out);
    out.text += listed(slot, random);
  }
}

std::string GenreMaker::listed(std::string_view slot, TagRandom& random) const {
  const auto list = lists_.find(slot);
  if (list == lists_.end() || list->second.empty()) return "";
  TagExample plain;
  expand(random.pick(list->second), random, plain);
  return plain.text;
}

void GenreMaker::expand(std::string_view text, TagRandom& random, TagExample& out) const {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[') {
      std::size_t end = 0;
      expand(random.pick(alternatives(text, i, end)), random, out);
      i = end;
    } else if (text[i] == '{') {
      const std::size_t end = std::min(text.find('}', i), text.size());
      fill(text.substr(i + 1, end - i - 1), random, out);
      i = end;
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      out.text += text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i];
    } else {
      out.text += text[i];
    }
  }
}

TagExample GenreMaker::make(TagRandom& random) const {
  TagExample out;
  expand(random.pick(templates_), random, out);
  return out;
}

}  // namespace residency::deid
