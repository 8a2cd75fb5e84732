#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/monitor/invocation.h"
#include "serve/monitor/state_log.h"
#include "serve/monitor/traffic_profile.h"

namespace residency::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class StateLogTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/state_log_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
    ASSERT_TRUE(store::Workspace::init(Env::posix(), root_).ok());
    workspace_ = store::Workspace::open(Env::posix(), root_).value();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string root_;
  std::unique_ptr<store::Workspace> workspace_;
};

TEST_F(StateLogTest, KeepsLinesOverSegmentsAndRestarts) {
  StateLogOptions options;
  options.segment_bytes_max = 64;
  options.unflushed_max = 2;
  for (int run = 0; run < 2; ++run) {
    const auto log = StateLog::open(*workspace_, "calls", options);
    ASSERT_TRUE(log.ok()) << log.error().message();
    for (int i = 0; i < 20; ++i)
      ASSERT_TRUE((*log)->append("line " + std::to_string(run * 20 + i)).ok());
  }
  const auto lines = StateLog::read(*workspace_, "calls");
  ASSERT_TRUE(lines.ok()) << lines.error().message();
  ASSERT_THAT(*lines, SizeIs(40));
  for (int i = 0; i < 40; ++i)
    EXPECT_EQ(lines->at(static_cast<std::size_t>(i)), "line " + std::to_string(i));
  ASSERT_TRUE(StateLog::remove(*workspace_, "calls").ok());
  EXPECT_THAT(*StateLog::read(*workspace_, "calls"), SizeIs(0));
}

TEST_F(StateLogTest, TextIsNowhereOnDiskAndBadNamesAreRefused) {
  {
    const auto log = StateLog::open(*workspace_, "calls").value();
    ASSERT_TRUE(log->append("the secret of Walter Ashdown").ok());
    EXPECT_FALSE(log->append("two\nlines").ok());
  }
  EXPECT_FALSE(StateLog::open(*workspace_, "../x").ok());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
    if (!entry.is_regular_file()) continue;
    const auto bytes = Env::posix().read_file(entry.path().string());
    ASSERT_TRUE(bytes.ok());
    EXPECT_EQ(bytes->find("Ashdown"), std::string::npos) << entry.path();
  }
}

TEST(FeedbackTest, RatedAnswersBecomeTrainingLines) {
  Invocation one;
  one.request = "r1";
  one.messages = Json::array({{{"role", "user"}, {"content", "Code: pneumonia"}}});
  one.answer = "J18.0";
  Invocation two = one;
  two.request = "r2";
  two.answer = "J18.9";
  const auto up = Feedback::from_request({{"request_id", "r2"}, {"rating", "up"}});
  const auto down =
      Feedback::from_request({{"request_id", "r1"}, {"rating", "down"}, {"correction", "J18.9"}});
  const auto lost = Feedback::from_request({{"request_id", "r9"}, {"rating", 1}});
  ASSERT_TRUE(up.ok() && down.ok() && lost.ok());
  const auto set = feedback_set({one.to_json_line(), two.to_json_line()},
                                {up->to_json_line(), down->to_json_line(), lost->to_json_line()});
  ASSERT_TRUE(set.ok());
  EXPECT_THAT(set->judged, SizeIs(2));
  ASSERT_THAT(set->preferred, SizeIs(1));
  EXPECT_THAT(set->preferred.front(), HasSubstr("\"rejected\":\"J18.0\""));
  EXPECT_THAT(set->approved, SizeIs(2));
  EXPECT_EQ(set->unmatched, 1u);
}

TEST(FeedbackTest, BadBodiesNameTheField) {
  for (const auto& [body, field] : std::vector<std::pair<Json, std::string>>{
           {{{"rating", "up"}}, "request_id"},
           {{{"request_id", "a"}, {"rating", 5}}, "rating"},
           {{{"request_id", "a"}, {"stars", 5}}, "stars"},
           {{{"request_id", 1}, {"rating", 1}}, "request_id"}}) {
    const auto read = Feedback::from_request(body);
    ASSERT_FALSE(read.ok());
    EXPECT_THAT(read.error().message(), HasSubstr(field));
  }
}

TrafficProfile profile(const std::string& text, int count, int refused) {
  TrafficProfile made;
  for (int i = 0; i < count; ++i) {
    made.add_question(text + " number " + std::string(static_cast<std::size_t>(i % 5 + 1), 'a'));
    made.add_answer(i < refused ? "I can't help with that." : "Take it twice a day.");
    made.add_guardrail(i < refused ? "blocked" : "pass", {});
  }
  return made;
}

TEST(DriftTest, EqualTrafficIsCalmAndOtherTrafficIsNot) {
  const TrafficProfile base = profile("what is the dose of metformin", 200, 4);
  EXPECT_FALSE(drift(base, profile("what is the dose of metformin", 200, 6)).alarm());
  const auto words = drift(base, profile("write me a poem on the sea and its many boats", 200, 4));
  EXPECT_TRUE(words.alarm());
  const auto refused = drift(base, profile("what is the dose of metformin", 200, 60));
  EXPECT_TRUE(refused.alarm());
  EXPECT_TRUE(std::any_of(refused.measures.begin(), refused.measures.end(), [](const auto& one) {
    return one.name == "refusals" && one.alarm && one.p < 1e-6;
  }));
  EXPECT_FALSE(drift(base, profile("something else", 10, 10)).alarm());  // too few to say
}

TEST(DriftTest, ProfilesComeBackFromJsonWithoutAnyText) {
  const TrafficProfile base = profile("Walter Ashdown asks", 60, 1);
  const std::string text = dump_json(base.to_json());
  EXPECT_EQ(text.find("Ashdown"), std::string::npos);
  const auto read = TrafficProfile::from_json(parse_json(text).value());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(dump_json(read->to_json()), text);
  EXPECT_FALSE(TrafficProfile::from_json(Json::object()).ok());
}

}  // namespace
}  // namespace residency::serve
