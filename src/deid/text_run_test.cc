#include "deid/text_run.h"

#include <gtest/gtest.h>
#include <map>

namespace residency::deid {
namespace {

class Texts final : public TextSource {
 public:
  explicit Texts(std::vector<TextDocument> all) : all_(std::move(all)) {}
  Result<bool> next(TextDocument& document) override {
    if (at_ == all_.size()) return false;
    document = all_[at_++];
    return true;
  }

 private:
  std::vector<TextDocument> all_;
  std::size_t at_ = 0;
};

class Kept final : public TextSink {
 public:
  Result<void> clean(const std::string& id, const std::string& text) override {
    order.push_back(id);
    texts[id] = text;
    return {};
  }
  Result<void> set_aside(const std::string& id, const std::string& reason) override {
    order.push_back(id);
    reasons[id] = reason;
    return {};
  }
  std::vector<std::string> order;
  std::map<std::string, std::string> texts, reasons;
};

DeidOptions shifting() {
  DeidOptions options;
  options.policy = *Policy::named("expert-determination");
  options.threads = 2;
  return options;
}

TEST(TextRun, EveryTextIsAnsweredInOrder) {
  std::vector<TextDocument> all;
  for (int i = 0; i < 3000; ++i) {
    all.push_back({"id " + std::to_string(i), "p" + std::to_string(i % 7),
                   i % 10 == 3 ? "bad \xFF bytes" : "Seen by Dr. Lena Hoang on 2024-03-14."});
  }
  Texts in(all);
  Kept out;
  NoProgress progress;
  const auto report = clean_texts(shifting(), in, out, progress);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->records, 3000u);
  EXPECT_EQ(report->quarantined, 300u);
  ASSERT_EQ(out.order.size(), 3000u);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(out.order[i], all[i].id);
  EXPECT_EQ(out.reasons["id 3"], "bad_utf8");
  EXPECT_EQ(out.texts["id 0"].find("Hoang"), std::string::npos);
}

TEST(TextRun, OnePatientsDatesMoveTogether) {
  Texts in({{"a", "p1", "Admitted 2024-03-14."}, {"b", "p1", "Discharged 2024-03-21."}});
  Kept out;
  NoProgress progress;
  ASSERT_TRUE(clean_texts(shifting(), in, out, progress).ok());
  const auto day = [](const std::string& text) {
    return std::stoi(text.substr(text.size() - 3, 2)) +
           31 * std::stoi(text.substr(text.size() - 6, 2));
  };
  EXPECT_NE(out.texts["a"], "Admitted 2024-03-14.");
  const int apart = day(out.texts["b"]) - day(out.texts["a"]);
  EXPECT_TRUE(apart >= 7 && apart <= 10) << "seven days, in months of 28 to 31";
}

TEST(TextRun, TheIdStaysWithTheCaller) {
  Texts in({{"Ruth Zyxquillon", "", "Nothing of note."}});
  Kept out;
  NoProgress progress;
  ASSERT_TRUE(clean_texts(shifting(), in, out, progress).ok());
  EXPECT_EQ(out.texts.at("Ruth Zyxquillon"), "Nothing of note.");
}

}  // namespace
}  // namespace residency::deid
