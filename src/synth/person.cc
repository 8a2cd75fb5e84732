#include "synth/person.h"

#include <cctype>
#include <fmt/format.h>

#include "synth/identifiers.h"

namespace residency::synth {
namespace {

const Culture& pick_culture(const Tables& tables, Random& random) {
  int total = 0;
  for (const Culture& culture : tables.cultures) total += culture.weight;
  int ticket = static_cast<int>(random.below(static_cast<std::size_t>(total)));
  for (const Culture& culture : tables.cultures) {
    ticket -= culture.weight;
    if (ticket < 0) return culture;
  }
  return tables.cultures.front();
}

PersonName make_name(const Culture& culture, bool female, Random& random) {
  PersonName name;
  const auto& given = female ? culture.female : culture.male;
  name.given = random.pick(given);
  if (random.chance(45)) name.middle = random.pick(given);
  if (name.middle == name.given) name.middle.clear();
  name.family = random.pick(culture.family);
  if (culture.name == "american" && random.chance(5))
    name.family += "-" + random.pick(culture.family);
  return name;
}

// ASCII letters and digits of `text`, in lower case.
std::string slug(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 && static_cast<unsigned char>(c) < 0x80) {
      out += static_cast<char>(std::tolower(c));
    }
  }
  return out;
}

std::string make_email(const PersonName& name, Day birth, Random& random) {
  static constexpr std::string_view hosts[] = {"gmail.com",   "yahoo.com",  "outlook.com",
                                               "comcast.net", "icloud.com", "aol.com"};
  std::string first = slug(name.given);
  std::string last = slug(name.family);
  if (first.empty()) first = "pt";
  if (last.empty()) last = "home";
  std::string user;
  switch (random.below(4)) {
    case 0:
      user = first + "." + last;
      break;
    case 1:
      user = first.substr(0, 1) + last + std::to_string(year_of(birth) % 100);
      break;
    case 2:
      user = last + "_" + first;
      break;
    default:
      user = first + digits(random, 3);
  }
  return user + "@" + std::string(hosts[random.below(6)]);
}

void add_contacts(const Culture& culture, const PatientPerson& patient, Day today, Random& random,
                  std::vector<Contact>& contacts) {
  struct Relation {
    std::string_view word;
    bool female;
    bool same_family;
  };
  static constexpr Relation relations[] = {
      {"daughter", true, true}, {"son", false, true},      {"sister", true, true},
      {"brother", false, true}, {"mother", true, true},    {"father", false, true},
      {"niece", true, false},   {"neighbor", true, false}, {"grandson", false, true},
      {"friend", false, false}, {"cousin", true, false},   {"roommate", false, false}};
  // Which relations a patient of the age has: the old no parents, the young no grandsons.
  static constexpr std::size_t old[] = {0, 1, 2, 3, 6, 7, 8, 9, 10};
  static constexpr std::size_t young[] = {2, 3, 4, 5, 7, 9, 10, 11, 4};
  const auto& generations = age_on(patient.birth, today) > 55 ? old : young;
  const int count = random.between(1, 3);
  for (int i = 0; i < count; ++i) {
    Contact contact;
    bool female = !patient.female;
    bool same = true;
    if (i == 0 && patient.marital == "M") {
      contact.relation = patient.female ? "husband" : "wife";
    } else {
      const Relation& relation = relations[generations[random.below(9)]];
      contact.relation = relation.word;
      female = relation.female;
      same = relation.same_family;
    }
    contact.name = make_name(culture, female, random);
    if (same && random.chance(75)) contact.name.family = patient.name.family;
    contact.phone = make_phone(random);
    contacts.push_back(std::move(contact));
  }
}

Clinician make_clinician(const Tables& tables, bool nurse, Random& random) {
  Clinician clinician;
  clinician.id = make_uuid(random);
  const Culture& culture = pick_culture(tables, random);
  const bool female = random.chance(50);
  clinician.name = make_name(culture, female, random);
  clinician.credential = nurse ? "RN" : random.chance(70) ? "MD" : random.chance(50) ? "DO" : "NP";
  clinician.npi = make_npi(random);
  const char initial = clinician.name.family[0];
  if (!nurse) clinician.dea = make_dea(random, initial >= 'A' && initial <= 'Z' ? initial : 'X');
  clinician.license =
      patterned(random, random.chance(50) ? (nurse ? "RN######" : "MD######") : "@-#####");
  clinician.phone = make_phone(random);
  clinician.pager = digits(random, 5);
  return clinician;
}

std::string digits_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

void add_identifiers(PatientPerson& patient, Random& random) {
  static constexpr std::string_view mrns[] = {"#######", "########", "##-##-##", "E#######",
                                              "M00#####"};
  static constexpr std::string_view plans[] = {"Blue Cross Blue Shield", "Aetna",    "Cigna",
                                               "UnitedHealthcare",       "Medicare", "Medicaid",
                                               "Humana Gold Plus",       "Kaiser"};
  patient.ssn = make_ssn(random);
  patient.mrn = patterned(random, mrns[random.below(5)]);
  patient.driver_license = patterned(random, random.chance(50) ? "@#######" : "@###-####-####");
  patient.plan = plans[random.below(8)];
  patient.member_id = patient.plan == "Medicare" ? patterned(random, "#@#9-@@#-@@##")
                                                 : patterned(random, "@@@#########");
  patient.group_number = patterned(random, "######");
  patient.plate = patterned(random, random.chance(50) ? "@@@-####" : "#@@@###");
  patient.vin = make_vin(random);
}

}  // namespace

std::string full_name(const PersonName& name) {
  return name.middle.empty() ? name.given + " " + name.family
                             : name.given + " " + name.middle + " " + name.family;
}

World make_world(const Tables& tables, std::uint64_t seed) {
  Random random = Random(seed).fork(0x776f726c64);
  static constexpr std::string_view wards[] = {"4 West",   "7 Tower B", "MICU",        "5 North",
                                               "CCU",      "3 South",   "Bed 12B",     "Room 417",
                                               "ED Bay 9", "SICU",      "2 East Tele", "L&D 6"};
  World world;
  for (int i = 0; i < 12; ++i) {
    Hospital hospital;
    hospital.id = make_uuid(random);
    hospital.location_id = make_uuid(random);
    hospital.place = random.pick(tables.hospitals);
    hospital.phone = digits_of(hospital.place.phone);
    hospital.fax = make_phone(random);
    hospital.domain =
        slug(hospital.place.name).substr(0, 18) + (random.chance(70) ? ".org" : ".com");
    for (int k = 0; k < 30; ++k) {
      hospital.clinicians.push_back(make_clinician(tables, k >= 22, random));
    }
    for (int k = 0; k < 6; ++k) hospital.wards.emplace_back(wards[random.below(12)]);
    world.hospitals.push_back(std::move(hospital));
  }
  return world;
}

PatientPerson make_patient(const Tables& tables, Random random, Day today) {
  static constexpr std::string_view kinds[] = {"St", "Street", "Ave", "Avenue", "Rd", "Drive",
                                               "Ln", "Blvd",   "Ct",  "Way",    "Pl", "Terrace"};
  static constexpr std::string_view units[] = {"Apt #@", "Apt ###", "Unit ##", "#@", "Lot ##"};
  PatientPerson patient;
  patient.id = make_uuid(random);
  const Culture& culture = pick_culture(tables, random);
  patient.culture = culture.name;
  patient.female = random.chance(52);
  patient.name = make_name(culture, patient.female, random);
  // Mostly adults in the middle and later years, one in twenty over 89.
  const int years = random.chance(5)    ? random.between(90, 103)
                    : random.chance(60) ? random.between(48, 89)
                                        : random.between(25, 60);
  patient.birth = today - std::chrono::days(years * 365 + years / 4 + random.between(1, 364));
  if (random.chance(18) && patient.name.given.size() > 5) {
    patient.preferred = patient.name.given.substr(0, 3);
    if (static_cast<unsigned char>(patient.preferred.back()) >= 0x80) patient.preferred.clear();
  }
  patient.street = std::to_string(random.between(2, 12999));
  patient.street += ' ';
  patient.street += random.pick(tables.streets);
  patient.street += ' ';
  patient.street += kinds[random.below(12)];
  if (random.chance(6)) patient.street = fmt::format("P.O. Box {}", random.between(12, 9988));
  if (random.chance(25)) patient.unit = patterned(random, units[random.below(5)]);
  patient.place = random.pick(tables.places);
  patient.home_phone = make_phone(random);
  patient.mobile_phone = make_phone(random);
  patient.work_phone = make_phone(random);
  patient.email = make_email(patient.name, patient.birth, random);
  add_identifiers(patient, random);
  patient.employer = random.pick(tables.employers);
  patient.job = random.pick(tables.jobs);
  static constexpr std::string_view marital[] = {"M", "M", "S", "W", "D"};
  patient.marital = marital[random.below(5)];
  add_contacts(culture, patient, today, random, patient.contacts);
  return patient;
}

}  // namespace residency::synth
