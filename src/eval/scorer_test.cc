#include "eval/scorer.h"

#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "eval/answer_reader.h"

namespace residency::eval {
namespace {

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const auto to = std::min(text.find(separator, from), text.size());
    if (to > from) parts.push_back(text.substr(from, to - from));
    from = to + separator.size();
  }
  return parts;
}

std::vector<std::string> codes_of(const std::string& text) {
  return text == "-" ? std::vector<std::string>{} : split(text, ", ");
}

std::vector<std::pair<int, std::string>> case_lines(const std::string& name) {
  std::ifstream file(std::string(RESIDENCY_SOURCE_DIR) + "/tests/cases/eval/" + name);
  std::vector<std::pair<int, std::string>> lines;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (!line.empty() && line[0] != '#') lines.emplace_back(number, line);
  }
  EXPECT_GT(lines.size(), 5u) << name;
  return lines;
}

Prediction predicted(std::vector<std::string> gold, std::vector<std::string> parsed) {
  Prediction prediction;
  prediction.readable = !parsed.empty();
  prediction.correct = std::set<std::string>(gold.begin(), gold.end()) ==
                       std::set<std::string>(parsed.begin(), parsed.end());
  prediction.labels = std::move(gold);
  prediction.parsed = std::move(parsed);
  return prediction;
}

double metric(EvalTask task, const std::vector<Prediction>& predictions, const std::string& name) {
  const Scorer scorer(task, predictions, {});
  const auto values = scorer.values(std::vector<std::uint32_t>(predictions.size(), 1));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (scorer.names()[i] == name) return values[i];
  }
  ADD_FAILURE() << "no metric " << name;
  return -1;
}

void run_score_cases(const std::string& file, EvalTask task) {
  std::vector<Prediction> predictions;
  std::string title;
  int checked = 0;
  for (const auto& [number, line] : case_lines(file)) {
    SCOPED_TRACE(file + ":" + std::to_string(number) + " " + title);
    if (line.starts_with("case: ")) {
      title = line.substr(6);
      predictions.clear();
    } else if (line.starts_with("expect: ")) {
      std::istringstream words(line.substr(8));
      std::string name;
      double wanted = -1;
      ASSERT_TRUE(static_cast<bool>(words >> name >> wanted));
      EXPECT_NEAR(metric(task, predictions, name), wanted, 5e-5) << name;
      ++checked;
    } else {
      const auto slash = line.find(" / ");
      ASSERT_NE(slash, std::string::npos);
      predictions.push_back(
          predicted(codes_of(line.substr(0, slash)), codes_of(line.substr(slash + 3))));
    }
  }
  EXPECT_GE(checked, 5);
}

TEST(Scorer, code_scores_agree_with_the_case_file) {
  run_score_cases("code_scores.txt", EvalTask::kCodeF1);
}

TEST(Scorer, label_scores_agree_with_the_case_file) {
  run_score_cases("label_scores.txt", EvalTask::kClassification);
}

TEST(AnswerReader, codes_are_read_as_the_case_file_says) {
  for (const auto& [number, line] : case_lines("read_codes.txt")) {
    SCOPED_TRACE("read_codes.txt:" + std::to_string(number));
    const auto arrow = line.find(" => ");
    ASSERT_NE(arrow, std::string::npos);
    std::string answer = line.substr(0, arrow);
    for (auto at = answer.find("\\n"); at != std::string::npos; at = answer.find("\\n")) {
      answer.replace(at, 2, 1, '\n');
    }
    EXPECT_EQ(read_codes(answer), codes_of(line.substr(arrow + 4)));
  }
}

TEST(AnswerReader, labels_are_read_as_the_case_file_says) {
  for (const auto& [number, line] : case_lines("read_label.txt")) {
    SCOPED_TRACE("read_label.txt:" + std::to_string(number));
    const auto bar = line.find(" | ");
    const auto arrow = line.find(" => ");
    ASSERT_TRUE(bar != std::string::npos && arrow != std::string::npos);
    const auto label =
        read_label(line.substr(bar + 3, arrow - bar - 3), split(line.substr(0, bar), "/"));
    EXPECT_EQ(label.value_or("-"), line.substr(arrow + 4));
  }
}

TEST(AnswerReader, squeeze_leaves_single_spaces) {
  EXPECT_EQ(squeeze("  a \n\t b "), "a b");
  EXPECT_EQ(squeeze(" \n"), "");
}

TEST(Scorer, length_normalised_choice_divides_by_characters) {
  Prediction item = predicted({"maybe"}, {"no"});
  item.logprobs = {-3.0, -2.5};  // "maybe" -0.6 a character, "no" -1.25
  const Scorer scorer(EvalTask::kMultipleChoice, {item}, {"maybe", "no"});
  EXPECT_THAT(scorer.names(), testing::Contains("accuracy_norm"));
  const auto values = scorer.values({1});
  EXPECT_EQ(values[0], 0);
  EXPECT_EQ(values[1], 1);
}

TEST(Scorer, a_resample_without_a_label_leaves_it_out_of_the_mean) {
  const std::vector<Prediction> items{predicted({"yes"}, {"yes"}), predicted({"no"}, {"yes"})};
  const Scorer scorer(EvalTask::kClassification, items, {});
  EXPECT_DOUBLE_EQ(scorer.values({2, 0})[1], 1.0);
}

TEST(Statistics, intervals_hold_the_value_and_shrink_with_the_items) {
  const auto width = [](std::size_t count) {
    std::vector<Prediction> items;
    for (std::size_t i = 0; i < count; ++i) {
      items.push_back(predicted({"yes"}, {i % 3 == 0 ? "no" : "yes"}));
    }
    const Scorer scorer(EvalTask::kClassification, items, {});
    const auto metrics = score(scorer, 5, 1000);
    const Metric& accuracy = metrics.at("accuracy");
    EXPECT_LE(accuracy.low, accuracy.value);
    EXPECT_GE(accuracy.high, accuracy.value);
    return accuracy.high - accuracy.low;
  };
  // Normal approximation: 2 * 1.96 * sqrt(p (1 - p) / n) with p = 2/3.
  EXPECT_NEAR(width(90), 0.195, 0.03);
  EXPECT_NEAR(width(900), 0.0616, 0.01);
}

TEST(Statistics, resampling_is_decided_by_seed_and_round) {
  EXPECT_EQ(resample(50, 1, 2), resample(50, 1, 2));
  EXPECT_NE(resample(50, 1, 2), resample(50, 1, 3));
  EXPECT_NE(resample(50, 1, 2), resample(50, 2, 2));
}

TEST(Statistics, mcnemar_agrees_with_the_binomial_by_hand) {
  EXPECT_DOUBLE_EQ(mcnemar_exact(0, 0), 1);
  EXPECT_DOUBLE_EQ(mcnemar_exact(3, 3), 1);
  EXPECT_NEAR(mcnemar_exact(0, 5), 2.0 / 32, 1e-12);
  EXPECT_NEAR(mcnemar_exact(1, 9), 2.0 * 11 / 1024, 1e-12);
  EXPECT_NEAR(mcnemar_exact(9, 1), 2.0 * 11 / 1024, 1e-12);
  EXPECT_GT(mcnemar_exact(2000, 2100), 0.1);
  EXPECT_LT(mcnemar_exact(2000, 2400), 1e-6);
}

TEST(ItemF1, counts_each_label_once) {
  EXPECT_DOUBLE_EQ(item_f1({"a", "b"}, {"a"}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(item_f1({"a"}, {}), 0);
  EXPECT_DOUBLE_EQ(item_f1({}, {}), 1);
}

}  // namespace
}  // namespace residency::eval
