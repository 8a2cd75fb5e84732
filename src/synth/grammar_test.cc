#include "synth/grammar.h"

#include <gtest/gtest.h>
#include <set>

#include "synth/note_text.h"
#include "synth/note_writer.h"
#include "synth/tables.h"

namespace residency::synth {
namespace {

class Collect final : public TemplateSink {
 public:
  void text(std::string_view text) override { out += text; }
  void slot(std::string_view name, std::string_view argument) override {
    out += "<" + std::string(name) + ":" + std::string(argument) + ">";
  }
  std::size_t position() override { return out.size(); }
  void capitalise_at(std::size_t position) override {
    if (position < out.size()) out[position] = static_cast<char>(std::toupper(out[position]));
  }
  std::string out;
};

std::set<std::string> expansions(const Grammar& grammar, std::string_view rule) {
  std::set<std::string> all;
  Random random(3);
  for (int i = 0; i < 200; ++i) {
    Collect sink;
    grammar.expand(rule, random, sink);
    all.insert(sink.out);
  }
  return all;
}

TEST(Grammar, ChoicesNestAndEscapesHold) {
  Grammar grammar;
  ASSERT_TRUE(grammar.add("a\n  x[1|2[3|]]\\n\\[y\\]\n", "t").ok());
  EXPECT_EQ(expansions(grammar, "a"), (std::set<std::string>{"x1\n[y]", "x23\n[y]", "x2\n[y]"}));
}

TEST(Grammar, ReferencesCapitalsOptionsAndShuffles) {
  Grammar grammar;
  ASSERT_TRUE(grammar.add("a\n  {^b}{?50 c}{%b c}{slot:1-2}\nb\n  b\nc\n  c\n", "t").ok());
  EXPECT_EQ(expansions(grammar, "a"), (std::set<std::string>{"Bbc<slot:1-2>", "Bcb<slot:1-2>",
                                                             "Bcbc<slot:1-2>", "Bccb<slot:1-2>"}));
  EXPECT_EQ(grammar.slots(), std::vector<std::string>{"slot"});
}

TEST(Grammar, ARuleThatRefersToItselfEnds) {
  Grammar grammar;
  ASSERT_TRUE(grammar.add("a\n  x{a}\n", "t").ok());
  EXPECT_EQ(expansions(grammar, "a").size(), 1u);
}

TEST(Grammar, BadRulesAreRefusedWithTheirLine) {
  for (const std::string_view bad :
       {"a\n  [x\n", "a\n  x]\n", "a\n  {x\n", "a\n  {}\n", "a\n  {?x b}\n", "a\n  {?200 b}\n",
        "  text before a rule\n", "a\n  x\na\n  y\n"}) {
    Grammar grammar;
    auto added = grammar.add(bad, "bad.grammar");
    ASSERT_FALSE(added.ok()) << bad;
    EXPECT_NE(added.error().message().find("bad.grammar:"), std::string::npos);
  }
}

TEST(Grammar, DeepNestingIsRefused) {
  EXPECT_FALSE(parse_template(std::string(100, '[') + std::string(100, ']')).ok());
}

TEST(Tables, LoadAndEverySlotOfTheGrammarIsKnown) {
  auto tables = Tables::load();
  ASSERT_TRUE(tables.ok()) << tables.error().message();
  for (const std::string& slot : tables->grammar.slots()) EXPECT_TRUE(is_slot(slot)) << slot;
  for (const auto& [key, procedure] : tables->procedures) {
    EXPECT_TRUE(procedure.findings.empty() || tables->grammar.has(procedure.findings)) << key;
  }
}

TEST(Tables, MoreThan150CodesAndNoPhraseOfTwoMeanings) {
  auto tables = Tables::load();
  ASSERT_TRUE(tables.ok());
  std::set<std::string> codes;
  std::map<std::string, std::string> meaning;
  for (const Condition& condition : tables->conditions) {
    codes.insert(condition.codes.begin(), condition.codes.end());
    EXPECT_GE(condition.phrases.size(), 4u) << condition.codes.front();
    Random random(1);
    for (int i = 0; i < 40; ++i) {
      Collect sink;
      tables->grammar.expand(random.pick(condition.phrases), random, sink);
      const auto [entry, fresh] = meaning.emplace(sink.out, condition.codes.back());
      EXPECT_TRUE(fresh || entry->second == condition.codes.back())
          << sink.out << " is " << entry->second << " and " << condition.codes.back();
    }
  }
  EXPECT_GE(codes.size(), 150u);
}

TEST(Conditions, BadBlocksAreRefused) {
  const std::string good = "@ X1 g=a in=e\np a|b|c|d\ny s\nf f\nt t\n";
  EXPECT_TRUE(parse_conditions(good).ok());
  for (const std::string& bad :
       {std::string("p before a block\n"), std::string("@ g=a\np a|b|c|d\ny s\nf f\nt t\n"),
        std::string("@ X1 colour=red\np a|b|c|d\ny s\nf f\nt t\n"),
        std::string("@ X1 age=old\np a|b|c|d\ny s\nf f\nt t\n"),
        std::string("@ X1\np a|b\ny s\nf f\nt t\n"), std::string("@ X1\np a|b|c|d\n"),
        good + "l sodium\n", good + "r no tilde\n", good + "q unknown\n"}) {
    EXPECT_FALSE(parse_conditions(bad).ok()) << bad;
  }
}

TEST(Conditions, VariantsRepeatTheBlock) {
  auto parsed = parse_conditions(
      "@ S1#A g=a in=e var=1:right:R,2:left_big:L\np <v> x|b|c|<b> d\ny s\nf f\nt t\n");
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->size(), 2u);
  EXPECT_EQ((*parsed)[1].codes.front(), "S12A");
  EXPECT_EQ((*parsed)[1].phrases[0].front().text, "left big x");
}

TEST(NoteText, UpperCaseKeepsEveryLength) {
  for (const std::string_view text : {"Peña", "Łukasz Wiśniewska Brzęczyszczykiewicz", "Nguyễn Thị",
                                      "Søren Åsa ÿß÷", "Dương Đỗ", "O’Malley", "Kapaʻa"}) {
    EXPECT_EQ(upper_utf8(text).size(), text.size()) << text;
  }
  EXPECT_EQ(upper_utf8("Peña Łukasz Nguyễn Đỗ ńśżźć"), "PEÑA ŁUKASZ NGUYỄN ĐỖ ŃŚŻŹĆ");
}

}  // namespace
}  // namespace residency::synth
