#include "model/label_head.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace residency::model {
namespace {

using testing::ElementsAre;

LabelHead small(HeadKind kind) {
  LabelHead head;
  head.kind = kind;
  head.bidirectional = kind != HeadKind::kLabel;
  head.labels = {"urgent", "routine, \"later\""};
  head.width = 3;
  head.weight = {1, 0, -1, 0.5f, 0.25f, 2};
  head.bias = {0.5f, -1};
  return head;
}

TEST(LabelHead, ReadsWhatItWrote) {
  for (const auto kind : {HeadKind::kTags, HeadKind::kLabel, HeadKind::kLabels}) {
    const LabelHead head = small(kind);
    const auto bytes = write_label_head(head).value();
    EXPECT_EQ(bytes, write_label_head(head).value());
    const LabelHead back = read_label_head(bytes, "head").value();
    EXPECT_EQ(back.kind, head.kind);
    EXPECT_EQ(back.bidirectional, head.bidirectional);
    EXPECT_EQ(back.labels, head.labels);
    EXPECT_EQ(back.weight, head.weight);
    EXPECT_EQ(back.bias, head.bias);
  }
}

TEST(LabelHead, RefusesWhatIsNoHead) {
  EXPECT_FALSE(read_label_head("", "head").ok());
  const auto bytes = write_label_head(small(HeadKind::kLabel)).value();
  for (std::size_t cut = 0; cut < bytes.size(); cut += 7)
    EXPECT_FALSE(read_label_head(bytes.substr(0, cut), "head").ok());
  LabelHead head = small(HeadKind::kLabel);
  head.labels = {"a", "a"};
  EXPECT_FALSE(read_label_head(write_label_head(head).value(), "head").ok());
  head = small(HeadKind::kLabel);
  head.bias[0] = NAN;
  EXPECT_FALSE(read_label_head(write_label_head(head).value(), "head").ok());
  head = small(HeadKind::kLabel);
  head.labels.push_back("third");
  const auto mismatched = write_label_head(head);
  EXPECT_TRUE(!mismatched.ok() || !read_label_head(*mismatched, "head").ok());
}

TEST(LabelHead, ScoresAreLogProbabilities) {
  const std::vector<float> hidden{1, 2, 3};
  // 1 - 3 + 0.5 = -1.5 and 0.5 + 0.5 + 6 - 1 = 6.
  const auto one = small(HeadKind::kLabel).log_scores(hidden);
  const float total = std::log(std::exp(-1.5f) + std::exp(6.0f));
  EXPECT_NEAR(one[0], -1.5f - total, 1e-5f);
  EXPECT_NEAR(one[1], 6.0f - total, 1e-5f);
  const auto many = small(HeadKind::kLabels).log_scores(hidden);
  EXPECT_NEAR(many[0], std::log(1 / (1 + std::exp(1.5f))), 1e-5f);
  EXPECT_NEAR(many[1], std::log(1 / (1 + std::exp(-6.0f))), 1e-5f);
}

TEST(BestTags, NeverLeaveBio) {
  const auto tags = bio_tags({"A", "B"});
  EXPECT_THAT(tags, ElementsAre("O", "B-A", "I-A", "B-B", "I-B"));
  // Alone each token's best is I-A, I-B, O: together B-A I-A O is likelier than what B-B allows.
  const std::vector<float> scores{-9, -2, -1, -9, -9,  //
                                  -9, -9, -2, -9, -1,  //
                                  -1, -9, -9, -9, -9};
  EXPECT_THAT(best_tags(tags, scores), ElementsAre(1u, 2u, 0u));
  EXPECT_TRUE(best_tags(tags, {}).empty());
}

}  // namespace
}  // namespace residency::model
