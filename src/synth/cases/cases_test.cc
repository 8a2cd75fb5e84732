// Rules that decide the cases, tables that are refused, and what the generator makes of them.
#include "synth/cases/cases.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "base/progress.h"
#include "synth/cases/ed_triage.h"
#include "synth/cases/prior_authorization.h"
#include "synth/cases/radiology_case.h"
#include "synth/cases/trial_matching.h"
#include "synth/synth.h"

namespace residency::synth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TriageFacts grown_up(std::size_t resources) {
  TriageFacts facts;
  facts.age_months = 40 * 12;
  facts.resources = resources;
  return facts;
}

int level_of(const TriageFacts& facts) { return esi_level(facts).level; }

TEST(EsiLevel, FollowsTheDecisionPoints) {
  EXPECT_EQ(level_of(grown_up(0)), 5);
  EXPECT_EQ(level_of(grown_up(1)), 4);
  EXPECT_EQ(level_of(grown_up(2)), 3);
  TriageFacts facts = grown_up(0);
  facts.pain = 9;
  EXPECT_EQ(level_of(facts), 5);  // without distress
  facts.distress = true;
  EXPECT_EQ(level_of(facts), 2);
  facts.pain = 6;
  EXPECT_EQ(level_of(facts), 5);
  facts = grown_up(0);
  facts.newly_confused = true;
  EXPECT_EQ(level_of(facts), 2);
  facts.needs_lifesaving = true;
  EXPECT_EQ(level_of(facts), 1);
  facts = grown_up(1);
  facts.high_risk = true;
  EXPECT_EQ(esi_level(facts).rule, "B: high-risk situation");
}

TEST(EsiLevel, VitalSignsCountOnlyWithTwoResources) {
  TriageFacts facts = grown_up(2);
  facts.heart_rate = 100;
  facts.breathing_rate = 20;
  facts.oxygen_percent = 92;
  EXPECT_EQ(level_of(facts), 3);
  facts.heart_rate = 101;
  EXPECT_EQ(level_of(facts), 2);
  facts.resources = 1;
  EXPECT_EQ(level_of(facts), 4);
  facts = grown_up(3);
  facts.oxygen_percent = 91;
  EXPECT_THAT(esi_level(facts).rule, HasSubstr("SpO2 91"));
  // The same pulse at other ages.
  facts = grown_up(2);
  facts.heart_rate = 150;
  for (const auto& [months, level] :
       std::vector<std::pair<int, int>>{{2, 3}, {3, 3}, {35, 3}, {36, 2}, {95, 2}, {96, 2}}) {
    facts.age_months = months;
    EXPECT_EQ(level_of(facts), level) << months;
  }
}

TEST(PaDecision, OneCriterionDecides) {
  const std::vector<PaCriterion> criteria{{"C1", "", {}, {}, {}}, {"C2", "", {}, {}, {}}};
  using enum CriterionState;
  EXPECT_EQ(pa_decision(criteria, {kMet, kMet}).decision, "approve");
  EXPECT_EQ(pa_decision(criteria, {kMet, kNotDocumented}).decision, "pend");
  const auto denied = pa_decision(criteria, {kNotDocumented, kNotMet});
  EXPECT_EQ(denied.decision, "deny");
  EXPECT_THAT(denied.reasons, ElementsAre("C1 not documented", "C2 not met"));
}

TEST(ImpressionText, UrgentFirst) {
  EXPECT_EQ(impression_text({}, "Nothing."), "Nothing.");
  EXPECT_EQ(impression_text({{1, "a"}}, "Nothing."), "a");
  EXPECT_EQ(impression_text({{1, "a"}, {4, "b"}, {1, "c"}}, ""), "1. b\n2. a\n3. c");
}

TEST(TrialLabel, ExclusionsTurnIt) {
  using enum CriterionForm;
  EXPECT_EQ(trial_label(kAtLeast, false, 60, 60), "eligible");
  EXPECT_EQ(trial_label(kAtLeast, true, 60, 60), "ineligible");
  EXPECT_EQ(trial_label(kAtMost, false, 61, 60), "ineligible");
  EXPECT_EQ(trial_label(kNotWithin, false, 5, 6), "ineligible");
  EXPECT_EQ(trial_label(kNotWithin, false, 6, 6), "eligible");
  EXPECT_EQ(trial_label(kPresent, true, 0, 0), "eligible");
  EXPECT_EQ(trial_label(kPresent, false, std::nullopt, 0), "unknown");
}

TEST(CaseTables, BadRowsAreNamed) {
  const auto message = [](const auto& parsed) {
    return parsed.ok() ? std::string("was taken") : parsed.error().message();
  };
  EXPECT_THAT(message(parse_ed_complaints("a\t1-2\n", "t")), HasSubstr("t:1"));
  EXPECT_THAT(message(parse_ed_complaints("# c\nk\t9-2\ta\t0\t-\t-\ts\n", "t")),
              HasSubstr("t:2: field 2"));
  EXPECT_THAT(message(parse_ed_complaints("k\t1-2\tx\t0\t-\t-\ts\n", "t")), HasSubstr("sex"));
  EXPECT_THAT(message(parse_ed_complaints("k\t1-2\ta\t3\t-\t-\ts\n", "t")), HasSubstr("risk"));
  EXPECT_THAT(message(parse_ed_complaints("k\t1-2\ta\t0\t-\t2-11\ts\n", "t")), HasSubstr("pain"));
  EXPECT_THAT(message(parse_ed_complaints("k\t1-2\ta\t0\t-\t-\t[s\n", "t")), HasSubstr("field 7"));
  EXPECT_THAT(message(parse_ed_complaints("", "t")), HasSubstr("no complaint"));
  EXPECT_THAT(message(parse_radiology_findings("s\tr\t5\tn\tf\ti\n", "t")), HasSubstr("urgency"));
  EXPECT_THAT(message(parse_radiology_findings("s\tr\t2\tn\tf\t-\n", "t")),
              HasSubstr("impression"));
  EXPECT_THAT(message(parse_radiology_findings("s\tr\t2\tn\tf\ti\n", "t")), HasSubstr("TITLE"));
  EXPECT_THAT(message(parse_prior_authorization("s\t1\tC1\tt\tm\tn\tr\n", "t")),
              HasSubstr("before its service"));
  EXPECT_THAT(
      message(parse_prior_authorization("s\tSERVICE\t-\tt\t-\t-\t-\ns\t1\tC2\tt\tm\tn\tr\n", "t")),
      HasSubstr("C1, C2"));
  EXPECT_THAT(message(parse_prior_authorization("s\tSERVICE\t-\tt\t-\t-\t-\n", "t")),
              HasSubstr("no criteria"));
  EXPECT_THAT(message(parse_trial_criteria("k\tword\t-\t-\t-\ts\ta\tb\n", "t")), HasSubstr("kind"));
  EXPECT_THAT(message(parse_trial_criteria("k\tnumber\t9\t1\t-\ts\ta\tb\n", "t")),
              HasSubstr("range"));
  EXPECT_THAT(message(parse_trial_criteria("k\tfact\t-\t-\t-\ts\t-\tb\n", "t")),
              HasSubstr("lacks"));
}

TEST(CaseText, DrawsOnceAndSaysWhatItMissed) {
  Random random(3);
  CaseText text(random);
  const Grammar grammar;
  const auto write = [&](std::string_view parts) {
    return text.write(grammar, parse_template(parts).value());
  };
  const std::string first = write("{mm:10-99} {side:left/right}");
  EXPECT_EQ(write("{mm} {side}"), first);
  EXPECT_EQ(write("{^word:above/above}"), "Above");
  EXPECT_FALSE(text.missed_a_slot());
  EXPECT_EQ(write("{nothing}"), "");
  EXPECT_TRUE(text.missed_a_slot());
}

TEST(CaseSets, EveryCaseIsWholeAndRepeats) {
  const auto sets = CaseSets::load();
  ASSERT_TRUE(sets.ok()) << sets.error().message();
  for (const std::string& name : case_set_names()) {
    SCOPED_TRACE(name);
    std::map<std::string, int> labels;
    std::set<std::string> texts;
    for (std::uint64_t i = 0; i < 1500; ++i) {
      const MadeCase made = sets->make(name, 7, i);
      ASSERT_FALSE(made.missed_a_slot) << i;
      EXPECT_EQ(json_text(made.line, "id"), json_text(made.truth, "id"));
      const std::string line = dump_json(made.line);
      ASSERT_EQ(line.find("{n:"), std::string::npos) << line;
      texts.insert(line.substr(line.find("\"text\"") == std::string::npos
                                   ? line.find("\"messages\"")
                                   : line.find("\"text\"")));
      ++labels[json_text(made.truth, "label")];
      if (i < 20) {
        EXPECT_EQ(line, dump_json(sets->make(name, 7, i).line));
      }
    }
    EXPECT_GT(texts.size(), 1450u);  // hardly any text stands twice
    if (name == "ed_triage") {
      ASSERT_EQ(labels.size(), 5u);
      for (const auto& [label, count] : labels) EXPECT_GT(count, 90) << label;
    }
    if (name == "trial_matching" || name == "prior_authorization") {
      ASSERT_EQ(labels.size(), 3u);
      for (const auto& [label, count] : labels) EXPECT_GT(count, 300) << label;
    }
  }
}

TEST(CaseSets, StateOfACriterionIsInTheRecord) {
  const auto sets = CaseSets::load();
  ASSERT_TRUE(sets.ok());
  for (std::uint64_t i = 0; i < 300; ++i) {
    const MadeCase made = sets->make("prior_authorization", 1, i);
    const auto& labels = made.line["labels"];
    const std::string answer = made.line["messages"][1]["content"].get<std::string>();
    EXPECT_TRUE(answer.starts_with(labels[0].get<std::string>() + "\n"));
    for (std::size_t at = 1; at < labels.size(); ++at)
      EXPECT_THAT(answer, HasSubstr(labels[at].get<std::string>()));
  }
}

std::string read_all(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(CaseFiles, AreMadeWithoutAHospital) {
  SynthOptions options;
  options.out_dir = testing::TempDir() + "synth_cases";
  std::filesystem::remove_all(options.out_dir);
  options.outputs = {};
  options.cases = {"ed_triage", "trial_matching"};
  options.cases_each = 20;
  NoProgress quiet;
  const auto made = generate(Env::posix(), options, quiet);
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(made->counts.at("cases_ed_triage"), 20u);
  EXPECT_EQ(made->patients, 0u);
  EXPECT_FALSE(std::filesystem::exists(options.out_dir + "/truth"));
  const std::string lines = read_all(options.out_dir + "/cases/ed_triage.jsonl");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 20);
  EXPECT_THAT(read_all(options.out_dir + "/cases/ed_triage.truth.jsonl"), HasSubstr("\"rule\""));
  EXPECT_TRUE(generate(Env::posix(), options, quiet)->already_there);
  options.cases_each = 21;
  EXPECT_EQ(generate(Env::posix(), options, quiet).error().code(), ErrorCode::kAlreadyExists);
  std::filesystem::remove_all(options.out_dir);
}

TEST(SynthOptions, CasesAreChecked) {
  const auto parse = [](const char* yaml) {
    return SynthOptions::from_config(ConfigNode::parse(yaml, "r.yaml").value());
  };
  EXPECT_TRUE(parse("cases: [ed_triage]")->outputs.empty());
  EXPECT_EQ(parse("{cases: [ed_triage], outputs: [notes]}")->outputs.size(), 1u);
  EXPECT_THAT(parse("cases: [astrology]").error().message(), HasSubstr("cases must be of"));
  EXPECT_THAT(parse("cases: [ed_triage, ed_triage]").error().message(), HasSubstr("each once"));
  EXPECT_THAT(parse("{cases: [ed_triage], cases_each: 0}").error().message(),
              HasSubstr("cases_each"));
  // What decides the bytes of a hospital has not changed.
  EXPECT_THAT(SynthOptions().canonical_json(), testing::Not(HasSubstr("cases")));
}

}  // namespace
}  // namespace residency::synth
