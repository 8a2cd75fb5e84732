// Forms of identifiers that no pattern spells: look-alikes, spaced check digits, texts without
// capitals, pasted HL7.
#include <gtest/gtest.h>

#include "deid/detect/check_digits.h"
#include "deid/detect/detector.h"
#include "deid/detect/fold_text.h"

namespace residency::deid {
namespace {

const Detector& detector() {
  static const auto made = Detector::open();
  return **made;
}

/// The texts of the spans that were found, joined by '|'.
std::string found(std::string_view text) {
  const auto spans = detector().detect(text, nullptr);
  std::string all;
  for (const Span& span : *spans) {
    all += (all.empty() ? "" : "|") + std::string(text.substr(span.begin, span.end - span.begin));
  }
  return all;
}

/// True where every character of `value`'s first place in the text is in a span.
bool covers(std::string_view text, std::string_view value) {
  const std::size_t at = text.find(value);
  const auto spans = detector().detect(text, nullptr);
  for (std::size_t i = at; i < at + value.size(); ++i) {
    const bool inside = std::any_of(spans->begin(), spans->end(), [&](const Span& span) {
      return span.begin <= i && i < span.end;
    });
    if (!inside && text[i] != ' ' && text[i] != '^') return false;
  }
  return true;
}

TEST(CheckDigits, EveryFormOfAnNpiIsFound) {
  for (const char* form : {"1245319599", "1 2 4 5 3 1 9 5 9 9", "1245-319-599", "124.531.9599",
                           "l245319599", "１２４５３１９５９９"}) {
    EXPECT_TRUE(covers(std::string("billed under ") + form + " today", form)) << form;
  }
}

TEST(CheckDigits, DeaVinCardIbanNhsAndAadhaarAreFoundSpaced) {
  for (const char* form :
       {"AB1234563", "AB 123 4563", "A B 1 2 3 4 5 6 3", "1HGCM82633A004352",
        "1HGCM 82633 A00 4352", "4111 1111 1111 1111", "4111-1111-1111-1111", "3782 822463 10005",
        "GB29 NWBK 6016 1331 9268 19", "943 476 5919", "2341 2341 2346"}) {
    EXPECT_TRUE(covers(std::string("on file ") + form + " as told", form)) << form;
  }
}

TEST(CheckDigits, AWrongDigitIsNone) {
  EXPECT_TRUE(find_check_digits("4111 1111 1111 1112").empty());
  EXPECT_TRUE(find_check_digits("AB 1234564").empty());
  EXPECT_FALSE(verhoeff_holds("234123412347"));
  EXPECT_FALSE(nhs_number_holds("9434765918"));
  EXPECT_FALSE(iban_holds("GB29NWBK60161331926818"));
}

TEST(FoldText, PlainTextIsLeftAlone) {
  EXPECT_FALSE(fold_look_alikes("O2 sat 98 %, Ca 2.1, type II, I saw him").has_value());
  EXPECT_FALSE(fold_look_alikes("Łódź, señora, 36\xC2\xB0"
                                "C")
                   .has_value());
}

TEST(FoldText, LookAlikesKeepTheirPlaces) {
  const std::string text =
      "MRN ４４８\xE2\x80\x8B"
      "12-9, З";
  const auto folded = fold_look_alikes(text);
  ASSERT_TRUE(folded.has_value());
  EXPECT_EQ(folded->text, "MRN 44812-9, З");
  EXPECT_EQ(folded->at.size(), folded->text.size() + 1);
  EXPECT_EQ(text.substr(folded->at[7], 1), "1");
}

TEST(FoldText, LettersWithinNumbersBecomeDigits) {
  const auto folded = fold_look_alikes("seen O3/O7/2O11 and l0/16/1940, O2 98, Ol d");
  ASSERT_TRUE(folded.has_value());
  EXPECT_EQ(folded->text, "seen 03/07/2011 and 10/16/1940, O2 98, Ol d");
}

TEST(Forms, ZeroWidthCharactersHideNothing) {
  EXPECT_TRUE(
      covers("SSN 219\xE2\x80\x8B-09\xE2\x80\x8B-9999.", "219\xE2\x80\x8B-09\xE2\x80\x8B-9999"));
}

TEST(Forms, NamesInTextsWithoutCapitals) {
  const std::string text =
      "pt: mateo villanueva, here with mom lourdes. no fever, no cough, eating well, "
      "drinking well. seen by dr hoang. plan: fluids and rest at home. k. osterhaus pa-c";
  for (const char* name : {"mateo villanueva", "lourdes", "hoang", "osterhaus"}) {
    EXPECT_TRUE(covers(text, name)) << name;
  }
}

TEST(Forms, AgesBesideNamesAndDates) {
  EXPECT_TRUE(covers("Her son Kenji (70, retired) visits daily.", "70"));
  EXPECT_TRUE(covers("Two children: Tyler Begay, 14, and Dana Begay, 9.", "14"));
  EXPECT_TRUE(covers("Father died of lung cancer at 58.", "58"));
}

TEST(Forms, MonthAndDayOfTheDocumentsMonths) {
  const std::string text = "Admitted 06/03/2024. 6/4 - called, no answer. Strength 5/5, pain 4/10.";
  EXPECT_TRUE(covers(text, "6/4"));
  EXPECT_FALSE(covers(text, "5/5"));
  EXPECT_FALSE(covers(text, "4/10"));
}

TEST(Forms, PastedHl7GivesItsFieldsAway) {
  const std::string text =
      "From the interface:\nPID|1||44821^^^H^MR||WARSAME^YUSUF^ABDI||19960101|M\n"
      "NK1|1|WARSAME^HODAN|SPO\nOBX|1|NM|2345-7^GLUCOSE^LN||318|mg/dL";
  EXPECT_TRUE(covers(text, "WARSAME^YUSUF^ABDI"));
  EXPECT_TRUE(covers(text, "WARSAME^HODAN"));
  EXPECT_TRUE(covers(text, "44821"));
  EXPECT_FALSE(covers(text, "318"));
}

TEST(Forms, ProfessionsOfPatientsButNotTheStaff) {
  EXPECT_EQ(found("He is a uranium miner."), "uranium miner");
  EXPECT_EQ(found("She was seen by a social worker and a dentist."), "");
  EXPECT_EQ(found("The bunion of tailor's type, a pilot wire."), "");
}

TEST(Forms, OrganisationsByTheirLastWord) {
  EXPECT_TRUE(covers("Cooks at the Copper Kettle Diner now.", "Copper Kettle Diner"));
  EXPECT_TRUE(
      covers("Imaging at Silver Creek Imaging Center today.", "Silver Creek Imaging Center"));
  EXPECT_FALSE(covers("She is in high school and goes to church.", "school"));
}

}  // namespace
}  // namespace residency::deid
