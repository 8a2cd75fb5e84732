// Scoring of entities, of classes with a negative one, and of codes in their tree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/code_tree.h"
#include "eval/corpora/examples.h"
#include "eval/labelled_prompt.h"
#include "eval/scorer.h"

namespace residency::eval {
namespace {

using dataset::LabelledSpan;
using testing::ElementsAre;
using testing::IsEmpty;

Prediction item(std::vector<std::string> gold, std::vector<std::string> parsed) {
  Prediction prediction;
  prediction.labels = std::move(gold);
  prediction.parsed = std::move(parsed);
  prediction.readable = true;
  return prediction;
}

double metric(const Scorer& scorer, const std::string& name) {
  const auto values = scorer.values(std::vector<std::uint32_t>(scorer.items(), 1));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (scorer.names()[i] == name) return values[i];
  }
  ADD_FAILURE() << "no metric " << name;
  return -1;
}

TEST(Entities, CountAsSeqevalCounts) {
  // seqeval 1.2.2 on the same spans as BIO tags: micro 0.5, macro (0.4 + 0.666...) / 2.
  const std::vector<Prediction> items{
      item({"0-2:A", "5-9:A", "12-14:B"}, {"0-2:A", "5-8:A", "12-14:B"}),
      item({"3-4:A"}, {"3-4:B"}),
      item({}, {}),
  };
  const Scorer scorer(EvalTask::kEntities, items, {});
  EXPECT_NEAR(metric(scorer, "micro_f1"), 0.5, 1e-9);
  EXPECT_NEAR(metric(scorer, "micro_precision"), 0.5, 1e-9);
  EXPECT_NEAR(metric(scorer, "micro_recall"), 0.5, 1e-9);
  EXPECT_NEAR(metric(scorer, "macro_f1"), (2.0 / 5 + 2.0 / 3) / 2, 1e-9);
  // "5-8:A" touches "5-9:A"; "3-4:B" touches nothing of its type.
  EXPECT_NEAR(metric(scorer, "relaxed_micro_f1"), 0.75, 1e-9);
}

TEST(Classification, WithANegativeLabelCountsTheOthers) {
  const std::vector<Prediction> items{
      item({"effect"}, {"effect"}), item({"effect"}, {"none"}), item({"none"}, {"effect"}),
      item({"none"}, {"none"}),     item({"int"}, {"effect"}),
  };
  const Scorer scorer(EvalTask::kClassification, items, {}, "none");
  EXPECT_EQ(scorer.names().front(), "micro_f1");
  EXPECT_NEAR(metric(scorer, "micro_f1"), 2.0 * 1 / (3 + 3), 1e-9);
  EXPECT_NEAR(metric(scorer, "macro_f1"), (2.0 / 5 + 0) / 2, 1e-9);
  EXPECT_NEAR(metric(scorer, "detection_f1"), 2.0 * 2 / (3 + 3), 1e-9);
  EXPECT_NEAR(metric(scorer, "accuracy"), 0, 1e-9);  // `correct` is not set here
}

TEST(Codes, NearMissesCountInTheTree) {
  EXPECT_THAT(code_and_above("E11.65"), ElementsAre("E11.65", "E11.6", "E11", "E00-E89"));
  EXPECT_THAT(code_and_above("I10"), ElementsAre("I10", "I00-I99"));
  EXPECT_EQ(code_chapter("T88.9"), "S00-T88");
  EXPECT_EQ(code_chapter("H60"), "H60-H95");
  EXPECT_EQ(code_chapter("H59.0"), "H00-H59");
  EXPECT_EQ(code_chapter("C7A.0"), "C00-D49");
  EXPECT_EQ(code_chapter("O9A.2"), "O00-O9A");
  EXPECT_EQ(code_chapter("D49.9"), "C00-D49");
  EXPECT_EQ(code_chapter("D50"), "D50-D89");
  EXPECT_EQ(code_chapter("W19"), "V00-Y99");
  EXPECT_EQ(code_chapter("?"), "");
  const Scorer scorer(EvalTask::kCodeF1, {item({"E11.65"}, {"E11.9"})}, {});
  EXPECT_NEAR(metric(scorer, "micro_f1"), 0, 1e-9);
  EXPECT_NEAR(metric(scorer, "category_micro_f1"), 1, 1e-9);
  EXPECT_NEAR(metric(scorer, "hierarchical_micro_f1"), 2.0 * 2 / (4 + 3), 1e-9);
}

TEST(Codes, PrecisionAtKIsOverK) {
  Prediction ranked = item({"I10", "E11.9"}, {"I10"});
  ranked.ranked = {"I10", "J45", "E11.9", "Z00"};
  const Scorer scorer(EvalTask::kCodeF1, {ranked}, {});
  EXPECT_NEAR(metric(scorer, "precision_at_5"), 2.0 / 5, 1e-9);
  EXPECT_NEAR(metric(scorer, "precision_at_15"), 2.0 / 15, 1e-9);
}

TEST(ReadEntities, FindsWordsWhereTheyStand) {
  const std::set<std::string> types{"drug", "disease"};
  const std::string text = "Aspirin for gout; aspirins no, ASPIRIN yes";
  EXPECT_THAT(*read_entities("1. Drug: \"aspirin\"\n- disease: gout.", text, types),
              ElementsAre(LabelledSpan{0, 7, "drug"}, LabelledSpan{12, 16, "disease"},
                          LabelledSpan{31, 38, "drug"}));
  EXPECT_THAT(*read_entities("None.", text, types), IsEmpty());
  EXPECT_THAT(*read_entities("drug: heparin", text, types), IsEmpty());
  EXPECT_FALSE(read_entities("The text names aspirin", text, types).has_value());
  EXPECT_FALSE(read_entities("", text, types).has_value());
  EXPECT_FALSE(read_entities("person: aspirin", text, types).has_value());
}

TEST(PairText, BlindsThePairAndTheOthers) {
  corpora::PairSentence sentence;
  sentence.text = "Aspirin, heparin or heparin sodium.";
  const auto entity = [](std::size_t begin, std::size_t end) {
    corpora::Entity made;
    made.parts = {{begin, end}};
    return made;
  };
  sentence.entities = {entity(0, 7), entity(9, 16), entity(20, 27), entity(20, 34)};
  corpora::EntityPair pair;
  pair.first = 0;
  pair.second = 1;
  EXPECT_EQ(corpora::pair_text(sentence, pair), "@DRUG1$, @DRUG2$ or @DRUG0$ sodium.");
  pair.second = 3;
  EXPECT_EQ(corpora::pair_text(sentence, pair), "@DRUG1$, @DRUG0$ or @DRUG2$.");
}

TEST(ChoicePrompt, IsTheHarness) {
  corpora::ChoiceItem question;
  question.question = "Which?";
  question.subject = "college_biology";
  question.choices = {{"A", "one"}, {"B", "two"}};
  EXPECT_EQ(corpora::choice_prompt("medqa", question), "Question: Which?\nA. one\nB. two\nAnswer:");
  EXPECT_EQ(corpora::choice_prompt("medmcqa", question),
            "Question: Which?\nChoices:\nA. one\nB. two\nAnswer:");
  EXPECT_EQ(corpora::choice_prompt("mmlu", question),
            "The following are multiple choice questions (with answers) about college biology.\n\n"
            "Which?\nA. one\nB. two\nAnswer:");
}

}  // namespace
}  // namespace residency::eval
