#include "deploy/endpoint_settings.h"

#include <gtest/gtest.h>

namespace residency::deploy {
namespace {

DeploymentHistory history() {
  DeploymentHistory made;
  made.name = "icd";
  for (std::int64_t number : {1, 2}) {
    Deployment version;
    version.version = number;
    made.versions.push_back(version);
  }
  return made;
}

TEST(EndpointSettingsTest, WhatIsWrittenIsReadAgain) {
  EndpointSettings settings;
  settings.traffic = {{1, 90}, {2, 10}};
  settings.shadow = 2;
  settings.idle_s = 60;
  settings.tokens_per_day = 1000;
  const auto read = EndpointSettings::from_json(settings.to_json());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->to_json(), settings.to_json());
  EXPECT_TRUE(read->check(history()).ok());
  EXPECT_FALSE(EndpointSettings::from_json(Json::array()).ok());
  EXPECT_FALSE(EndpointSettings::from_json({{"idle_s", -1}}).ok());
}

TEST(EndpointSettingsTest, SharesAndVersionsAreChecked) {
  const auto problem = [](std::vector<TrafficShare> traffic, std::int64_t shadow) {
    EndpointSettings settings;
    settings.traffic = std::move(traffic);
    settings.shadow = shadow;
    const auto checked = settings.check(history());
    return checked.ok() ? std::string("none") : checked.error().message();
  };
  EXPECT_EQ(problem({{1, 1}, {2, 0}}, 0), "none");
  EXPECT_EQ(problem({{3, 1}}, 0), "traffic: no such version: 3");
  EXPECT_EQ(problem({{1, -1}}, 0), "traffic: a share is from 0 to 1000000, of version 1");
  EXPECT_EQ(problem({{1, 1}, {1, 2}}, 0), "traffic: a version is named twice: 1");
  EXPECT_EQ(problem({{1, 0}}, 0), "traffic: every share is 0");
  EXPECT_EQ(problem({}, 9), "shadow: no such version: 9");
}

}  // namespace
}  // namespace residency::deploy
