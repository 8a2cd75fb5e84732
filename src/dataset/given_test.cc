// Corpora with parts of their own, and training labels that there are too many of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "dataset/build.h"

namespace residency::dataset {
namespace {

using testing::HasSubstr;

class Lines final : public LineSink {
 public:
  Result<void> write(std::string_view line) override {
    all.emplace_back(line);
    return {};
  }
  std::vector<std::string> all;
};

DatasetOptions corpus() {
  DatasetOptions options;
  options.task = Task::kCorpus;
  options.split = {1, 0, 0, 0};
  return options;
}

GivenExample pair(int number, const std::string& label, std::optional<Split> split) {
  GivenExample given;
  given.example.id = "p" + std::to_string(number);
  given.example.format = Format::kLabelled;
  given.example.messages = {{"user", "text " + std::to_string(number)}};
  given.example.labels = {label};
  given.split = split;
  return given;
}

struct Built {
  Lines train, validation, test;
  DatasetReport report;
};

Built build(const DatasetOptions& options, std::vector<GivenExample> given) {
  Built built;
  NoProgress progress;
  built.report =
      build_given(options, std::move(given), {built.train, built.validation, built.test}, progress)
          .value();
  return built;
}

TEST(Given, TheTestPartStaysWholeAndItsTextsAreNotTrained) {
  // Two sentences of a release can be the same, with other labels: official scores count both.
  std::vector<GivenExample> given{pair(1, "x", Split::kTrain), pair(2, "x", Split::kTrain),
                                  pair(2, "y", Split::kTest), pair(2, "z", Split::kTest)};
  given[2].example.id = "t1";
  given[3].example.id = "t2";
  const Built built = build(corpus(), given);
  EXPECT_EQ(built.test.all.size(), 2u);
  ASSERT_EQ(built.train.all.size(), 1u);
  EXPECT_THAT(built.train.all[0], HasSubstr("text 1"));
  EXPECT_EQ(built.report.left_out.at("duplicate"), 1u);
}

TEST(Given, GroupsTravelWithTheExample) {
  GivenExample given = pair(1, "x", Split::kTrain);
  given.example.groups = {{"sex", "F"}, {"age", "65-79"}};
  const Built built = build(corpus(), {given, pair(2, "y", Split::kTrain)});
  const auto read = example_from_json_line(built.train.all.at(0));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->groups.at("age"), "65-79");
  for (const char* bad : {R"({"text":"t","label":"l","groups":["F"]})",
                          R"({"text":"t","label":"l","groups":{"sex":1}})",
                          R"({"prompt":"p","completion":"c","groups":{"":"x"}})"}) {
    const auto refused = example_from_json_line(bad);
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_THAT(refused.error().message(), HasSubstr("groups"));
  }
}

TEST(Given, PartsStayAsTheCorpusHasThem) {
  std::vector<GivenExample> given;
  for (int i = 0; i < 30; ++i)
    given.push_back(pair(i, "x",
                         i < 10   ? Split::kTrain
                         : i < 12 ? Split::kValidation
                                  : Split::kTest));
  const Built built = build(corpus(), given);
  EXPECT_EQ(built.train.all.size(), 10u);
  EXPECT_EQ(built.validation.all.size(), 2u);
  EXPECT_EQ(built.test.all.size(), 18u);
  EXPECT_THAT(built.test.all.front(), HasSubstr("\"text\":\"text 12\""));
}

TEST(Given, DownsamplesTrainingAlone) {
  std::vector<GivenExample> given;
  for (int i = 0; i < 400; ++i)
    given.push_back(
        pair(i, i % 10 == 0 ? "effect" : "none", i < 200 ? Split::kTrain : Split::kTest));
  DatasetOptions options = corpus();
  options.downsample_label = "none";
  options.downsample_ratio = 2;
  const Built built = build(options, given);
  EXPECT_EQ(built.train.all.size(), 20u + 40u);
  EXPECT_EQ(built.test.all.size(), 200u);
  EXPECT_EQ(built.report.left_out.at("downsampled"), 140u);
  EXPECT_EQ(build(options, given).train.all, built.train.all);
  options.downsample_ratio = 100;
  EXPECT_EQ(build(options, given).train.all.size(), 200u);
}

TEST(Given, OptionsOfACorpus) {
  const auto read = [](const std::string& yaml) {
    return DatasetOptions::from_config(ConfigNode::parse(yaml, "recipe.yaml").value());
  };
  const std::string waiver = "waiver: {person: p, reason: published sentences}\n";
  const auto drawn = read("task: corpus\nlayout: ddi\nfiles: {train: [a]}\n" + waiver).value();
  EXPECT_NEAR(drawn.split.test, 0.1, 1e-9);
  const auto given =
      read("task: corpus\nlayout: ddi\nfiles: {train: [a], test: [b]}\n" + waiver).value();
  EXPECT_EQ(given.split.test, 0);
  EXPECT_NEAR(given.split.train, 0.9, 1e-9);
  EXPECT_EQ(given.source_paths(), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(read("task: corpus\nlayout: ddi\n" + waiver).ok());
  EXPECT_FALSE(read("task: corpus\nfiles: {train: [a]}\n" + waiver).ok());
}

}  // namespace
}  // namespace residency::dataset
