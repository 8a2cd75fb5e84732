#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "dataset/build.h"

namespace residency::dataset {
namespace {

using testing::HasSubstr;

class Kept final : public LineSink {
 public:
  Result<void> write(std::string_view line) override {
    lines.emplace_back(line);
    return {};
  }
  std::vector<std::string> lines;
};

struct Built {
  Kept train;
  Kept validation;
  Kept test;
  Result<DatasetReport> report = DatasetReport{};
};

Built run_path(const std::string& task, const std::string& path, const std::string& more) {
  Built built;
  const auto node =
      ConfigNode::parse("task: " + task + "\npath: " + path +
                            "\nwaiver: {person: Test Author, reason: a public set}\n" + more,
                        "recipe.yaml");
  const auto options = DatasetOptions::from_config(node.value());
  EXPECT_TRUE(options.ok()) << options.error().message();
  NoProgress progress;
  built.report =
      build_public(*options, Env::posix(), {built.train, built.validation, built.test}, progress);
  return built;
}

Built run_text(const std::string& task, const std::string& text, const std::string& more = "") {
  const std::string path = testing::TempDir() + "dataset_public_" + std::to_string(::getpid());
  EXPECT_TRUE(Env::posix().write_file_atomic(path, text).ok());
  auto built = run_path(task, path, "split: {train: 1, validation: 0, test: 0}\n" + more);
  EXPECT_TRUE(Env::posix().remove(path).ok());
  return built;
}

TEST(PublicSet, pubmedqa_items_have_the_harness_prompt) {
  const std::string text =
      R"({"123":{"QUESTION":"Is it?","CONTEXTS":["One.","Two."],"final_decision":"maybe"}})";
  const auto raw = run_text("pubmedqa", text, "format: completion");
  ASSERT_TRUE(raw.report.ok()) << raw.report.error().message();
  const auto example = example_from_json_line(raw.train.lines.at(0)).value();
  EXPECT_EQ(example.id, "pubmedqa-123");
  EXPECT_EQ(example.messages[0].content, "Abstract: One.\nTwo.\nQuestion: Is it?\nAnswer:");
  EXPECT_EQ(example.messages[1].content, " maybe");
  EXPECT_EQ(example.labels, std::vector<std::string>{"maybe"});
  const auto chat = run_text("pubmedqa", text);
  EXPECT_EQ(example_from_json_line(chat.train.lines.at(0))->messages[1].content, "maybe");
  EXPECT_EQ(raw.report->waiver_person, "Test Author");
  EXPECT_EQ(raw.report->waiver_reason, "a public set");
}

TEST(PublicSet, a_mixture_sees_each_file_by_its_weight) {
  const std::string folder = testing::TempDir() + "dataset_mix_" + std::to_string(::getpid());
  ASSERT_TRUE(Env::posix().make_directories(folder).ok());
  for (const char name : {'a', 'b', 'c'}) {
    std::string text;
    for (int i = 0; i < 200; ++i)
      text += fmt::format("{{\"prompt\":\"{}{}\",\"completion\":\"x\"}}\n", name, i);
    ASSERT_TRUE(Env::posix().write_file_atomic(folder + "/" + name + ".jsonl", text).ok());
  }
  const auto node = ConfigNode::parse(
      fmt::format(
          "task: jsonl\nmix: [{{path: {0}/a.jsonl}}, {{path: {0}/b.jsonl, weight: 0.25}}, "
          "{{path: {0}/c.jsonl, weight: 2.5}}]\nsplit: {{train: 1, validation: 0, test: 0}}\n"
          "waiver: {{person: p, reason: a public set}}\n",
          folder),
      "recipe.yaml");
  const auto options = DatasetOptions::from_config(node.value()).value();
  EXPECT_EQ(options.source_paths().size(), 3u);
  Built first;
  NoProgress progress;
  const auto report =
      build_public(options, Env::posix(), {first.train, first.validation, first.test}, progress);
  ASSERT_TRUE(report.ok()) << report.error().message();
  const auto count = [&](char name) {
    return std::count_if(first.train.lines.begin(), first.train.lines.end(), [&](auto& line) {
      return line.find(std::string("\"content\":\"") + name) != std::string::npos;
    });
  };
  EXPECT_EQ(count('a'), 200);
  EXPECT_NEAR(static_cast<double>(count('b')), 50, 20);
  EXPECT_NEAR(static_cast<double>(count('c')), 500, 25);
  EXPECT_EQ(static_cast<std::int64_t>(report->left_out.at("weight")), 200 - count('b'));
  std::filesystem::remove_all(folder);
}

TEST(PublicSet, all_turns_are_trained_where_asked) {
  const std::string line =
      R"({"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"},)"
      R"({"from":"human","value":"c"},{"from":"gpt","value":"d"}]})";
  const auto last = run_text("jsonl", line);
  const auto all = run_text("jsonl", line, "turns: all");
  EXPECT_THAT(last.train.lines.at(0), testing::Not(HasSubstr("weight")));
  const auto example = example_from_json_line(all.train.lines.at(0)).value();
  EXPECT_EQ(example.messages[1].weight, TurnWeight::kTrained);
  EXPECT_EQ(example.messages[3].weight, TurnWeight::kTrained);
}

TEST(PublicSet, bad_pubmedqa_items_are_named_by_file_item_and_field) {
  const auto error = [](const std::string& text) {
    const auto built = run_text("pubmedqa", text);
    EXPECT_FALSE(built.report.ok());
    return built.report.ok() ? "" : built.report.error().message();
  };
  EXPECT_THAT(error(R"({"123":{"QUESTION":"Is it?","CONTEXTS":["One."]}})"),
              HasSubstr("item 123: final_decision"));
  EXPECT_THAT(error(R"({"123":{"QUESTION":7,"CONTEXTS":["One."],"final_decision":"no"}})"),
              HasSubstr("item 123: QUESTION"));
  EXPECT_THAT(error(R"({"123":{"QUESTION":"x","CONTEXTS":[1],"final_decision":"no"}})"),
              HasSubstr("item 123: CONTEXTS"));
  EXPECT_THAT(error(R"({"Doe":{}})"), testing::Not(HasSubstr("Doe")));
  EXPECT_THAT(error("[]"), HasSubstr("must be an object"));
  EXPECT_THAT(error(R"({"123":)"), HasSubstr("dataset_public_"));
}

TEST(PublicSet, jsonl_takes_pairs_and_chats_and_numbers_lines_without_an_id) {
  const auto built = run_text("jsonl", R"({"prompt":"p","completion":"c"}

{"id":"x","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})"
                                       "\r\n");
  ASSERT_TRUE(built.report.ok()) << built.report.error().message();
  ASSERT_EQ(built.train.lines.size(), 2u);
  EXPECT_EQ(example_from_json_line(built.train.lines[0])->id, "line-1");
  EXPECT_EQ(example_from_json_line(built.train.lines[1])->id, "x");
}

TEST(PublicSet, bad_lines_refuse_the_set_unless_some_are_allowed) {
  const std::string text =
      "{\"prompt\":\"p\",\"completion\":\"c\"}\n{\"prompt\":1,\"completion\":\"c\"}\n{\"pro\n";
  const auto refused = run_text("jsonl", text);
  ASSERT_FALSE(refused.report.ok());
  EXPECT_THAT(refused.report.error().message(), HasSubstr("2 of 3 lines"));
  EXPECT_THAT(refused.report.error().message(), HasSubstr(":2: must be a text: prompt"));
  EXPECT_THAT(refused.report.error().message(), HasSubstr(":3: not valid JSON"));
  EXPECT_TRUE(refused.train.lines.empty());
  const auto allowed = run_text("jsonl", text, "invalid_lines_max: 2");
  ASSERT_TRUE(allowed.report.ok());
  EXPECT_EQ(allowed.train.lines.size(), 1u);
  EXPECT_EQ(allowed.report->left_out.at("invalid"), 2u);
  ASSERT_EQ(allowed.report->rejected.size(), 2u);
  EXPECT_EQ(allowed.report->rejected[1].line, 3u);
  EXPECT_FALSE(run_text("jsonl", text, "invalid_lines_max: 1").report.ok());
}

TEST(PublicSet, a_missing_file_is_an_error) {
  EXPECT_FALSE(run_path("jsonl", testing::TempDir() + "no_such_file", "").report.ok());
}

TEST(PublicSet, the_500_labelled_pubmedqa_items_split_without_overlap) {
  const std::string path =
      std::string(RESIDENCY_SHARED_DATA) + "/pubmedqa/ori_pqal.train_dev_500.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the shared public data is not here";
  const auto built =
      run_path("pubmedqa", path, "split: {train: 0.5, validation: 0.1, test: 0.4, seed: 1}");
  ASSERT_TRUE(built.report.ok()) << built.report.error().message();
  EXPECT_EQ(built.report->records, 500u);
  EXPECT_EQ(built.train.lines.size() + built.validation.lines.size() + built.test.lines.size(),
            500u);
  EXPECT_EQ(built.report->splits.at("test").distinct_labels, 3u);
  EXPECT_EQ(built.report->contamination.most_overlap, 0u);
}

}  // namespace
}  // namespace residency::dataset
