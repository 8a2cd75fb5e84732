// Every action's transform, and the laws that hold for any date, age and value.
#include <chrono>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "deid/detect/tokens.h"
#include "deid/detect/validators.h"
#include "deid/survey.h"
#include "deid/transform/age_change.h"
#include "deid/transform/date_change.h"
#include "deid/transform/generalize.h"
#include "deid/transform/name_pool.h"
#include "deid/transform/replacer.h"
#include "deid/transform/surrogate.h"
#include "deid/transform/value_code.h"
#include "deid/transform/zip3.h"

namespace residency::deid {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

const std::string kSecret(32, 'k');

Crosswalk crosswalk() { return Crosswalk::open(kSecret, "").value(); }

Policy policy_with(std::initializer_list<std::pair<PhiClass, Action>> actions) {
  Policy policy = Policy::named("safe-harbor").value();
  for (const auto& [phi_class, action] : actions)
    policy.actions[static_cast<std::size_t>(phi_class)] = action;
  return policy;
}

std::string replaced(PhiClass phi_class, Action action, std::string_view text) {
  Crosswalk table = crosswalk();
  const Policy policy = policy_with({{phi_class, action}});
  return Replacer(policy, table.patient("a"), "female", 2021).replace(phi_class, text);
}

std::string iso(sys_days day) {
  const year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

sys_days day_of(std::string_view text) {
  const DateParts parts = date_parts(text, 2040);
  return sys_days(year_month_day(std::chrono::year(parts.year.value_or(0)),
                                 std::chrono::month(static_cast<unsigned>(parts.month.value_or(1))),
                                 std::chrono::day(static_cast<unsigned>(parts.day.value_or(1)))));
}

/// The ways in which one day may be written.
std::vector<std::string> forms(sys_days day) {
  const year_month_day date(day);
  const int year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month());
  const unsigned number = static_cast<unsigned>(date.day());
  const std::string name = month_title(static_cast<int>(month));
  return {iso(day),
          fmt::format("{:02}/{:02}/{:04}", month, number, year),
          fmt::format("{} {}, {}", name, number, year),
          fmt::format("{:02}-{}-{:04}", number, name.substr(0, 3), year),
          fmt::format("{:04}{:02}{:02}", year, month, number),
          fmt::format("{:04}{:02}{:02}093000-0500", year, month, number),
          iso(day) + "T09:30:00Z"};
}

TEST(DateShift, KeepsEveryIntervalInEveryForm) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    const sys_days first = sys_days(std::chrono::year(1950) / 1 / 1) + days(random() % 30000);
    const sys_days second = first + days(random() % 5000);
    const int offset = static_cast<int>(random() % 731) - 365;
    const auto a = forms(first);
    const auto b = forms(second);
    const std::size_t form = random() % a.size();
    const auto moved_a = shift_date(a[form], offset, 2021);
    const auto moved_b = shift_date(b[random() % 2 == 0 ? form : 0], offset, 2021);
    ASSERT_TRUE(moved_a && moved_b) << form;
    ASSERT_EQ((day_of(*moved_b) - day_of(*moved_a)).count(), (second - first).count()) << form;
    ASSERT_EQ((day_of(*moved_a) - first).count(), offset) << form;
    ASSERT_EQ(moved_a->size() == a[form].size() || form == 2, true) << form;
  }
}

TEST(DateShift, KeepsTheOrderOfDatesOfAnyPrecision) {
  std::mt19937 random(2);
  const auto coarse = [](const std::string& date, unsigned precision) {
    return precision == 0 ? date : date.substr(0, precision == 1 ? 7 : 4);
  };
  for (int round = 0; round < 5000; ++round) {
    const sys_days first = sys_days(std::chrono::year(1950) / 1 / 1) + days(random() % 25000);
    const std::string a = coarse(iso(first), random() % 3);
    const std::string b = coarse(iso(first + days(random() % 800)), random() % 3);
    const int offset = static_cast<int>(random() % 731) - 365;
    const std::string x = shift_date(a, offset, 2021).value();
    const std::string y = shift_date(b, offset, 2021).value();
    // By what both say: "1973" is neither before nor after "1973-02-10".
    const std::size_t width = std::min(a.size(), b.size());
    if (a.substr(0, width) < b.substr(0, width)) {
      ASSERT_LE(x.substr(0, width), y.substr(0, width)) << offset;
    }
    if (a.size() == b.size() && a <= b) {
      ASSERT_LE(x, y);
    }
    ASSERT_EQ(x.size(), a.size());
  }
}

TEST(DateShift, PartialDatesAndTimesKeepTheirForm) {
  EXPECT_EQ(shift_date("Mar 2019", 40, 2021), "Apr 2019");
  EXPECT_EQ(shift_date("3/15", 20, 2021), "4/4");
  EXPECT_EQ(shift_date("201903", 40, 2021), "201904");
  EXPECT_EQ(shift_date("2019", 365, 2021), "2020");
  EXPECT_EQ(shift_date("2/29", 1, 2021), "3/2");
  EXPECT_EQ(shift_date("2024-03-08T09:00:00+02:00", 3, 2024), "2024-03-11T09:00:00+02:00");
  EXPECT_EQ(shift_date("03/08/2024 14:35", 3, 2024), "03/11/2024 14:35");
  for (const char* none : {"2021-02-31", "13/45/2021", "99999999", "not a date", "", "0000-00-00"})
    EXPECT_EQ(shift_date(none, 3, 2021), std::nullopt) << none;
}

TEST(Replacer, NoDateTellsAnAgeOver89AfterTheShift) {
  std::mt19937 random(3);
  const Policy policy = policy_with({{PhiClass::kDate, Action::kDateShift}});
  Crosswalk table = crosswalk();
  int withheld = 0;
  for (int round = 0; round < 4000; ++round) {
    PatientCode& code = table.patient(std::to_string(round % 50));
    const sys_days visit = sys_days(std::chrono::year(2021) / 1 / 1) + days(random() % 365);
    const sys_days born = visit - days(365 * 84 + random() % (365 * 12));
    Replacer replacer(policy, code, "", 2021);
    const std::string visit_out = replacer.replace(PhiClass::kDate, iso(visit));
    const std::string born_out =
        replacer.replace(PhiClass::kDate, forms(born)[random() % forms(born).size()]);
    ASSERT_NE(visit_out[0], '[');
    if (born_out[0] == '[') {
      ++withheld;
      continue;
    }
    const double age = static_cast<double>((day_of(visit_out) - day_of(born_out)).count()) / 365.25;
    ASSERT_LT(age, 90.0);
  }
  EXPECT_GT(withheld, 1000);
  EXPECT_LT(withheld, 3000);
}

TEST(Replacer, TheCorpusTellsWhenSomebodyIsOver89) {
  // A record of 2010 of somebody born in 1925; the corpus goes to 2021.
  RealValues values(20);
  for (int i = 0; i < 50; ++i) values.add_text("seen 2021-03-04 and 2010-01-02");
  values.add_text("a wrong 2099-01-01");
  for (int i = 0; i < 1000; ++i) values.add_text("on 2015-01-01");
  EXPECT_EQ(values.latest_year(), 2021);
  Crosswalk table = crosswalk();
  const Policy policy = policy_with({});
  EXPECT_EQ(Replacer(policy, table.patient("a"), "", 2010).replace(PhiClass::kDate, "1925-04-01"),
            "1925");
  table.avoid(std::make_shared<RealValues>(values));
  EXPECT_EQ(Replacer(policy, table.patient("a"), "", 2010).replace(PhiClass::kDate, "1925-04-01"),
            "[DATE]");
}

TEST(Replacer, DatesBecomeMonthsQuartersAndYears) {
  EXPECT_EQ(replaced(PhiClass::kDate, Action::kMonth, "2019-03-14"), "2019-03");
  EXPECT_EQ(replaced(PhiClass::kDate, Action::kMonth, "20190314093000"), "201903");
  EXPECT_EQ(replaced(PhiClass::kDate, Action::kMonth, "March 14th, 2019"), "March 2019");
  EXPECT_EQ(replaced(PhiClass::kDate, Action::kQuarter, "2019-05-14T10:00"), "2019-04");
  EXPECT_EQ(replaced(PhiClass::kDate, Action::kQuarter, "11/2/19"), "Q4 2019");
  EXPECT_EQ(replaced(PhiClass::kDate, Action::kYearOnly, "11/2/19"), "2019");
  EXPECT_EQ(replaced(PhiClass::kDate, Action::kMonth, "1929-03-14"), "[DATE]");
  EXPECT_EQ(replaced(PhiClass::kDate, Action::kMonth, "yesterday"), "[DATE]");
}

TEST(Age, IsReadInEveryUsualForm) {
  for (const auto& [text, years] :
       std::initializer_list<std::pair<const char*, int>>{{"94", 94},
                                                          {"94-year-old", 94},
                                                          {"3 1/2 years", 3},
                                                          {"ninety-four", 94},
                                                          {"forty five", 45},
                                                          {"18 months", 1},
                                                          {"18-month-old", 1},
                                                          {"6 weeks", 0},
                                                          {"10 days", 0},
                                                          {"in her nineties", 90},
                                                          {"centenarian", 100},
                                                          {"a hundred and two", 100},
                                                          {"92 y/o", 92},
                                                          {"nineteen", 19},
                                                          {"102yo", 102}})
    EXPECT_EQ(years_of(text), years) << text;
  EXPECT_EQ(years_of("old"), std::nullopt);
}

TEST(Age, NoneOver89IsLeftByPoolsAndBands) {
  for (int age = 0; age <= 130; ++age) {
    for (const std::string& text :
         {std::to_string(age), fmt::format("{}-year-old", age), fmt::format("aged {} years", age),
          fmt::format("{}yo", age), fmt::format("{} y/o", age)}) {
      const std::string pooled = pooled_age(text);
      EXPECT_EQ(pooled, age > 89 ? "90+" : text);
      for (const int width : {5, 10}) {
        const std::string band = age_band(text, width).value();
        EXPECT_EQ(band, age > 89 ? "90+"
                                 : fmt::format("{}-{}", age / width * width,
                                               age / width * width + width - 1));
      }
    }
  }
  EXPECT_EQ(pooled_age("60 to 94"), "90+");
  EXPECT_EQ(pooled_age("3 1/2 years"), "3 1/2 years");
  EXPECT_EQ(pooled_age("94 months"), "94 months");
  EXPECT_EQ(pooled_age("ninety"), "90+");
  EXPECT_EQ(replaced(PhiClass::kAge, Action::kAgeBand5, "elderly"), "[AGE]");
}

TEST(Zip3, GoesByTheCensusThatThePolicyNames) {
  EXPECT_EQ(zip3("65270", ZipCensus::k2010), "652");
  EXPECT_EQ(zip3("65270-1234", ZipCensus::k2000), "652");
  // 369 grew small between the two, 063 large; nobody lives in 001.
  EXPECT_EQ(zip3("36901", ZipCensus::k2010), "000");
  EXPECT_EQ(zip3("36901", ZipCensus::k2000), "369");
  EXPECT_EQ(zip3("06301", ZipCensus::k2010), "063");
  EXPECT_EQ(zip3("06301", ZipCensus::k2000), "000");
  EXPECT_EQ(zip3("00123", ZipCensus::k2010), "000");
  EXPECT_EQ(zip3("12", ZipCensus::k2010), "000");
  int small = 0;
  for (int i = 0; i < 1000; ++i)
    small += zip3(fmt::format("{:03}", i), ZipCensus::k2000) == "000" ? 1 : 0;
  EXPECT_EQ(small, 18);  // the 17 areas, and 000 itself
}

TEST(City, BecomesItsStateWhereOneHasItAlone) {
  EXPECT_EQ(replaced(PhiClass::kCity, Action::kState, "Ahoskie"), "NC");
  EXPECT_EQ(replaced(PhiClass::kCity, Action::kState, "AHOSKIE"), "NC");
  EXPECT_EQ(replaced(PhiClass::kCity, Action::kState, "Springfield"), "[CITY]");
}

TEST(Codes, HashesAreTheKeysAndEncryptedValuesComeBack) {
  Policy policy =
      policy_with({{PhiClass::kSsn, Action::kKeyedHash}, {PhiClass::kMrn, Action::kEncrypt}});
  policy.hash_key = "Jefe Jefe Jefe Jefe";
  Crosswalk table = crosswalk();
  Replacer replacer(policy, table.patient("a"), "", 2021);
  const std::string hash = replacer.replace(PhiClass::kSsn, "123-45-6789");
  EXPECT_EQ(hash, element_hash(policy.hash_key, "123-45-6789"));
  const std::string code = replacer.replace(PhiClass::kMrn, "MRN 4417290");
  EXPECT_EQ(code,
            Replacer(policy, table.patient("b"), "", 2021).replace(PhiClass::kMrn, "MRN 4417290"));
  EXPECT_NE(code, replacer.replace(PhiClass::kMrn, "MRN 4417291"));
  EXPECT_EQ(open_value(table.context().encrypt_key, kValueLabel, code).value(), "MRN 4417290");
  EXPECT_EQ(sealed_length(code + ", seen"), code.size());
}

TEST(Codes, AChangedCodeIsRefusedWithoutItsText) {
  const std::string key(32, 'a');
  const std::string code = seal_value(key, "label", "Zyxquillon").value();
  for (std::size_t i = kSealedPrefix.size(); i < code.size(); ++i) {
    std::string bad = code;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    const auto opened = open_value(key, "label", bad);
    // The last character holds unused bits: it may change without changing a byte.
    if (i + 1 < code.size()) {
      ASSERT_FALSE(opened.ok()) << i;
    }
  }
  for (const std::string& bad :
       {std::string("enc1."), std::string("enc1.!!"), std::string(""), code.substr(0, 20)}) {
    const auto opened = open_value(key, "label", bad);
    ASSERT_FALSE(opened.ok());
    EXPECT_THAT(opened.error().message(), ::testing::Not(::testing::HasSubstr("enc1")));
  }
  EXPECT_FALSE(open_value(key, "other", code).ok());
  EXPECT_FALSE(open_value(std::string(32, 'b'), "label", code).ok());
}

/// Random values of the forms that records hold.
std::string random_value(PhiClass phi_class, std::mt19937& random) {
  const auto& names = Dictionary::embedded().surnames();
  const auto& given = Dictionary::embedded().female();
  switch (phi_class) {
    case PhiClass::kPatientName:
      return fmt::format("{} {}", given[random() % 200], names[random() % 1500]);
    case PhiClass::kPhone:
      return fmt::format("({:03}) 555-01{:02}", 200 + random() % 800, random() % 100);
    case PhiClass::kMrn:
      return fmt::format("{:04}", random() % 10000);
    case PhiClass::kStreet:
      return fmt::format("{} {} St", 100 + random() % 900, names[random() % 1500]);
    case PhiClass::kCity:
      return std::string(Dictionary::embedded().cities()[random() % 1500]);
    case PhiClass::kEmail:
      return fmt::format("user{}@example.org", random() % 30);
    default:
      return fmt::format("{:03}-{:02}-{:04}", random() % 900, random() % 99, random() % 9999);
  }
}

TEST(Surrogate, IsNoValueOfTheCorpus) {
  std::mt19937 random(4);
  const std::array classes{PhiClass::kPatientName, PhiClass::kPhone,  PhiClass::kMrn,
                           PhiClass::kCity,        PhiClass::kStreet, PhiClass::kEmail,
                           PhiClass::kSsn};
  auto values = std::make_shared<RealValues>(22);
  std::set<std::string> real;
  std::vector<std::pair<PhiClass, std::string>> all;
  for (int i = 0; i < 6000; ++i) {
    const PhiClass phi_class = classes[random() % classes.size()];
    all.emplace_back(phi_class, random_value(phi_class, random));
    values->add_text(all.back().second);
    real.insert(letters_and_digits(all.back().second));
    if (phi_class == PhiClass::kPatientName) {
      for (const Token& token : tokens_of(all.back().second)) real.insert(fold(token.lower));
    }
  }
  Crosswalk table = crosswalk();
  table.avoid(values);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [phi_class, text] = all[i];
    const std::string made =
        surrogate(phi_class, text, "female", table.patient(std::to_string(i % 400)));
    ASSERT_FALSE(real.contains(letters_and_digits(made))) << phi_class_name(phi_class);
    if (phi_class != PhiClass::kPatientName) continue;
    for (const Token& token : tokens_of(made))
      ASSERT_FALSE(real.contains(fold(token.lower))) << phi_class_name(phi_class);
  }
}

TEST(Surrogate, WhereEveryValueOfAFormIsRealNoneIsMade) {
  auto values = std::make_shared<RealValues>(20);
  for (int i = 0; i < 100; ++i) values->add_text(fmt::format("{:02}", i));
  Crosswalk table = crosswalk();
  table.avoid(values);
  EXPECT_EQ(surrogate(PhiClass::kMrn, "42", "", table.patient("a")), "[MRN]");
}

TEST(Surrogate, KeepsCultureGenderCaseAndForm) {
  Crosswalk table = crosswalk();
  PatientCode& code = table.patient("a");
  for (const auto& [name, culture] :
       std::initializer_list<std::pair<const char*, const char*>>{{"Rodriguez", "hispanic"},
                                                                  {"Nakamura", "japanese"},
                                                                  {"Kowalczyk", "slavic"},
                                                                  {"Venkatraman", "indian"},
                                                                  {"Okonjochukwu", "nigerian"},
                                                                  {"Papadopoulos", "european"}}) {
    const std::string made = surrogate(PhiClass::kPatientName, name, "", code);
    const NameCulture* found = culture_of(fold(made));
    ASSERT_NE(found, nullptr) << made;
    EXPECT_EQ(found->name, culture) << made;
  }
  const Dictionary& dictionary = Dictionary::embedded();
  EXPECT_TRUE(
      dictionary.is_female(to_lower(surrogate(PhiClass::kPatientName, "Margaret", "", code))));
  EXPECT_TRUE(dictionary.is_male(to_lower(surrogate(PhiClass::kPatientName, "Harold", "", code))));
  const std::string capitals = surrogate(PhiClass::kPatientName, "SMITH, RAY", "male", code);
  EXPECT_EQ(capitals, [&] {
    std::string up = capitals;
    for (char& c : up) c = static_cast<char>(std::toupper(c));
    return up;
  }());
  EXPECT_THAT(surrogate(PhiClass::kStreet, "9526 Elm Terrace, Apt 4B", "", code),
              ::testing::MatchesRegex("[1-9][0-9]{3} [A-Z][a-z]+ Terrace, Apt [1-9][A-Z]"));
  EXPECT_THAT(surrogate(PhiClass::kHospital, "Mercy General Hospital", "", code),
              ::testing::MatchesRegex("[A-Z][a-z]+ General Hospital"));
  EXPECT_THAT(surrogate(PhiClass::kMrn, "AB-12.345", "", code),
              ::testing::MatchesRegex("[A-Z]{2}-[0-9]{2}\\.[0-9]{3}"));
  EXPECT_EQ(surrogate(PhiClass::kPatientName, "smith", "", code),
            to_lower(surrogate(PhiClass::kPatientName, "Smith", "", code)));
}

TEST(Surrogate, IsOneForAValueInEveryForm) {
  Crosswalk table = crosswalk();
  PatientCode& code = table.patient("a");
  const auto digits = [&](PhiClass phi_class, const char* text) {
    return digits_of(surrogate(phi_class, text, "", code));
  };
  const std::string phone = digits(PhiClass::kPhone, "(503) 537-0751");
  EXPECT_EQ(digits(PhiClass::kPhone, "503.537.0751"), phone);
  EXPECT_EQ(digits(PhiClass::kPhone, "+1 503 537 0751"), "1" + phone);
  EXPECT_EQ(digits(PhiClass::kPhone, "503-537-0751 x61").substr(0, 10), phone);
  EXPECT_EQ(phone.substr(3, 5), "55501");
  EXPECT_EQ(digits(PhiClass::kMrn, "14-98-99"), digits(PhiClass::kMrn, "149899"));
  EXPECT_EQ(digits(PhiClass::kSsn, "123-45-6789"), digits(PhiClass::kSsn, "123 45 6789"));
  const std::string street = surrogate(PhiClass::kStreet, "12 Elm Street", "", code);
  const std::string brief = surrogate(PhiClass::kStreet, "12 ELM ST", "", code);
  EXPECT_EQ(to_lower(street.substr(0, street.rfind(' '))),
            to_lower(brief.substr(0, brief.rfind(' '))));
  const std::string name = surrogate(PhiClass::kPatientName, "Ruth Abernathy", "female", code);
  const std::string turned = surrogate(PhiClass::kPatientName, "ABERNATHY, RUTH", "female", code);
  EXPECT_EQ(to_lower(turned),
            to_lower(name.substr(name.find(' ') + 1) + ", " + name.substr(0, name.find(' '))));
}

TEST(Surrogate, NothingOfANameStaysBecauseItLooksLikeATitle) {
  Crosswalk table = crosswalk();
  PatientCode& code = table.patient("a");
  for (const auto& [text, gone] :
       std::initializer_list<std::pair<const char*, const char*>>{{"Hoa Le", "Le"},
                                                                  {"MA, JACK", "MA"},
                                                                  {"Kim Do", "Do"},
                                                                  {"JACK MA", "MA"},
                                                                  {"Van", "Van"},
                                                                  {"Major, John", "Major"},
                                                                  {"Le", "Le"},
                                                                  {"Ann Bishop", "Bishop"}}) {
    const std::string made = surrogate(PhiClass::kPatientName, text, "", code);
    for (const Token& token : tokens_of(made))
      EXPECT_NE(made.substr(token.begin, token.end - token.begin), gone) << text;
  }
  for (const auto& [text, kept] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Dr. Castellano", "Dr. "},
           {"Lee, MD", ", MD"},
           {"Ruth Smith Jr.", " Jr."},
           {"Johan van der Berg", " van der "}})
    EXPECT_THAT(surrogate(PhiClass::kClinicianName, text, "", code), ::testing::HasSubstr(kept));
}

TEST(RealValues, KnowsWhatItWasGivenInAnyForm) {
  RealValues values(20);
  values.add_json(Json::parse(
      R"({"name":[{"family":"Núñez-Vega"}],"phone":"(503) 537-0751","n":44172901,"id":"SN-OG093725x"})"));
  for (const char* word : {"nunez", "vega", "nunez-vega"})
    EXPECT_TRUE(values.has_word(word)) << word;
  for (const char* value : {"5035370751", "503.537.0751", "44172901", "sn og093725X"})
    EXPECT_TRUE(values.has_value(value)) << value;
  EXPECT_FALSE(values.has_word("castellano"));
  EXPECT_FALSE(values.has_value("5035370752"));
}

TEST(Crosswalk, PatientlessRecordsAreCodedByTheirPlaceNotByTheirContent) {
  const Crosswalk table = crosswalk();
  PatientCode first = table.anonymous(7);
  PatientCode again = table.anonymous(7);
  EXPECT_EQ(first.stream_of("name", "smith"), again.stream_of("name", "jones"));
  EXPECT_NE(first.stream_of("name", "smith"), table.anonymous(8).stream_of("name", "smith"));
}

}  // namespace
}  // namespace residency::deid
