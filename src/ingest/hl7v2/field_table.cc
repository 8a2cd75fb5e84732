#include "ingest/hl7v2/field_table.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <unordered_map>
#include <utility>

namespace residency::ingest {
namespace {

struct Word {
  std::string_view word;
  Hl7Type type;
  PhiClass phi_class;  // where the row names none
};

constexpr Word kWords[] = {
    {"plain", Hl7Type::kPlain, PhiClass::kOtherId},
    {"coded", Hl7Type::kCoded, PhiClass::kOtherId},
    {"text", Hl7Type::kText, PhiClass::kOtherId},
    {"date", Hl7Type::kDate, PhiClass::kDate},
    {"name", Hl7Type::kPersonName, PhiClass::kPatientName},
    {"person", Hl7Type::kPerson, PhiClass::kClinicianName},
    {"personplace", Hl7Type::kPersonPlace, PhiClass::kClinicianName},
    {"address", Hl7Type::kAddress, PhiClass::kStreet},
    {"tel", Hl7Type::kTelecom, PhiClass::kPhone},
    {"id", Hl7Type::kIdentifier, PhiClass::kOtherId},
    {"org", Hl7Type::kOrganisation, PhiClass::kHospital},
    {"place", Hl7Type::kLocation, PhiClass::kWard},
    {"value", Hl7Type::kValue, PhiClass::kOtherId},
    {"observation", Hl7Type::kObservation, PhiClass::kOtherId},
};

// NUMBER TYPE [CLASS], by HL7 v2.5.1, chapters 2 to 13. A field that is not here is left out of
// what deid gives.
constexpr std::pair<std::string_view, std::string_view> kRows[] = {
    {"MSH",
     "1 plain,2 plain,4 org,6 org,7 date,9 plain,10 id,11 plain,12 plain,15 plain,"
     "16 plain,17 plain,18 plain,19 coded"},
    {"MSA", "1 plain,2 id,3 text"},
    {"ERR", "4 plain,7 text,8 text"},
    {"EVN", "1 plain,2 date,3 date,4 coded,5 person,6 date,7 org"},
    {"PID",
     "1 plain,2 id MRN,3 id MRN,4 id MRN,5 name PATIENT_NAME,6 name RELATIVE_NAME,7 date,"
     "8 plain,9 name PATIENT_NAME,10 coded,11 address,12 value COUNTY,13 tel,14 tel,"
     "15 coded,16 coded,17 coded,18 id ACCOUNT,19 value SSN,20 value LICENSE,21 id MRN,"
     "22 coded,23 value CITY,24 plain,25 plain,26 coded,27 coded,28 coded,29 date,"
     "30 plain,31 plain,33 date,35 coded,36 coded,37 text,39 coded"},
    {"PD1",
     "1 plain,2 coded,3 org,4 person,5 plain,7 plain,8 plain,9 plain,10 id,11 coded,"
     "12 plain"},
    {"MRG", "1 id MRN,2 id MRN,3 id ACCOUNT,4 id MRN,5 id ACCOUNT,7 name PATIENT_NAME"},
    {"NK1",
     "1 plain,2 name RELATIVE_NAME,3 coded,4 address,5 tel,6 tel,7 coded,8 date,9 date,"
     "10 value PROFESSION,12 id,13 org EMPLOYER,14 coded,15 plain,16 date,20 coded,"
     "26 name RELATIVE_NAME,30 name RELATIVE_NAME,31 tel,32 address,33 id,37 value SSN"},
    {"PV1",
     "1 plain,2 plain,3 place,4 plain,5 id,6 place,7 person,8 person,9 person,10 plain,"
     "11 place,12 plain,13 plain,14 plain,15 plain,16 plain,17 person,18 plain,"
     "19 id ACCOUNT,20 coded,21 plain,22 plain,24 plain,36 plain,37 coded,38 coded,"
     "39 value HOSPITAL,41 plain,42 place,43 place,44 date,45 date,50 id ACCOUNT,51 plain,"
     "52 person"},
    {"PV2",
     "1 place,2 coded,3 coded,4 coded,5 text,7 plain,8 date,9 date,10 plain,11 plain,"
     "12 text,13 person,14 date,18 plain,22 plain,23 org,24 plain,25 plain,33 date,"
     "40 coded"},
    {"GT1",
     "1 plain,2 id ACCOUNT,3 name RELATIVE_NAME,4 name RELATIVE_NAME,5 address,6 tel,"
     "7 tel,8 date,9 plain,10 plain,11 coded,12 value SSN,13 date,14 date,"
     "16 name EMPLOYER,17 address,18 tel,19 id,20 plain,21 org EMPLOYER,"
     "42 name RELATIVE_NAME,45 name RELATIVE_NAME,46 tel,49 value PROFESSION,"
     "51 org EMPLOYER"},
    {"IN1",
     "1 plain,2 coded,3 id HEALTH_PLAN_ID,4 org EMPLOYER,5 address,6 name RELATIVE_NAME,"
     "7 tel,8 value HEALTH_PLAN_ID,9 org EMPLOYER,10 id HEALTH_PLAN_ID,11 org EMPLOYER,"
     "12 date,13 date,15 plain,16 name RELATIVE_NAME,17 coded,18 date,19 address,20 plain,"
     "21 plain,22 plain,24 date,26 date,29 date,30 person,35 plain,"
     "36 value HEALTH_PLAN_ID,42 coded,43 plain,44 address,45 plain,49 id HEALTH_PLAN_ID"},
    {"IN2",
     "1 id,2 value SSN,3 person,6 value HEALTH_PLAN_ID,7 name RELATIVE_NAME,"
     "8 value HEALTH_PLAN_ID,9 name RELATIVE_NAME,10 value HEALTH_PLAN_ID,"
     "22 name RELATIVE_NAME,25 id HEALTH_PLAN_ID,26 id HEALTH_PLAN_ID,"
     "40 name RELATIVE_NAME,49 name RELATIVE_NAME,50 tel,52 name RELATIVE_NAME,53 tel,"
     "61 id HEALTH_PLAN_ID,63 tel,64 tel,69 org EMPLOYER"},
    {"ACC", "1 date,2 coded,3 text,4 value CITY,5 plain,6 plain"},
    {"AL1", "1 plain,2 coded,3 coded,4 coded,5 text,6 date"},
    {"IAM",
     "1 plain,2 coded,3 coded,4 coded,5 text,6 coded,7 id,8 text,9 coded,11 date,12 text,"
     "13 date,14 name RELATIVE_NAME,15 coded,16 coded,17 coded,18 person,19 org,20 date"},
    {"DG1",
     "1 plain,2 coded,3 coded,4 text,5 date,6 plain,7 coded,8 coded,9 plain,10 coded,"
     "15 plain,16 person,17 plain,18 plain,19 date,20 id,21 plain"},
    {"DRG", "1 coded,2 date,3 plain,4 coded,5 coded,6 plain"},
    {"PR1",
     "1 plain,2 plain,3 coded,4 text,5 date,6 plain,7 plain,8 person,9 plain,10 plain,"
     "11 person,12 person,13 coded,14 plain,15 coded,16 coded,18 plain"},
    {"ORC",
     "1 plain,2 id,3 id,4 id,5 plain,6 plain,9 date,10 person,11 person,12 person,"
     "13 place,14 tel,15 date,16 coded,17 coded,18 coded,19 person,20 coded,21 org,"
     "22 address,23 tel,24 address,25 coded,27 date,29 coded"},
    {"OBR",
     "1 plain,2 id,3 id,4 coded,5 plain,6 date,7 date,8 date,9 text,10 person,11 plain,"
     "12 coded,13 text,14 date,15 text,16 person,17 tel,18 id,19 id,20 id,21 id,22 date,"
     "24 plain,25 plain,28 person,30 plain,31 coded,32 personplace,33 personplace,"
     "34 personplace,35 personplace,36 date,37 plain,39 coded,43 coded,44 coded,45 coded,"
     "46 coded,47 coded"},
    {"OBX",
     "1 plain,2 plain,3 coded,4 plain,5 observation,6 coded,7 text,8 plain,9 plain,"
     "10 plain,11 plain,12 date,13 text,14 date,15 coded,16 person,17 coded,18 id DEVICE,"
     "19 date,23 org,24 address,25 person"},
    {"NTE", "1 plain,2 plain,3 text,4 coded,5 person,6 date"},
    {"SPM",
     "1 plain,2 id,3 id,4 coded,5 coded,6 coded,7 coded,8 coded,9 coded,11 coded,12 text,"
     "14 text,17 date,18 date,20 plain,21 coded,24 coded,26 plain"},
    {"RXO",
     "1 coded,2 plain,3 plain,4 coded,5 coded,6 coded,7 coded,9 plain,10 coded,11 plain,"
     "12 coded,13 plain,14 person,15 person,17 plain,18 plain,19 coded,20 coded"},
    {"RXE",
     "2 coded,3 plain,4 plain,5 coded,6 coded,7 coded,9 plain,10 plain,11 coded,12 plain,"
     "13 person,14 person,15 value OTHER_ID,16 plain,17 plain,18 date,19 text,20 plain,"
     "21 coded,22 text,23 text,24 coded,25 plain,26 coded,27 coded"},
    {"RXD",
     "1 plain,2 coded,3 date,4 plain,5 coded,6 coded,7 value OTHER_ID,8 plain,9 text,"
     "10 person,12 text,14 plain,15 coded,16 plain,17 coded,18 value DEVICE,19 date"},
    {"RXR", "1 coded,2 coded,3 coded,4 coded,5 coded,6 coded"},
    {"RXA",
     "1 plain,2 plain,3 date,4 date,5 coded,6 plain,7 coded,8 coded,9 coded,10 person,"
     "11 place,12 plain,13 plain,14 coded,15 value DEVICE,16 date,18 coded,19 coded,"
     "20 plain,21 plain,22 date"},
    {"TXA",
     "1 plain,2 plain,3 plain,4 date,5 person,6 date,7 date,8 date,9 person,10 person,"
     "11 person,12 id,13 id,14 id,15 id,17 plain,18 plain,19 plain,20 plain,21 text"},
    {"SCH",
     "1 id,2 id,5 coded,6 coded,7 coded,8 coded,9 plain,10 coded,12 person,13 tel,"
     "14 address,15 place,16 person,17 tel,18 address,19 place,20 person,21 tel,25 coded,"
     "26 id,27 id"},
    {"RGS", "1 plain,2 plain,3 coded"},
    {"AIS", "1 plain,2 plain,3 coded,4 date,7 plain,8 coded,9 plain,10 coded"},
    {"AIL", "1 plain,2 plain,3 place,4 coded,6 date"},
    {"AIP", "1 plain,2 plain,3 person,4 coded,6 date"},
    {"FT1",
     "1 plain,2 id,3 id,4 date,5 date,6 plain,7 coded,8 text,9 text,10 plain,11 plain,"
     "12 plain,13 coded,16 place,18 coded,19 coded,20 person,21 person,23 id,24 person,"
     "25 coded,26 coded"},
    {"ROL", "1 id,2 plain,3 coded,4 person,5 date,6 date,7 coded,9 coded,11 address,12 tel"},
    {"TQ1",
     "1 plain,2 plain,3 text,5 plain,7 date,8 date,9 coded,10 text,11 text,12 plain,"
     "14 plain"},
};

using Table = std::unordered_map<std::string, Hl7Field>;

std::string key_of(std::string_view segment, std::size_t number) {
  return std::string(segment) + "-" + std::to_string(number);
}

std::string_view next_word(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view word = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return word;
}

void add_rule(std::string_view segment, std::string_view rule, Table& table) {
  std::size_t number = 0;
  const std::string_view digits = next_word(rule, ' ');
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const std::string_view type = next_word(rule, ' ');
  for (const Word& word : kWords) {
    if (word.word != type) continue;
    table[key_of(segment, number)] = {word.type, phi_class_named(rule).value_or(word.phi_class)};
  }
}

Table make_table() {
  Table table;
  for (auto [segment, rules] : kRows) {
    while (!rules.empty()) add_rule(segment, next_word(rules, ','), table);
  }
  return table;
}

}  // namespace

std::optional<Hl7Field> hl7_field(std::string_view segment, std::size_t number) {
  static const Table kTable = make_table();
  const auto found = kTable.find(key_of(segment, number));
  if (found == kTable.end()) return std::nullopt;
  return found->second;
}

std::optional<Hl7Type> hl7_value_type(std::string_view name) {
  static const std::unordered_map<std::string_view, Hl7Type> kTypes{
      {"NM", Hl7Type::kText},       {"SN", Hl7Type::kCoded},         {"ST", Hl7Type::kText},
      {"TX", Hl7Type::kText},       {"FT", Hl7Type::kText},          {"CE", Hl7Type::kCoded},
      {"CWE", Hl7Type::kCoded},     {"CNE", Hl7Type::kCoded},        {"CF", Hl7Type::kCoded},
      {"ID", Hl7Type::kPlain},      {"IS", Hl7Type::kPlain},         {"SI", Hl7Type::kPlain},
      {"DT", Hl7Type::kDate},       {"TS", Hl7Type::kDate},          {"DTM", Hl7Type::kDate},
      {"TM", Hl7Type::kPlain},      {"XPN", Hl7Type::kPersonName},   {"XCN", Hl7Type::kPerson},
      {"XAD", Hl7Type::kAddress},   {"XTN", Hl7Type::kTelecom},      {"CX", Hl7Type::kIdentifier},
      {"EI", Hl7Type::kIdentifier}, {"XON", Hl7Type::kOrganisation}, {"PL", Hl7Type::kLocation},
      {"PN", Hl7Type::kPersonName}, {"CN", Hl7Type::kPerson},        {"AD", Hl7Type::kAddress},
      {"TN", Hl7Type::kTelecom},    {"CK", Hl7Type::kIdentifier},    {"", Hl7Type::kText}};
  const auto found = kTypes.find(name);
  if (found == kTypes.end()) return std::nullopt;
  return found->second;
}

}  // namespace residency::ingest
