#include "deid/proof/parrot.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace residency::deid {
namespace {

/// Sentences in which every name is marked as replaced but those of documents in `leaks`.
std::vector<TagExample> sentences(std::size_t count, const std::vector<std::size_t>& leaks) {
  static const char* const kNames[] = {"Varnholt", "Quispel", "Mbaye",  "Tarrow",
                                       "Ellsgate", "Oyadare", "Brixby", "Sunderam"};
  static const char* const kRest[] = {"cough and a low fever", "chest pain at rest",
                                      "a swollen left knee", "nausea after lunch"};
  std::vector<TagExample> documents;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = kNames[(i * 7 + i / 8) % 8];
    TagExample document;
    document.text = "Patient " + name + " was seen today with " + kRest[i % 4] +
                    ". Exam and labs were normal. Plan: rest and fluids.";
    if (std::find(leaks.begin(), leaks.end(), i) == leaks.end())
      document.spans.push_back({8, 8 + name.size(), PhiClass::kPatientName});
    documents.push_back(std::move(document));
  }
  return documents;
}

TEST(Parrot, FindsWhatWasLeft) {
  NoProgress progress;
  const auto report = parrot_attack(sentences(240, {17, 64, 130}), {}, progress);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->replaced, 237u);
  EXPECT_GT(report->found_again, 200u);
  std::size_t leaks = 0;
  for (const LookAlike& one : report->look_alikes)
    leaks += one.begin == 8 && (one.document == 17 || one.document == 64 || one.document == 130);
  EXPECT_EQ(leaks, 3u);
}

TEST(Parrot, FindsNothingWhereNothingWasLeft) {
  NoProgress progress;
  const auto report = parrot_attack(sentences(240, {}), {}, progress);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->look_alikes.empty());
}

TEST(Parrot, AsksForDocuments) {
  NoProgress progress;
  EXPECT_EQ(parrot_attack(sentences(19, {}), {}, progress).error().code(),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace residency::deid
