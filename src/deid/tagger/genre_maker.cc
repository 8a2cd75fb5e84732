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
constexpr std::array<std::string_view, 22> kJobs{
    "teacher",           "electrician", "truck driver", "nurse",       "farmer",    "accountant",
    "software engineer", "plumber",     "cashier",      "carpenter",   "welder",    "lawyer",
    "librarian",         "line cook",   "bus driver",   "firefighter", "machinist", "painter",
    "florist",           "pastor",      "bookkeeper",   "coal miner"};
constexpr std::array<std::string_view, 14> kStates{"OH", "TX", "California", "NY",     "Oregon",
                                                   "FL", "MA", "Virginia",   "Nevada", "IL",
                                                   "WA", "GA", "Michigan",   "CO"};
constexpr std::array<std::string_view, 14> kCountries{
    "Canada", "Mexico", "France", "Germany", "India",  "Japan",   "Finland",
    "Brazil", "Uganda", "Norway", "Vietnam", "Poland", "Uruguay", "Turkey"};
constexpr std::array<std::string_view, 8> kHospitalKinds{
    "Hospital", "Medical Center", "Clinic",      "General Hospital",
    "Memorial", "Health System",  "VA Hospital", "Regional Medical Center"};
constexpr std::array<std::string_view, 12> kWards{"4 West", "ICU 3",  "7B",      "MICU",
                                                  "5N",     "NICU",   "Ward 12", "2 South",
                                                  "CCU",    "6 East", "Unit 4C", "Tower 9"};

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

/// Where the bracket or brace that opens at `open` closes.
std::size_t closing(std::string_view text, std::size_t open, char close) {
  const std::size_t end = text.find(close, open);
  return end == std::string_view::npos ? text.size() : end;
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

std::string GenreMaker::given(TagRandom& random) const {
  const Dictionary& dictionary = Dictionary::embedded();
  std::string name;
  if (random.chance(45)) {
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
  std::string name = random.chance(45) ? invent_name(random, true)
                                       : title_case(random.pick(Dictionary::embedded().surnames()));
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
    put(out, PhiClass::kEmployer, invent_company(random, family(random)));
  } else if (slot == "hosp") {
    const std::string stem = random.chance(50) ? family(random) : city(random);
    put(out, PhiClass::kHospital,
        fmt::format("{}{} {}", random.chance(15) ? "St. " : "", stem,
                    pick(random, kHospitalKinds)));
  } else if (slot == "ward") {
    put(out, PhiClass::kWard, pick(random, kWards));
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
  if (slot == "date") {
    put(out, PhiClass::kDate, invent_date(random));
  } else if (slot == "age") {
    put(out, PhiClass::kAge, fmt::format("{}", 1 + random.below(104)));
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
    put(out, PhiClass::kProfession, pick(random, kJobs));
  } else {
    fill_word(slot, random, out);
  }
}

void GenreMaker::expand(std::string_view text, TagRandom& random, TagExample& out) const {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[') {
      const std::size_t end = closing(text, i, ']');
      std::string_view inside = text.substr(i + 1, end - i - 1);
      const auto bars = static_cast<std::size_t>(std::count(inside.begin(), inside.end(), '|'));
      for (std::size_t skip = random.below(bars + 1); skip > 0; --skip)
        inside.remove_prefix(inside.find('|') + 1);
      expand(inside.substr(0, inside.find('|')), random, out);
      i = end;
    } else if (text[i] == '{') {
      const std::size_t end = closing(text, i, '}');
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
