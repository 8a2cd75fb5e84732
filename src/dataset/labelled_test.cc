// Labelled texts: as lines, as tokens with labels, and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataset/labelled_example.h"
#include "dataset/labelled_tokens.h"

namespace residency::dataset {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int32_t kStart = 1000;
constexpr std::int32_t kEnd = 1001;

/// A token for each word with the space before it, as byte-level tokenizers have it.
class WordTokenizer final : public model::Tokenizer {
 public:
  bool adds_bos = false;
  bool loses_text = false;

  std::vector<std::int32_t> encode(std::string_view text, bool bos, bool) const override {
    std::vector<std::int32_t> tokens;
    if (bos) tokens.push_back(kStart);
    std::size_t from = 0;
    for (std::size_t i = 1; i <= text.size(); ++i) {
      if (i < text.size() && text[i] != ' ' && text[i - 1] != '\n' && text[i] != '-') continue;
      words_.emplace_back(text.substr(from, i - from));
      tokens.push_back(static_cast<std::int32_t>(words_.size() - 1));
      from = i;
    }
    if (loses_text) tokens.pop_back();
    return tokens;
  }
  std::string decode(const std::vector<std::int32_t>& tokens, bool) const override {
    std::string text;
    for (const auto token : tokens)
      text += token >= kStart ? "<special>" : words_[static_cast<std::size_t>(token)];
    return text;
  }
  int vocabulary_size() const override { return 1002; }
  std::int32_t end_of_turn() const override { return kEnd; }
  std::int32_t bos() const override { return kStart; }
  bool add_bos() const override { return adds_bos; }
  Result<std::string> render_chat(const std::vector<model::TemplateMessage>&, bool) const override {
    return std::string();
  }

 private:
  mutable std::vector<std::string> words_;
};

Example tagged(std::string text, std::vector<LabelledSpan> entities) {
  Example example;
  example.format = Format::kLabelled;
  example.messages.push_back({"user", std::move(text)});
  example.entities = std::move(entities);
  return example;
}

TEST(LabelledExample, CountsCodePoints) {
  const auto example =
      example_from_json_line(
          R"({"id":"1","text":"Ménière on aspirin","entities":[{"start":11,"end":18,"type":"drug"}]})")
          .value();
  ASSERT_EQ(example.entities.size(), 1u);
  const auto& span = example.entities[0];
  EXPECT_EQ(example.messages[0].content.substr(span.begin, span.end - span.begin), "aspirin");
  const auto again = example_from_json_line(to_json_line(example)).value();
  EXPECT_EQ(again.entities, example.entities);
  EXPECT_EQ(to_json_line(again), to_json_line(example));
}

TEST(LabelledExample, ReadsLabels) {
  EXPECT_THAT(example_from_json_line(R"({"text":"t","label":"urgent"})").value().labels,
              ElementsAre("urgent"));
  EXPECT_THAT(example_from_json_line(R"({"text":"t","labels":["I10","E11.9"]})").value().labels,
              ElementsAre("I10", "E11.9"));
  EXPECT_THAT(example_from_json_line(R"({"text":"t","labels":[]})").value().labels, IsEmpty());
}

TEST(LabelledExample, NamesTheFieldThatIsWrongAndNoText) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"text":"secret","entities":[{"start":0,"end":7,"type":"x"}]})", "entities[0].end"},
      {R"({"text":"secret","entities":[{"start":3,"end":3,"type":"x"}]})", "entities[0]"},
      {R"({"text":"secret","entities":[{"start":-1,"end":3,"type":"x"}]})", "entities[0].start"},
      {R"({"text":"secret","entities":[{"start":0,"end":3}]})", "entities[0].type"},
      {R"({"text":"secret","entities":[{"start":0,"end":3,"type":""}]})", "entities[0].type"},
      {R"({"text":"secret","entities":["x"]})", "entities[0]"},
      {R"({"text":"secret","entities":{}})", "entities"},
      {R"({"text":"","label":"x"})", "text"},
      {R"({"text":7,"label":"x"})", "text"},
      {R"({"text":"secret","label":1})", "label"},
      {R"({"text":"secret","labels":[1]})", "labels"},
      {R"({"text":"secret","label":"a","labels":["b"]})", "label"},
      {R"({"text":"secret","label":"a","secret":1})", "line"},
  };
  for (const auto& [line, field] : kCases) {
    const auto read = example_from_json_line(line);
    ASSERT_FALSE(read.ok()) << line;
    EXPECT_THAT(read.error().message(), HasSubstr(field));
    EXPECT_THAT(read.error().message(), testing::Not(HasSubstr("secret")));
  }
}

TEST(TextTokens, KnowTheirBytes) {
  WordTokenizer tokenizer;
  tokenizer.adds_bos = true;
  const auto tokens = text_tokens("high fever today", tokenizer).value();
  EXPECT_THAT(tokens.begins, ElementsAre(0u, 0u, 4u, 10u, 16u));
  EXPECT_THAT(tokens.ends, ElementsAre(0u, 4u, 10u, 16u, 16u));
  tokenizer.loses_text = true;
  EXPECT_FALSE(text_tokens("high fever today", tokenizer).ok());
}

TEST(TokenTags, AreThoseOfTheEntityThatHoldsMost) {
  const WordTokenizer tokenizer;
  const std::string text = "acute heart failure and aspirin-like drugs";
  const auto tokens = text_tokens(text, tokenizer).value();
  const auto tags = model::bio_tags({"disease", "drug"});
  // "heart failure" inside of "acute heart failure"; "aspirin" is a part of its word.
  const std::vector<LabelledSpan> entities{
      {0, 19, "disease"}, {6, 19, "disease"}, {24, 31, "drug"}};
  EXPECT_THAT(token_tags(tokens, entities, tags), ElementsAre(1, 2, 2, 0, 3, 0, 0, -1));
  const std::vector<LabelledSpan> kept{{0, 19, "disease"}, {24, 31, "drug"}};
  std::vector<std::size_t> said{1, 2, 2, 0, 3, 0, 0, 0};
  EXPECT_EQ(tagged_spans(tokens, text, said, tags), kept);
}

TEST(TokenTags, NeighboursOfOneTypeStayTwo) {
  const WordTokenizer tokenizer;
  const std::string text = "aspirin warfarin";
  const auto tokens = text_tokens(text, tokenizer).value();
  const auto tags = model::bio_tags({"drug"});
  const std::vector<LabelledSpan> two{{0, 7, "drug"}, {8, 16, "drug"}};
  EXPECT_THAT(token_tags(tokens, two, tags), ElementsAre(1, 1, -1));
  EXPECT_EQ(tagged_spans(tokens, text, {1, 1, 0}, tags), two);
  EXPECT_EQ(tagged_spans(tokens, text, {1, 2, 0}, tags),
            (std::vector<LabelledSpan>{{0, 16, "drug"}}));
}

TEST(PartBorders, PreferTheEndOfASentence) {
  const WordTokenizer tokenizer;
  const std::string text = "a b c d e f. g h i j";
  const auto tokens = text_tokens(text, tokenizer).value();
  ASSERT_EQ(tokens.tokens.size(), 11u);
  EXPECT_THAT(part_borders(tokens, text, 7), ElementsAre(0u, 6u, 11u));
  EXPECT_THAT(part_borders(tokens, text, 11), ElementsAre(0u, 11u));
  for (std::size_t most = 1; most < 12; ++most) {
    const auto borders = part_borders(tokens, text, most);
    for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
      EXPECT_GT(borders[i + 1], borders[i]);
      EXPECT_LE(borders[i + 1] - borders[i], most);
    }
    EXPECT_EQ(borders.back(), 11u);
  }
}

TEST(PackLabelled, PutsLabelsWhereTheyBelong) {
  const WordTokenizer tokenizer;
  TruncationReport report;
  const auto made =
      pack_labelled({tagged("take aspirin", {{5, 12, "drug"}})}, model::HeadKind::kTags,
                    model::bio_tags({"drug"}), tokenizer, {}, report)
          .value();
  ASSERT_EQ(made.size(), 1u);
  EXPECT_THAT(made[0].targets, ElementsAre(0, 1, -1));
  EXPECT_EQ(report.loss_tokens, 2u);

  Example one = tagged("a b c d", {});
  one.labels = {"urgent"};
  PackOptions options;
  options.tokens_max = 3;
  const std::vector<std::string> labels{"routine", "urgent"};
  auto cut = pack_labelled({one}, model::HeadKind::kLabel, labels, tokenizer, options, report);
  EXPECT_THAT(cut.value()[0].targets, ElementsAre(-1, -1, 1));
  EXPECT_EQ(cut.value()[0].tokens.back(), kEnd);
  EXPECT_EQ(report.cut, 1u);
  auto many = pack_labelled({one}, model::HeadKind::kLabels, labels, tokenizer, {}, report).value();
  EXPECT_THAT(many[0].label_sets, ElementsAre(ElementsAre(1)));
  one.labels = {"nobody's"};
  EXPECT_FALSE(pack_labelled({one}, model::HeadKind::kLabel, labels, tokenizer, {}, report).ok());
}

TEST(HeadLabels, ComeFromTheTrainingSet) {
  Example one = tagged("a b", {{0, 1, "x"}, {2, 3, "w"}});
  EXPECT_THAT(head_labels({one}, model::HeadKind::kTags).value(),
              ElementsAre("O", "B-w", "I-w", "B-x", "I-x"));
  EXPECT_FALSE(head_labels({one}, model::HeadKind::kLabel).ok());
  one.labels = {"yes"};
  EXPECT_FALSE(head_labels({one}, model::HeadKind::kLabel).ok());
  Example two = one;
  two.labels = {"no"};
  EXPECT_THAT(head_labels({one, two}, model::HeadKind::kLabel).value(), ElementsAre("no", "yes"));
  two.format = Format::kChat;
  EXPECT_FALSE(head_labels({one, two}, model::HeadKind::kLabel).ok());
}

}  // namespace
}  // namespace residency::dataset
