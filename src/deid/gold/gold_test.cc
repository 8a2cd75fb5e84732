#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deid/gold/fit_recall.h"
#include "deid/gold/gold_document.h"

namespace residency::deid {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string text_of(const GoldDocument& document, std::size_t i) {
  const GoldSpan& span = document.spans.at(i);
  return document.text.substr(span.begin, span.end - span.begin);
}

constexpr char kI2b2[] =
    "<?xml version=\"1.0\"?>\n<deIdi2b2>\n<TEXT><![CDATA[Seen by Müller & Sons\non "
    "3/4/21.]]></TEXT>\n"
    "<TAGS>\n<NAME id=\"P0\" start=\"8\" end=\"14\" text=\"x\" TYPE=\"DOCTOR\" comment=\"\" />\n"
    "<DATE id=\"P1\" start=\"25\" end=\"31\" text=\"x\" TYPE=\"DATE\" />\n</TAGS></deIdi2b2>\n";

TEST(I2b2Gold, OffsetsCountCodePointsOfTheText) {
  const auto document = read_i2b2(kI2b2, "a.xml", {});
  ASSERT_TRUE(document.ok()) << document.error().message();
  ASSERT_EQ(document->spans.size(), 2u);
  EXPECT_EQ(text_of(*document, 0), "Müller");
  EXPECT_EQ(document->spans[0].phi_class, PhiClass::kClinicianName);
  EXPECT_EQ(text_of(*document, 1), "3/4/21");
}

TEST(I2b2Gold, RefusesWhatIsCutShortOrOfAnotherLayoutAndExpandsNoEntity) {
  EXPECT_THAT(read_i2b2(std::string(kI2b2).substr(0, 90), "a.xml", {}).error().message(),
              HasSubstr("a.xml"));
  EXPECT_FALSE(read_i2b2("<a/>", "a.xml", {}).ok());
  EXPECT_FALSE(
      read_i2b2("<d><TEXT>x</TEXT><TAGS><N start=\"a\" end=\"2\"/></TAGS></d>", "a", {}).ok());
  const auto bomb = read_i2b2(
      "<!DOCTYPE d [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><d><TEXT>&e;</TEXT><TAGS/></d>", "a",
      {});
  if (bomb.ok()) {
    EXPECT_THAT(bomb->text, Not(HasSubstr("root:")));
  }
}

TEST(InlineGold, TakesTheMarksOutAndReadsTheHeader) {
  const auto documents = read_inline_gold(
      "=== a1 | known: PATIENT_NAME=Ruth Poe; MRN=4417 | birth: 1950-03-04\n"
      "Seen: [[PATIENT_NAME|Müller]] on\n[[DATE|3/4]].\n\n=== a2\nNobody.\n",
      "g.txt", {});
  ASSERT_TRUE(documents.ok()) << documents.error().message();
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].id, "a1");
  EXPECT_EQ((*documents)[0].text, "Seen: Müller on\n3/4.\n");
  EXPECT_EQ(text_of((*documents)[0], 0), "Müller");
  EXPECT_EQ(text_of((*documents)[0], 1), "3/4");
  ASSERT_EQ((*documents)[0].known.values.size(), 2u);
  EXPECT_EQ((*documents)[0].known.values[1].value, "4417");
  EXPECT_EQ((*documents)[0].known.birth_date, "1950-03-04");
  EXPECT_EQ((*documents)[1].text, "Nobody.\n");
  EXPECT_TRUE((*documents)[1].spans.empty());
}

TEST(InlineGold, RefusesABadMarkOrHeaderAndNamesTheLine) {
  for (const char* bad :
       {"text first\n", "=== a\n[[DATE|3/4\n", "=== a\n[[DATE]]\n", "=== a\n[[DATE|]]\n",
        "=== a\n[[SHOESIZE|44]]\n", "===\nx\n", "=== a | known: MRN\nx\n",
        "=== a | known: SHOESIZE=44\nx\n", "=== a | height: 180\nx\n", ""}) {
    const auto documents = read_inline_gold(bad, "g.txt", {});
    ASSERT_FALSE(documents.ok()) << bad;
    EXPECT_THAT(documents.error().message(), HasSubstr("g.txt")) << bad;
    EXPECT_THAT(documents.error().message(), Not(HasSubstr("44"))) << bad;
  }
}

TEST(BratGold, TakesPartedSpansAndPassesOverRelations) {
  const auto document = read_brat(
      "Ruth M. Abernathy",
      "T1\tPATIENT 0 4;8 17\tRuth Abernathy\r\nR1\tOf Arg1:T1 Arg2:T2\n#1\tnote\n", "a.ann", {});
  ASSERT_TRUE(document.ok()) << document.error().message();
  ASSERT_EQ(document->spans.size(), 2u);
  EXPECT_EQ(text_of(*document, 1), "Abernathy");
}

TEST(BratGold, ABadLineIsNamed) {
  for (const char* line : {"T1", "T1\tPATIENT", "T1\tPATIENT 0", "T1\tPATIENT 4 0\tx",
                           "T1\tPATIENT 0 400\tx", "T1\tPATIENT 0 4;\tx", "T1\tPATIENT -1 4\tx"}) {
    const auto document = read_brat("Ruth", std::string("T0\tDATE 0 1\tR\n") + line, "a.ann", {});
    ASSERT_FALSE(document.ok()) << line;
    EXPECT_THAT(document.error().message(), HasSubstr("a.ann:2")) << line;
  }
}

TEST(JsonGold, ReadsLinesAndArraysUnderTheNamesThatSetsUse) {
  const auto lines = read_json_gold(
      "{\"text\": \"é Ruth\", \"spans\": [{\"start\": 2, \"end\": 6, \"label\": \"name\"}]}\n\n",
      "a.jsonl", OffsetUnit::kCodePoints, {});
  ASSERT_TRUE(lines.ok()) << lines.error().message();
  EXPECT_EQ(text_of(lines->at(0), 0), "Ruth");
  const auto array = read_json_gold(
      "[{\"full_text\": \"é Ruth\", \"spans\": [{\"start_position\": 3, \"end_position\": 7, "
      "\"entity_type\": \"PERSON\"}, {\"start\": 0, \"end\": 2, \"label\": \"TITLE\"}]}]",
      "a.json", OffsetUnit::kBytes, {{"title"}});
  ASSERT_TRUE(array.ok()) << array.error().message();
  ASSERT_EQ(array->at(0).spans.size(), 1u);
  EXPECT_EQ(text_of(array->at(0), 0), "Ruth");
}

TEST(JsonGold, ErrorsNameTheLineAndNeverTheText) {
  const auto refused = [](const std::string& line) {
    const auto read =
        read_json_gold("{\"text\":\"a\",\"spans\":[]}\n" + line, "a.jsonl", OffsetUnit::kBytes, {});
    EXPECT_FALSE(read.ok()) << line;
    EXPECT_THAT(read.error().message(), HasSubstr("a.jsonl:2"));
    EXPECT_THAT(read.error().message(), Not(HasSubstr("Ruth")));
  };
  refused("{\"text\": \"Ruth\"");
  refused("{\"text\": \"Ruth\"}");
  refused("{\"spans\": []}");
  refused("{\"text\": \"Ruth\", \"spans\": [{\"start\": 0, \"end\": 4}]}");
  refused("{\"text\": \"Ruth\", \"spans\": [{\"start\": 0, \"end\": 5, \"label\": \"NAME\"}]}");
  refused("{\"text\": \"Ruth\", \"spans\": [{\"start\": 0, \"end\": 4, \"label\": \"SPELL\"}]}");
  refused("{\"text\": \"é Ruth\", \"spans\": [{\"start\": 1, \"end\": 4, \"label\": \"NAME\"}]}");
  refused("[1]");
}

TEST(GoldLabels, EveryClassOfOursIsALabel) {
  for (const std::string_view name : kPhiClassNames) {
    EXPECT_TRUE(phi_class_of_label(name).has_value()) << name;
  }
  EXPECT_EQ(phi_class_of_label("medicalrecord"), PhiClass::kMrn);
  EXPECT_FALSE(phi_class_of_label("TITLE").has_value());
}

TEST(Score, CountsWhatIsCoveredTouchedAndAltered) {
  const std::string text = "Ruth Abernathy takes iron";
  const Score counts = score(text, {{0, 14, PhiClass::kPatientName}},
                             {{0, 4, PhiClass::kPatientName, 1, Reason::kPattern, "a"},
                              {21, 25, PhiClass::kCity, 1, Reason::kPattern, "b"}});
  EXPECT_EQ(counts.total().found_spans, 0u);
  EXPECT_EQ(counts.total().touched_spans, 1u);
  EXPECT_DOUBLE_EQ(counts.total().byte_recall(), 4.0 / 13);
  EXPECT_DOUBLE_EQ(counts.byte_precision(), 0.5);
  EXPECT_DOUBLE_EQ(counts.altered_share(), 4.0 / 9);
  EXPECT_NEAR(counts.byte_f1(), 2 * 0.5 * (4.0 / 13) / (0.5 + 4.0 / 13), 1e-12);
}

TEST(FitRecall, ReachesFurtherAsMoreIsWanted) {
  std::vector<GoldDocument> documents;
  for (const char* text : {"seen with the spouse Tarquelle at the window",
                           "per Oyadarene the dose was held", "discussed w/ quispelin re: plan"}) {
    GoldDocument document;
    document.text = text;
    const std::string_view all = text;
    for (const char* name : {"Tarquelle", "Oyadarene", "quispelin"}) {
      const std::size_t at = all.find(name);
      if (at != std::string_view::npos)
        document.spans.push_back({at, at + 9, PhiClass::kRelativeName});
    }
    documents.push_back(document);
  }
  DetectorOptions options;
  options.dictionaries = false;
  options.patterns = false;
  NoProgress progress;
  const auto plain = fit_recall(documents, options, false, 1e-9, progress);
  const auto far = fit_recall(documents, options, false, 1, progress);
  ASSERT_TRUE(plain.ok());
  ASSERT_TRUE(far.ok());
  EXPECT_GE(far->recall_of_all, plain->recall_of_all);
  EXPECT_TRUE(far->reached || far->reach.bias < 0);
  EXPECT_FALSE(far->reach.thresholds.empty() && !far->reached);
  const auto node = ConfigNode::parse(dump_json(far->settings()), "fit");
  EXPECT_TRUE(DetectorOptions::from_config(*node).ok());
  EXPECT_FALSE(fit_recall({}, options, false, 0.9, progress).ok());
  EXPECT_FALSE(fit_recall(documents, options, false, 0, progress).ok());
}

}  // namespace
}  // namespace residency::deid
