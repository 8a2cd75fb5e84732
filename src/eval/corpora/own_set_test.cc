// Users' own sets, as their descriptions say.
#include "eval/corpora/own_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace residency::eval::corpora {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

OwnSet set_of(const std::string& yaml) {
  const auto set = OwnSet::from_config(ConfigNode::parse(yaml, "set.yaml").value());
  EXPECT_TRUE(set.ok()) << set.error().message();
  return set.value();
}

CorpusExamples read(const std::string& yaml, const std::string& text,
                    dataset::Format format = dataset::Format::kCompletion) {
  TextBytes bytes(text, 11);
  ExampleOptions options;
  options.format = format;
  auto made = read_own_set(set_of(yaml), bytes, "data", options);
  EXPECT_TRUE(made.ok()) << made.error().message();
  return made.value();
}

TEST(OwnSet, ChoicesInAListByLetterNumberOrText) {
  const auto made = read(
      "kind: multiple_choice\nfields: {question: q, choices: o, answer: a, age: years, "
      "sex: s, id: n}\n",
      R"({"n":7,"q":"Which?","o":["x","y","z"],"a":"b","years":70,"s":"F"})"
      "\n"
      R"({"n":8,"q":"Which?","o":{"A":"x","B":"y"},"a":0})"
      "\n"
      R"({"n":9,"q":"Which?","o":["x","y"],"a":"y"})"
      "\n");
  EXPECT_THAT(made.notes.problems, IsEmpty());
  ASSERT_EQ(made.examples.size(), 3u);
  EXPECT_EQ(made.examples[0].messages[0].content, "Question: Which?\nA. x\nB. y\nC. z\nAnswer:");
  EXPECT_EQ(made.examples[0].messages[1].content, " B");
  EXPECT_EQ(made.examples[0].groups.at("age"), "65-79");
  EXPECT_EQ(made.examples[0].groups.at("sex"), "F");
  EXPECT_THAT(made.examples[1].labels, ElementsAre("A"));
  EXPECT_THAT(made.examples[2].labels, ElementsAre("B"));
}

TEST(OwnSet, ChoicesInColumnsOfACsv) {
  const auto made = read(
      "kind: multiple_choice\nrows: csv\nanswer_base: 1\n"
      "fields: {question: stem, choices: [o1, o2], answer: right}\n"
      "prompt: \"{{stem}}\\n{{choices}}Best:\"\n",
      "stem,o1,o2,right\n\"One, two?\",yes,no,2\n");
  ASSERT_EQ(made.examples.size(), 1u);
  EXPECT_EQ(made.examples[0].messages[0].content, "One, two?\nA. yes\nB. no\nBest:");
  EXPECT_THAT(made.examples[0].labels, ElementsAre("B"));
}

TEST(OwnSet, GenerationClassificationAndExtraction) {
  const auto notes =
      read("kind: generation\nfields: {answer: note}\nprompt: \"Sum up: {{talk}}\"\n",
           R"({"talk":"Hi.","note":"Greeting."})", dataset::Format::kChat);
  ASSERT_EQ(notes.examples.size(), 1u);
  EXPECT_EQ(notes.examples[0].messages[0].content, "Sum up: Hi.");
  EXPECT_EQ(notes.examples[0].messages[1].content, "Greeting.");
  const auto classes =
      read("kind: classification\nrows: tsv\nseparator: \";\"\nfields: {text: t, answer: c}\n",
           "t\tc\nCough.\tR05; J20.9\n");
  ASSERT_EQ(classes.examples.size(), 1u);
  EXPECT_THAT(classes.examples[0].labels, ElementsAre("R05", "J20.9"));
  const std::string text = R"({"t":"Grüße: aspirin, aspirin.","e":)";
  for (const char* list :
       {R"([{"start":7,"end":14,"type":"D"}]})", R"([{"text":"aspirin","type":"D"}]})"}) {
    const auto found = read("kind: extraction\nfields: {text: t, entities: e}\n", text + list);
    ASSERT_EQ(found.examples.size(), 1u) << list;
    ASSERT_EQ(found.examples[0].entities.size(), 1u);
    EXPECT_EQ(found.examples[0].entities[0].begin, 9u);  // bytes
    EXPECT_EQ(found.examples[0].entities[0].end, 16u);
  }
}

TEST(OwnSet, BadRecordsAreNamedByLineAndField) {
  const auto made = read("kind: multiple_choice\nfields: {question: q, choices: o, answer: a}\n",
                         "not json\n{\"q\":\"?\",\"o\":[\"x\"],\"a\":0}\n"
                         "{\"q\":\"?\",\"o\":[\"x\",\"y\"],\"a\":\"w\"}\n"
                         "{\"o\":[\"x\",\"y\"],\"a\":\"x\"}\n");
  EXPECT_EQ(made.notes.bad, 4u);
  EXPECT_THAT(made.notes.problems,
              ElementsAre(HasSubstr("data:1: field 'line'"), HasSubstr("data:2: field 'o'"),
                          HasSubstr("data:3: field 'a'"), HasSubstr("data:4: field 'q'")));
}

TEST(OwnSet, ADescriptionThatLacksFieldsIsRefused) {
  const auto bad = OwnSet::from_config(
      ConfigNode::parse("kind: generation\nprompt: \"{{x\"\nfieldz: {}\n", "set.yaml").value());
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message(), HasSubstr("answer"));
  EXPECT_THAT(bad.error().message(), HasSubstr("fieldz"));
  EXPECT_THAT(bad.error().message(), HasSubstr("{{ without }}"));
}

}  // namespace
}  // namespace residency::eval::corpora
