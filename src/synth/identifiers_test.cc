#include "synth/identifiers.h"

#include <gtest/gtest.h>
#include <set>

#include "synth/day.h"

namespace residency::synth {
namespace {

TEST(Identifiers, KnownCheckDigitsHold) {
  EXPECT_EQ(luhn_check_digit("7992739871"), '3');
  EXPECT_TRUE(npi_holds("1234567893"));  // the example of the NPI standard
  EXPECT_FALSE(npi_holds("1234567890"));
  EXPECT_TRUE(vin_holds("1M8GDM9AXKP042788"));
  EXPECT_FALSE(vin_holds("1M8GDM9A1KP042788"));
  EXPECT_TRUE(dea_holds("AB1234563"));
  EXPECT_FALSE(dea_holds("AB1234567"));
  EXPECT_TRUE(gtin14_holds("00012345600012"));
  EXPECT_FALSE(gtin14_holds("00012345600013"));
}

TEST(Identifiers, EveryMadeOneChecks) {
  Random random(5);
  for (int i = 0; i < 2000; ++i) {
    EXPECT_TRUE(npi_holds(make_npi(random)));
    EXPECT_TRUE(dea_holds(make_dea(random, 'S')));
    EXPECT_TRUE(vin_holds(make_vin(random)));
    const std::string udi = make_udi(random, "SN1");
    EXPECT_TRUE(gtin14_holds(udi.substr(4, 14))) << udi;
    const std::string ssn = make_ssn(random);
    ASSERT_EQ(ssn.size(), 9u);
    EXPECT_NE(ssn.substr(0, 3), "666");
    EXPECT_NE(ssn.substr(0, 3), "000");
    EXPECT_LT(ssn[0], '9');
    EXPECT_NE(ssn.substr(3, 2), "00");
    EXPECT_NE(ssn.substr(5), "0000");
    EXPECT_EQ(make_phone(random).size(), 10u);
  }
}

TEST(Identifiers, UuidsHaveVersionAndVariantAndDiffer) {
  Random random(6);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = make_uuid(random);
    ASSERT_EQ(id.size(), 36u);
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(Random, ForksDoNotDependOnWhatWasDrawn) {
  Random a(9);
  const Random b(9);
  for (int i = 0; i < 10; ++i) a.next();
  EXPECT_EQ(a.fork(3).next(), b.fork(3).next());
  EXPECT_NE(b.fork(3).next(), b.fork(4).next());
}

TEST(Random, BoundsAreKeptAndReached) {
  Random random(1);
  std::set<int> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.between(-2, 3));
  EXPECT_EQ(*seen.begin(), -2);
  EXPECT_EQ(*seen.rbegin(), 3);
  EXPECT_EQ(seen.size(), 6u);
}

TEST(Day, StylesSayTheSameDay) {
  const Day day = make_day(2024, 3, 4);
  EXPECT_EQ(format_day(day, 0), "03/04/2024");
  EXPECT_EQ(format_day(day, 1), "3/4/24");
  EXPECT_EQ(format_day(day, 2), "March 4, 2024");
  EXPECT_EQ(format_day(day, 6), "Mar. 4th, '24");
  EXPECT_EQ(format_day(day, 7), "04MAR24");
  EXPECT_EQ(spoken_day(make_day(2023, 7, 4)), "the 4th of July");
  EXPECT_EQ(age_on(make_day(1930, 3, 5), day), 93);
  EXPECT_EQ(age_on(make_day(1930, 3, 4), day), 94);
}

}  // namespace
}  // namespace residency::synth
