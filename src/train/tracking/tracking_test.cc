#include <bit>
#include <cmath>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "train/tracking/run_cost.h"
#include "train/tracking/tensorboard_events.h"
#include "train/tracking/training_files.h"

namespace residency::train {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<LossPoint> history_of(std::int64_t steps) {
  std::vector<LossPoint> history;
  for (std::int64_t step = 1; step <= steps; ++step) {
    LossPoint point;
    point.step = step;
    point.epoch = step > steps / 2 ? 1 : 0;
    point.loss = 1;
    point.tokens = 512;
    if (step == steps) point.validation_loss = 2;
    history.push_back(point);
  }
  return history;
}

TEST(TrainingFiles, TheCsvHasBedrocksColumnsAndCountsStepsFromZero) {
  EXPECT_EQ(training_metrics_csv(history_of(2)),
            "step_number,epoch_number,training_loss,perplexity\n"
            "0,0,1.000000,2.718282\n1,1,1.000000,2.718282\n");
  EXPECT_EQ(validation_metrics_csv(history_of(2)),
            "step_number,epoch_number,validation_loss,validation_perplexity\n"
            "1,1,2.000000,7.389056\n");
}

TEST(TrainingFiles, JsonLinesHaveValidationOnlyWhereItWasTaken) {
  const std::string lines = metrics_jsonl(history_of(2));
  const auto end = lines.find('\n');
  EXPECT_FALSE(parse_json(lines.substr(0, end))->contains("validation_loss"));
  EXPECT_EQ(parse_json(lines.substr(end + 1))->at("validation_loss"), 2);
}

TEST(TrainingFiles, ThePictureIsBoundedAndHasNoNan) {
  for (const std::int64_t steps : {0, 1, 3, 100'000}) {
    const std::string svg = loss_curve_svg(history_of(steps));
    EXPECT_THAT(svg, StartsWith("<svg "));
    EXPECT_THAT(svg, HasSubstr("</svg>"));
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_LT(svg.size(), 30'000u);
  }
}

TEST(TensorBoard, Crc32cIsCastagnolis) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);              // the check value of the CRC catalogue
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);    // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);  // the same
}

/// Takes one record apart, checking its framing; "" where it does not hold.
std::string data_of(std::string_view& bytes) {
  const auto fixed32 = [](std::string_view at) {
    std::uint32_t value = 0;
    std::memcpy(&value, at.data(), 4);
    return value;
  };
  const auto masked = [](std::string_view part) {
    return std::rotr(crc32c(part), 15) + 0xa282ead8u;
  };
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  if (fixed32(bytes.substr(8)) != masked(bytes.substr(0, 8))) return "";
  const std::string data(bytes.substr(12, length));
  if (fixed32(bytes.substr(12 + length)) != masked(data)) return "";
  bytes.remove_prefix(16 + length);
  return data;
}

TEST(TensorBoard, RecordsAreFramedAndHoldTagsAndValues) {
  const std::string file =
      tensorboard_header(1.5) + tensorboard_scalars(2.5, 300, {{"loss/train", 0.25}});
  std::string_view rest = file;
  EXPECT_THAT(data_of(rest), HasSubstr("brain.Event:2"));
  const std::string event = data_of(rest);
  EXPECT_TRUE(rest.empty());
  double wall_time = 0;
  ASSERT_GT(event.size(), 12u);
  std::memcpy(&wall_time, event.data() + 1, 8);
  EXPECT_EQ(wall_time, 2.5);
  EXPECT_EQ(event.substr(9, 3), std::string("\x10\xac\x02", 3));  // step: varint 300
  EXPECT_THAT(event, HasSubstr(std::string("\x0a\x0aloss/train\x15\x00\x00\x80\x3e", 17)));
}

TEST(RunCost, MoneyIsTheRateTimesTheHours) {
  RunCost cost;
  cost.wall_hours = 0.5;
  EXPECT_EQ(cost.money_usd(8), 4);
  EXPECT_TRUE(cost.to_json().at("energy_wh").is_null());
  EXPECT_GT(CostMeter().cost().peak_rss_bytes, 0u);
}

TEST(RunCost, ProcessesOfOneRunAddUp) {
  RunCost first;
  first.wall_hours = 1;
  first.peak_rss_bytes = 7;
  RunCost second;
  second.wall_hours = 2;
  second.energy_wh = 3;
  second.peak_rss_bytes = 5;
  first.add(*RunCost::from_json(second.to_json()));
  EXPECT_EQ(first.wall_hours, 3);
  EXPECT_EQ(first.peak_rss_bytes, 7u);
  EXPECT_EQ(first.energy_wh, 3);
  EXPECT_FALSE(RunCost::from_json(Json::object()).ok());
}

}  // namespace
}  // namespace residency::train
