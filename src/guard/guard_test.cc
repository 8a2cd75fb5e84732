#include "guard/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace residency::guard {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const deid::Detector& detector() {
  static const auto instance = deid::Detector::open().value();
  return *instance;
}

constexpr std::string_view kAnswer =
    "Mr. Walter Ashdown was seen on 03/14/2024. Call him at (617) 555-0142 or write to "
    "w.ashdown@example.org. SSN 219-09-9999. Ashdown takes metformin 500 mg twice daily for "
    "type 2 diabetes (E11.9) and lisinopril 10 mg; BP 120/80, SpO2 97%. He should return to the "
    "clinic if he has chest pain, and have HbA1c checked in three months as before.";

std::string stream(const GuardOptions& options, std::string_view text, std::size_t piece) {
  PhiFilter filter(detector(), options);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece)
    out += filter.feed(text.substr(at, piece));
  return out + filter.finish();
}

TEST(PhiFilterTest, MasksWhatIdentifiesAndKeepsTheMedicine) {
  std::vector<Decision> decisions;
  const std::string out = filter_text(detector(), {}, kAnswer, &decisions);
  for (const char* gone :
       {"Walter", "Ashdown", "555-0142", "w.ashdown", "219-09-9999", "03/14/2024"}) {
    EXPECT_THAT(out, Not(HasSubstr(gone)));
  }
  for (const char* kept :
       {"metformin 500 mg", "E11.9", "120/80", "97%", "HbA1c", "lisinopril 10 mg"}) {
    EXPECT_THAT(out, HasSubstr(kept));
  }
  EXPECT_GE(decisions.size(), 6u);
}

TEST(PhiFilterTest, NothingLeavesHoweverTheAnswerIsSplit) {
  for (std::size_t piece = 1; piece <= 40; ++piece) {
    const std::string out = stream({}, kAnswer, piece);
    for (const char* gone : {"Walter", "Ashdown", "555-0142", "w.ashdown", "219-09-9999"}) {
      EXPECT_THAT(out, Not(HasSubstr(gone))) << "pieces of " << piece;
    }
    EXPECT_THAT(out, HasSubstr("metformin 500 mg twice daily"));
  }
}

TEST(PhiFilterTest, TextLeavesBeforeTheEnd) {
  PhiFilter filter(detector(), {});
  std::string early;
  const std::string words = "the lungs are clear and the heart is regular without murmur ";
  for (int i = 0; i < 20; ++i) early += filter.feed(words);
  EXPECT_GT(early.size(), words.size() * 10);
  early += filter.finish();
  EXPECT_EQ(early.size(), words.size() * 20);
}

TEST(PhiFilterTest, BlockStopsAtTheFirstSpan) {
  GuardOptions options;
  options.mode = FilterMode::kBlock;
  PhiFilter filter(detector(), options);
  const std::string out = filter.feed(kAnswer) + filter.finish();
  EXPECT_TRUE(filter.blocked());
  EXPECT_THAT(out, Not(HasSubstr("Ashdown")));
  EXPECT_THAT(filter.feed("more"), IsEmpty());
}

TEST(PhiFilterTest, DetectLetsTheTextThroughAndTells) {
  GuardOptions options;
  options.mode = FilterMode::kDetect;
  std::vector<Decision> decisions;
  EXPECT_EQ(filter_text(detector(), options, kAnswer, &decisions), kAnswer);
  EXPECT_FALSE(decisions.empty());
}

TEST(PhiFilterTest, CodesAndDosesAloneAreLeftAlone) {
  for (const char* text :
       {"J18.9, I10, E11.22", "Give 5-10 mg q4h, T 98.6, GCS 15/15, L4-5 disc, pain 2/10.", ""}) {
    EXPECT_EQ(filter_text(detector(), {}, text, nullptr), text);
  }
}

TEST(GuardOptionsTest, ReadsAndRefuses) {
  auto options = GuardOptions::from_config(
      ConfigNode::parse("{mode: block, classes: [ssn, DATE]}", "g").value());
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->mode, FilterMode::kBlock);
  EXPECT_TRUE(options->classes[static_cast<std::size_t>(PhiClass::kSsn)]);
  EXPECT_FALSE(options->classes[static_cast<std::size_t>(PhiClass::kPhone)]);
  EXPECT_FALSE(
      GuardOptions::from_config(ConfigNode::parse("{classes: [NAMES]}", "g").value()).ok());
  EXPECT_FALSE(GuardOptions::from_config(ConfigNode::parse("{mod: block}", "g").value()).ok());
}

}  // namespace
}  // namespace residency::guard
