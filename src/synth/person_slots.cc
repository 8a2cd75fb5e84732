#include <algorithm>
#include <fmt/format.h>

#include "synth/note_sink.h"

namespace residency::synth {
namespace {

std::string initial_of(std::string_view name) {
  std::size_t length = 1;
  while (length < name.size() && (static_cast<unsigned char>(name[length]) & 0xC0) == 0x80)
    ++length;
  return std::string(name.substr(0, length));
}

// Swaps or drops one inner ASCII letter, as a typist would.
std::string misspelled(std::string name, Random& random) {
  if (name.size() < 4) return name;
  const std::size_t at = 1 + random.below(name.size() - 3);
  const auto ascii = [&](std::size_t i) {
    return std::isalpha(static_cast<unsigned char>(name[i])) != 0 &&
           static_cast<unsigned char>(name[i]) < 0x80;
  };
  if (!ascii(at) || !ascii(at + 1)) return name;
  if (random.chance(50) && name[at] != name[at + 1]) {
    std::swap(name[at], name[at + 1]);
  } else {
    name.erase(at, 1);
  }
  return name;
}

std::string age_in_words(int age) {
  static constexpr std::string_view ones[] = {
      "zero",     "one",     "two",     "three",     "four",     "five",    "six",
      "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
      "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
  static constexpr std::string_view tens[] = {"",      "",      "twenty",  "thirty", "forty",
                                              "fifty", "sixty", "seventy", "eighty", "ninety"};
  if (age < 20) return std::string(ones[age]);
  if (age >= 100)
    return age == 100 ? "one hundred" : fmt::format("one hundred {}", age_in_words(age - 100));
  if (age % 10 == 0) return std::string(tens[age / 10]);
  return fmt::format("{}-{}", tens[age / 10], ones[age % 10]);
}

// Styles: 0 "Mary Ann Smith", 1 "SMITH, MARY A", 2 "Smith, Mary", 3 "M. Smith", 4 "Mary Smith",
// 5 "M.A.S." 6 "Smith,Mary Ann", 7 "MARY SMITH".
std::string name_in_style(const PersonName& name, int style) {
  const std::string middle = name.middle.empty() ? "" : fmt::format(" {}", initial_of(name.middle));
  switch (style) {
    case 0:
      return full_name(name);
    case 1:
      return upper_utf8(name.family + ", " + name.given + middle);
    case 2:
      return name.family + ", " + name.given;
    case 3:
      return initial_of(name.given) + ". " + name.family;
    case 4:
      return name.given + " " + name.family;
    case 5:
      return name.middle.empty()
                 ? fmt::format("{}.{}.", initial_of(name.given), initial_of(name.family))
                 : fmt::format("{}.{}.{}.", initial_of(name.given), initial_of(name.middle),
                               initial_of(name.family));
    case 6:
      return fmt::format("{},{}{}{}", name.family, name.given, name.middle.empty() ? "" : " ",
                         name.middle);
    default:
      return upper_utf8(name.given + " " + name.family);
  }
}

}  // namespace

const NoteSink::SlotTable& NoteSink::person_slots() {
  static const SlotTable table{
      {"pt", &NoteSink::patient_name},   {"first", &NoteSink::patient_first},
      {"last", &NoteSink::patient_last}, {"misspelled", &NoteSink::patient_misspelled},
      {"rel", &NoteSink::relative},      {"md", &NoteSink::clinician},
      {"street", &NoteSink::street},     {"place", &NoteSink::place},
      {"employer", &NoteSink::employer}, {"job", &NoteSink::job},
      {"hospital", &NoteSink::hospital}, {"ward", &NoteSink::ward},
      {"he", &NoteSink::pronoun},        {"age", &NoteSink::age},
      {"day", &NoteSink::day},           {"time", &NoteSink::time}};
  return table;
}

void NoteSink::put_name(PhiClass phi_class, const PersonName& name, int style) {
  std::string text = name_in_style(name, style);
  // Where lines are broken, a name is sometimes broken too.
  const auto space = text.find(' ');
  if (style_.columns > 0 && space != std::string::npos && random_.chance(15)) text[space] = '\n';
  out_.put_phi(phi_class, text);
}

void NoteSink::patient_name(std::string_view argument) {
  const PersonName& name = plan_.person.name;
  static constexpr int head_styles[] = {0, 1, 1, 2, 4, 6, 7};
  if (argument == "head") {
    return put_name(PhiClass::kPatientName, name, head_styles[random_.below(7)]);
  }
  if (argument == "initials") return put_name(PhiClass::kPatientName, name, 5);
  if (argument == "title") {
    out_.put(plan_.person.female
                 ? (plan_.person.marital == "M" && random_.chance(50) ? "Mrs. " : "Ms. ")
                 : "Mr. ");
    return out_.put_phi(PhiClass::kPatientName, name.family);
  }
  if (!plan_.person.preferred.empty() && random_.chance(15)) {
    return out_.put_phi(PhiClass::kPatientName, plan_.person.preferred);
  }
  put_name(PhiClass::kPatientName, name, random_.chance(80) ? 4 : 0);
}

void NoteSink::patient_first(std::string_view) {
  out_.put_phi(PhiClass::kPatientName, plan_.person.name.given);
}

void NoteSink::patient_last(std::string_view) {
  out_.put_phi(PhiClass::kPatientName, plan_.person.name.family);
}

void NoteSink::patient_misspelled(std::string_view) {
  out_.put_phi(PhiClass::kPatientName, misspelled(plan_.person.name.family, random_));
}

void NoteSink::relative(std::string_view argument) {
  const Contact& contact = plan_.person.contacts.front();
  if (argument == "word") return out_.put(contact.relation);
  if (argument == "phone") return put_phone(PhiClass::kPhone, contact.phone);
  if (argument == "first") return out_.put_phi(PhiClass::kRelativeName, contact.name.given);
  if (argument == "other") {
    return put_name(PhiClass::kRelativeName, plan_.person.contacts.back().name, 4);
  }
  if (argument == "otherword") return out_.put(plan_.person.contacts.back().relation);
  put_name(PhiClass::kRelativeName, contact.name, random_.chance(85) ? 4 : 2);
}

const Clinician& NoteSink::clinician_of(std::string_view role) const {
  if (role == "attending") return *encounter_.attending;
  if (role == "resident") return *encounter_.resident;
  if (role == "nurse") return *encounter_.nurse;
  if (role == "consultant") return *encounter_.consultant;
  if (role == "pcp") return *encounter_.primary_care;
  return *note_.author;
}

// "ROLE", "ROLE.last", "ROLE.sign", "ROLE.initials"
void NoteSink::clinician(std::string_view argument) {
  const auto dot = argument.find('.');
  const Clinician& clinician = clinician_of(argument.substr(0, dot));
  const std::string_view form = dot == std::string_view::npos ? "" : argument.substr(dot + 1);
  if (form == "last") return out_.put_phi(PhiClass::kClinicianName, clinician.name.family);
  if (form == "initials") {
    return out_.put_phi(PhiClass::kClinicianName,
                        initial_of(clinician.name.given) + initial_of(clinician.name.family));
  }
  static constexpr int styles[] = {0, 4, 4, 3, 2};
  put_name(PhiClass::kClinicianName, clinician.name,
           form == "sign" ? styles[random_.below(2)] : styles[random_.below(5)]);
  if (form == "sign" || random_.chance(60)) {
    out_.put(", ");
    out_.put(clinician.credential);
  }
}

void NoteSink::street(std::string_view) {
  std::string line = plan_.person.street;
  if (!plan_.person.unit.empty()) {
    line += random_.chance(60) ? ", " : " ";
    line += plan_.person.unit;
  }
  out_.put_phi(PhiClass::kStreet, line);
}

// "city", "state", "zip", "county", "line": all in one line.
void NoteSink::place(std::string_view argument) {
  const Place& home = plan_.person.place;
  if (argument == "state") return out_.put(home.state);
  if (argument == "county") return out_.put_phi(PhiClass::kCounty, home.county);
  if (argument == "zip") return out_.put_phi(PhiClass::kZip, home.zip);
  out_.put_phi(PhiClass::kCity, home.city);
  if (argument != "line") return;
  out_.put(random_.chance(70) ? ", " : " ");
  out_.put(home.state);
  out_.put(" ");
  std::string zip = home.zip;
  if (random_.chance(20)) zip += fmt::format("-{:04}", random_.below(10000));
  out_.put_phi(PhiClass::kZip, zip);
}

void NoteSink::employer(std::string_view) {
  out_.put_phi(PhiClass::kEmployer, plan_.person.employer);
}

void NoteSink::job(std::string_view) { out_.put_phi(PhiClass::kProfession, plan_.person.job); }

void NoteSink::hospital(std::string_view argument) {
  const std::string& name = encounter_.hospital->place.name;
  out_.put_phi(PhiClass::kHospital, argument == "upper" ? upper_utf8(name) : name);
}

void NoteSink::ward(std::string_view) { out_.put_phi(PhiClass::kWard, encounter_.ward); }

// {he:he} {he:his} {he:him} {he:sex} {he:S} {he:man}
void NoteSink::pronoun(std::string_view argument) {
  const bool female = plan_.person.female;
  if (argument == "he") return out_.put(female ? "she" : "he");
  if (argument == "his") return out_.put(female ? "her" : "his");
  if (argument == "him") return out_.put(female ? "her" : "him");
  if (argument == "sex") return out_.put(female ? "female" : "male");
  if (argument == "S") return out_.put(female ? "F" : "M");
  out_.put(female ? "woman" : "man");
}

// {age} digits, {age:words}, {age:any}; {age:relative} is somebody else's
void NoteSink::age(std::string_view argument) {
  const int years =
      argument == "relative" ? random_.between(38, 97) : age_on(plan_.person.birth, note_.day);
  const bool words =
      argument == "words" || ((argument == "any" || argument == "relative") && random_.chance(12));
  out_.put_phi(PhiClass::kAge, words ? age_in_words(years) : std::to_string(years));
}

// {day:note} {day:start} {day:end} {day:birth} {day:past} {day:soon} in the note's style, and
// {day:short} {day:spoken} {day:month} for a day near the encounter's start.
void NoteSink::day(std::string_view argument) {
  Day day = note_.day;
  int style = style_.day;
  if (argument == "start") day = encounter_.start;
  if (argument == "end") day = encounter_.end;
  if (argument == "birth") day = plan_.person.birth;
  if (argument == "past") day = encounter_.start - std::chrono::days(random_.between(40, 2600));
  if (argument == "soon") day = note_.day + std::chrono::days(random_.between(5, 45));
  if (style == 11 || style == 13) {  // without a year: not for these
    if (argument != "note") style = 0;
  }
  if (argument == "short") style = random_.chance(70) ? 13 : 11;
  if (argument == "short" || argument == "spoken" || argument == "month") {
    day = encounter_.start - std::chrono::days(random_.between(1, 25));
  }
  if (argument == "short" && random_.chance(12)) argument = "spoken";
  if (argument == "spoken") return out_.put_phi(PhiClass::kDate, spoken_day(day));
  if (argument == "month") return out_.put_phi(PhiClass::kDate, month_name(day));
  if (random_.chance(6) && style != 11) style = static_cast<int>(random_.below(10));
  out_.put_phi(PhiClass::kDate, format_day(day, style));
}

void NoteSink::time(std::string_view) {
  const int minute = (note_.minute + random_.between(0, 45)) % 1440;
  static constexpr std::string_view forms[] = {"{:02}:{:02}", "{:02}{:02}", "{:02}:{:02} hrs"};
  out_.put(fmt::format(fmt::runtime(forms[random_.below(3)]), minute / 60, minute % 60));
}

}  // namespace residency::synth
