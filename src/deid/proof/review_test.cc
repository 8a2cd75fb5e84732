#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "deid/proof/review_sample.h"
#include "deid/proof/verdicts.h"

namespace residency::deid {
namespace {

constexpr char kPassphrase[] = "a passphrase of some length";

ReviewSample two_notes() {
  return {"corpus.clean-1", "7", 40, {{"r-1", "ed", "Zoë was here."}, {"r-2", "ed", "Nothing."}}};
}

TEST(ReviewSample, OpensWithItsPassphraseAlone) {
  const auto sealed = seal_sample(two_notes(), kPassphrase);
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(sealed->find("Zo"), std::string::npos);
  const auto opened = open_sample(*sealed, kPassphrase);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->documents[0].text, "Zoë was here.");
  EXPECT_EQ(opened->corpus_notes, 40u);
  EXPECT_EQ(open_sample(*sealed, "another passphrase!").error().code(),
            ErrorCode::kUnauthenticated);
  std::string changed = *sealed;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  EXPECT_FALSE(open_sample(changed, kPassphrase).ok());
  EXPECT_FALSE(open_sample("RSDREVW1", kPassphrase).ok());
  EXPECT_FALSE(open_sample(sealed->substr(0, 50), kPassphrase).ok());
  EXPECT_FALSE(seal_sample(two_notes(), "short").ok());
}

TEST(ReviewSample, TypesKeepTheirShares) {
  std::vector<ReviewDocument> all;
  for (int i = 0; i < 100; ++i)
    all.push_back({"r-" + std::to_string(i), i < 70 ? "ed" : "radiology", "text"});
  const auto drawn = draw(all, 10, "1");
  ASSERT_EQ(drawn.size(), 10u);
  EXPECT_EQ(
      std::count_if(drawn.begin(), drawn.end(), [](const auto& d) { return d.note_type == "ed"; }),
      7);
  std::set<std::string> again, other;
  for (const auto& d : draw(all, 10, "1")) again.insert(d.record_id);
  for (const auto& d : drawn) EXPECT_TRUE(again.contains(d.record_id));
  for (const auto& d : draw(all, 10, "2")) other.insert(d.record_id);
  EXPECT_NE(again, other);
  EXPECT_EQ(draw(all, 500, "1").size(), 100u);
}

TEST(Verdicts, TwoReviewersMakeAnEstimate) {
  const ReviewSample sample = two_notes();
  const auto one = read_verdicts(
      "{\"record\":\"r-1\",\"leaks\":[{\"begin\":0,\"end\":3,\"class\":\"PATIENT_NAME\"}]}\n"
      "{\"record\":\"r-2\",\"leaks\":[]}\n",
      "a.jsonl", sample);
  const auto two = read_verdicts(
      "{\"record\":\"r-2\",\"leaks\":[]}\n{\"record\":\"r-1\",\"leaks\":[]}", "b.jsonl", sample);
  ASSERT_TRUE(one.ok());
  ASSERT_TRUE(two.ok());
  const ReviewEstimate found = estimate(sample, {*one, *two});
  EXPECT_EQ(found.leaks, 1u);
  EXPECT_EQ(found.documents_with_leaks, 1u);
  EXPECT_EQ(found.words, 4u);
  EXPECT_EQ(found.by_class.at("PATIENT_NAME"), 1u);
  ASSERT_TRUE(found.recapture.has_value());
  EXPECT_DOUBLE_EQ(found.recapture->total, 1.0);  // 2 * 1 / 1 - 1
  const ReviewEstimate none = estimate(sample, {*two});
  EXPECT_EQ(none.leak_bound, 1.0);
  EXPECT_FALSE(none.kappa.has_value());
}

TEST(Verdicts, BadSheetsNameTheirLineAndHoldNoText) {
  const ReviewSample sample = two_notes();
  const auto refused = [&](const std::string& sheet, const std::string& why) {
    const auto read = read_verdicts(sheet, "s.jsonl", sample);
    ASSERT_FALSE(read.ok()) << sheet;
    EXPECT_NE(read.error().message().find(why), std::string::npos) << read.error().message();
    EXPECT_EQ(read.error().message().find("Zyx"), std::string::npos);
  };
  refused("{\"record\":\"Zyx\",\"leaks\":[]}", "s.jsonl:1");
  refused("{\"record\":\"r-1\",\"leaks\":null}", "give \"leaks\"");
  refused("{\"record\":\"r-1\",\"leaks\":[]}\n{\"record\":\"r-1\",\"leaks\":[]}", "s.jsonl:2");
  refused("{\"record\":\"r-1\",\"leaks\":[{\"begin\":0,\"end\":14,\"class\":\"DATE\"}]}",
          "13 characters");
  refused("{\"record\":\"r-1\",\"leaks\":[{\"begin\":0,\"end\":3,\"class\":\"Zyx\"}]}", "class");
  refused("{\"record\":\"r-1\",\"leaks\":[]}", "1 of 2 documents");
  refused("Zyx", "s.jsonl:1");
}

}  // namespace
}  // namespace residency::deid
