#include "serve/fleet.h"

#include <gtest/gtest.h>
#include <set>

#include "serve/testing/fake_engine.h"

namespace residency::serve {
namespace {

using testing::FakeEngine;
using testing::MaskingFilter;

/// An endpoint over a fake engine whose state the test sets.
class Stated final : public Endpoint {
 public:
  Stated(std::vector<deploy::Deployment> versions, std::shared_ptr<std::string> state)
      : state_(std::move(state)),
        inner_(Endpoint::start(std::move(versions), {},
                               std::make_unique<FakeEngine>(std::make_shared<FakeEngine::Probe>()),
                               guardrails_of(MaskingFilter::factory()))) {}
  const deploy::Deployment& deployment() const override { return inner_->deployment(); }
  const ChatLimits& limits() const override { return inner_->limits(); }
  Result<void> submit(ChatRequest request, std::stop_token stop,
                      std::shared_ptr<ChatObserver> observer) override {
    return inner_->submit(std::move(request), std::move(stop), std::move(observer));
  }
  void ask(Json question, std::function<void(Result<Json>)> done) override {
    inner_->ask(std::move(question), std::move(done));
  }
  int retry_after_s() const override { return 1; }
  EndpointStats stats() const override { return inner_->stats(); }
  std::string_view state() const override { return *state_; }

 private:
  std::shared_ptr<std::string> state_;
  std::unique_ptr<Endpoint> inner_;
};

deploy::Deployment version(std::int64_t number, const std::string& base = "a") {
  deploy::Deployment made;
  made.name = "icd";
  made.version = number;
  made.artifact = "deployment-" + std::to_string(number);
  made.base.sha256 = base;
  return made;
}

ChatRequest request() {
  ChatRequest made;
  made.model = "icd";
  made.messages = {{"user", "x"}};
  return made;
}

class FleetTest : public ::testing::Test {
 protected:
  FleetTest() {
    entry_.history.name = "icd";
    entry_.history.versions = {version(1), version(2), version(3, "b")};
    entry_.history.active = 1;
  }
  std::vector<std::string> refresh() { return fleet_.refresh({entry_}); }
  std::int64_t answered_by() { return (*table_.find("icd"))->chat(request())->version; }

  std::shared_ptr<std::string> state_ = std::make_shared<std::string>("ready");
  std::vector<std::vector<std::int64_t>> started_;
  EndpointTable table_;
  std::shared_ptr<Meter> meter_ = std::make_shared<Meter>();
  Fleet fleet_{table_, meter_,
               [this](const std::vector<deploy::Deployment>& versions, std::int64_t) {
                 started_.emplace_back();
                 for (const auto& one : versions) started_.back().push_back(one.version);
                 return std::make_shared<Stated>(versions, state_);
               },
               [](const deploy::Deployment&) { return false; }};
  FleetEntry entry_;
};

TEST_F(FleetTest, StartsWhatIsActiveOnceAndRemovesWhatIsWithdrawn) {
  EXPECT_EQ(refresh(), std::vector<std::string>{"icd"});
  EXPECT_TRUE(refresh().empty());
  EXPECT_EQ(started_.size(), 1u);
  EXPECT_EQ(answered_by(), 1);
  entry_.history.active = 0;
  EXPECT_EQ(refresh(), std::vector<std::string>{"icd"});
  EXPECT_FALSE(table_.find("icd").ok());
}

TEST_F(FleetTest, ANewVersionTakesOverWhenItIsReadyAndNotBefore) {
  refresh();
  entry_.history.active = 2;
  *state_ = "starting";
  EXPECT_TRUE(refresh().empty());
  EXPECT_EQ(answered_by(), 1);
  EXPECT_TRUE(refresh().empty());
  EXPECT_EQ(started_.size(), 2u) << "started once, waited for";
  *state_ = "failed";
  EXPECT_TRUE(refresh().empty());
  EXPECT_EQ(answered_by(), 1) << "what does not start never answers";
  *state_ = "ready";
  EXPECT_FALSE(refresh().empty());
  EXPECT_EQ(answered_by(), 2);
}

TEST_F(FleetTest, VersionsOfOneBaseShareAProcessAndSplitTraffic) {
  entry_.settings.traffic = {{1, 50}, {2, 50}, {3, 0}};
  refresh();
  ASSERT_EQ(started_.size(), 1u);
  EXPECT_EQ(started_[0], (std::vector<std::int64_t>{1, 2}));
  std::map<std::int64_t, int> count;
  for (int i = 0; i < 400; ++i) ++count[answered_by()];
  EXPECT_EQ(count.size(), 2u);
  EXPECT_NEAR(count[1], 200, 60);
  entry_.settings.traffic = {{1, 0}, {2, 1}};
  refresh();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(answered_by(), 2);
}

TEST_F(FleetTest, AnotherBaseHasAProcessOfItsOwn) {
  entry_.settings.traffic = {{1, 1}, {3, 1}};
  refresh();
  ASSERT_EQ(started_.size(), 2u);
  EXPECT_EQ(started_[0], std::vector<std::int64_t>{1});
  EXPECT_EQ(started_[1], std::vector<std::int64_t>{3});
  auto wanted = request();
  wanted.version = 3;
  EXPECT_EQ((*table_.find("icd"))->chat(wanted)->version, 3);
  wanted.version = 2;
  EXPECT_EQ((*table_.find("icd"))->chat(wanted).error().code(), ErrorCode::kNotFound);
}

TEST_F(FleetTest, AShadowIsAskedButNeverHeard) {
  entry_.settings.shadow = 2;
  refresh();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(answered_by(), 1);
  const auto endpoint = *table_.find("icd");
  for (int i = 0; i < 2000 && endpoint->stats().answered < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(endpoint->stats().answered, 20u);
}

TEST_F(FleetTest, LimitsReachTheMeter) {
  entry_.settings.requests_per_minute = 1;
  refresh();
  constexpr std::int64_t kNow = 1'800'000'000'000;
  EXPECT_FALSE(meter_->admit("icd", "ward", kNow).has_value());
  const auto refused = meter_->admit("icd", "ward", kNow + 1);
  ASSERT_TRUE(refused.has_value());
  EXPECT_GE(refused->retry_after_s, 1);
  EXPECT_LE(refused->retry_after_s, 61);
  EXPECT_FALSE(meter_->admit("icd", "other", kNow).has_value()) << "each caller has their own";
  EXPECT_FALSE(meter_->admit("icd", "ward", kNow + 60'000).has_value()) << "a minute later";
}

TEST(MeterTest, BudgetsCountWhatOthersHaveUsedAndEndAtMidnight) {
  Meter meter;
  CallerLimits limits;
  limits.tokens_per_day = 100;
  meter.set_limits("icd", limits);
  constexpr std::int64_t kNoon = 1'795'867'200'000;  // 2026-11-28T12:00:00Z
  meter.load({{"icd", "ward", "2026-11-28", {1, 60, 0, 20}}});
  EXPECT_FALSE(meter.admit("icd", "ward", kNoon).has_value());
  meter.used("icd", "ward", {1, 15, 0, 5}, kNoon);
  const auto refused = meter.admit("icd", "ward", kNoon);
  ASSERT_TRUE(refused.has_value());
  EXPECT_NEAR(static_cast<double>(refused->retry_after_s), 12 * 3600, 2);
  EXPECT_FALSE(meter.admit("icd", "ward", kNoon + 12 * 3'600'000).has_value());
  ASSERT_EQ(meter.lines().size(), 1u) << "what others counted is not ours to save";
  const auto line = usage_line_from_json(to_json(meter.lines()[0]));
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(*line, meter.lines()[0]);
}

}  // namespace
}  // namespace residency::serve
