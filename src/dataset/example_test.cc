#include "dataset/example.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataset/prompt_template.h"

namespace residency::dataset {
namespace {

using testing::HasSubstr;

struct Case {
  std::string where;
  std::string given;
  std::string wanted;
};

std::string unescape(std::string text) {
  for (auto at = text.find("\\n"); at != std::string::npos; at = text.find("\\n")) {
    text.replace(at, 2, 1, '\n');
  }
  return text;
}

std::vector<Case> read_cases(const std::string& name) {
  const std::string path = std::string(RESIDENCY_SOURCE_DIR) + "/tests/cases/dataset/" + name;
  std::ifstream file(path);
  std::vector<Case> cases;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    const auto arrow = line.rfind(" => ");
    if (arrow == std::string::npos) {
      ADD_FAILURE() << name << ":" << number << ": no ' => '";
      continue;
    }
    cases.push_back(
        {name + ":" + std::to_string(number), line.substr(0, arrow), line.substr(arrow + 4)});
  }
  return cases;
}

TEST(Example, lines_are_read_or_refused_as_the_case_file_says) {
  const auto cases = read_cases("example_lines.txt");
  ASSERT_GT(cases.size(), 20u);
  for (const Case& item : cases) {
    SCOPED_TRACE(item.where);
    const auto example = example_from_json_line(item.given);
    if (item.wanted.starts_with("error: ")) {
      ASSERT_FALSE(example.ok());
      EXPECT_EQ(example.error().code(), ErrorCode::kInvalidInput);
      EXPECT_THAT(example.error().message(), HasSubstr(item.wanted.substr(7)));
      continue;
    }
    ASSERT_TRUE(example.ok()) << example.error().message();
    std::string roles;
    for (const auto& message : example->messages) {
      roles += (roles.empty() ? "" : " ") + message.role;
    }
    EXPECT_EQ(roles, item.wanted);
    const auto again = example_from_json_line(to_json_line(*example));
    ASSERT_TRUE(again.ok()) << again.error().message();
    EXPECT_EQ(to_json_line(*again), to_json_line(*example));
  }
}

TEST(Example, every_field_survives_writing_and_reading) {
  Example example;
  example.id = "r-1";
  example.patient = "p-1";
  example.messages = {{"user", "tab\tquote\" é \n"}, {"assistant", " yes"}};
  example.labels = {"yes", "I10"};
  example.category = "progress_note";
  example.format = Format::kCompletion;
  const auto read = example_from_json_line(to_json_line(example));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->id, example.id);
  EXPECT_EQ(read->patient, example.patient);
  EXPECT_EQ(read->messages[0].content, example.messages[0].content);
  EXPECT_EQ(read->messages[1].content, example.messages[1].content);
  EXPECT_EQ(read->labels, example.labels);
  EXPECT_EQ(read->category, example.category);
  EXPECT_EQ(read->format, Format::kCompletion);
}

TEST(Example, errors_never_hold_the_text) {
  const auto refused = example_from_json_line(R"({"prompt":"Mrs Doe","completion":["Mrs Doe"]})");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), testing::Not(HasSubstr("Doe")));
}

TEST(Example, messages_and_labels_have_a_bound) {
  Example example;
  for (std::size_t i = 0; i < kMessagesMax / 2; ++i) {
    example.messages.push_back({"user", "a"});
    example.messages.push_back({"assistant", "b"});
  }
  example.labels.assign(kLabelsMax, "x");
  EXPECT_TRUE(example_from_json_line(to_json_line(example)).ok());
  Example labelled = example;
  labelled.labels.push_back("x");
  EXPECT_FALSE(example_from_json_line(to_json_line(labelled)).ok());
  example.messages.insert(example.messages.begin(), Message{"user", "a"});
  EXPECT_FALSE(example_from_json_line(to_json_line(example)).ok());
}

TEST(PromptTemplate, renders_as_the_case_file_says) {
  const std::vector<std::string_view> known{"text",  "structured",    "note_type",
                                            "codes", "code_displays", "medications"};
  const std::map<std::string, std::string, std::less<>> values{
      {"text", "Chest pain."},
      {"note_type", "ed_triage_note"},
      {"codes", "E11.9, I20.9"},
      {"code_displays",
       "Type 2 diabetes mellitus without complications; Angina pectoris, unspecified"},
      {"medications", "Aspirin, Metformin"}};
  const auto cases = read_cases("templates.txt");
  ASSERT_GT(cases.size(), 8u);
  for (const Case& item : cases) {
    SCOPED_TRACE(item.where);
    const auto parsed = PromptTemplate::parse(unescape(item.given), known);
    if (item.wanted.starts_with("error: ")) {
      ASSERT_FALSE(parsed.ok());
      EXPECT_THAT(parsed.error().message(), HasSubstr(item.wanted.substr(7)));
      continue;
    }
    ASSERT_TRUE(parsed.ok()) << parsed.error().message();
    EXPECT_EQ(parsed->render(values), unescape(item.wanted));
  }
}

TEST(PromptTemplate, a_value_is_not_expanded_again) {
  const auto parsed = PromptTemplate::parse("{{text}}", {"text", "codes"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->render({{"text", "{{codes}}"}, {"codes", "I10"}}), "{{codes}}");
}

TEST(Example, PairsOfAnswersGoThereAndBack) {
  const auto example =
      example_from_json_line(R"({"prompt":"cough","chosen":"rest","rejected":"nothing"})");
  ASSERT_TRUE(example.ok()) << example.error().message();
  EXPECT_EQ(example->messages.back().content, "rest");
  EXPECT_EQ(example->rejected, "nothing");
  EXPECT_EQ(example_from_json_line(to_json_line(*example))->rejected, "nothing");
  for (const char* bad : {R"({"prompt":"a","chosen":"b"})",
                          R"({"prompt":"a","chosen":"b","completion":"c","rejected":"d"})",
                          R"({"prompt":"a","chosen":"b","rejected":7})",
                          R"({"prompt":"a","chosen":"b","rejected":"x\u0000"})"})
    EXPECT_FALSE(example_from_json_line(bad).ok()) << bad;
}

}  // namespace
}  // namespace residency::dataset
