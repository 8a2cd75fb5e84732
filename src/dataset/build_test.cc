#include "dataset/build.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "dataset/contamination.h"
#include "deid/waiver.h"

namespace residency::dataset {
namespace {

using testing::HasSubstr;

class Records final : public CleanRecordSource {
 public:
  explicit Records(std::vector<deid::CleanRecord> records) : records_(std::move(records)) {}
  Result<bool> next(deid::CleanRecord& record) override {
    if (at_ == records_.size()) return false;
    record = records_[at_++];
    return true;
  }

 private:
  std::vector<deid::CleanRecord> records_;
  std::size_t at_ = 0;
};

class Kept final : public LineSink {
 public:
  Result<void> write(std::string_view line) override {
    lines.emplace_back(line);
    return {};
  }
  std::vector<Example> examples() const {
    std::vector<Example> read;
    for (const auto& line : lines) read.push_back(example_from_json_line(line).value());
    return read;
  }
  std::vector<std::string> lines;
};

struct Built {
  Kept train;
  Kept validation;
  Kept test;
  Result<DatasetReport> report = DatasetReport{};
};

DatasetOptions options_of(const std::string& yaml) {
  auto options = DatasetOptions::from_config(ConfigNode::parse(yaml, "recipe.yaml").value());
  EXPECT_TRUE(options.ok()) << options.error().message();
  return std::move(options).value();
}

Built run(const std::string& yaml, std::vector<deid::CleanRecord> records) {
  Built built;
  Records source(std::move(records));
  NoProgress progress;
  built.report =
      build(options_of(yaml), source, {built.train, built.validation, built.test}, progress);
  return built;
}

deid::CleanText clean(const std::string& text) {
  return deid::waive(text, {"Test Author", "written for this test"}).value();
}

deid::CleanRecord note(int number, int patient, const std::string& text) {
  deid::CleanRecord record;
  record.record_id = "r-" + std::to_string(number);
  record.patient = patient < 0 ? "" : "p-" + std::to_string(patient);
  record.kind = "note";
  record.note_type = "progress_note";
  record.text = clean(text);
  record.codes = {{"http://hl7.org/fhir/sid/icd-10-cm", "I10", "Essential hypertension"},
                  {"http://snomed.info/sct", "38341003", "Hypertensive disorder"},
                  {"http://hl7.org/fhir/sid/icd-10-cm", "E11.9", "Type 2 diabetes"},
                  {"http://hl7.org/fhir/sid/icd-10-cm", "I10", "Essential hypertension"}};
  return record;
}

std::vector<deid::CleanRecord> many_notes(int count, int per_patient) {
  std::vector<deid::CleanRecord> records;
  for (int i = 0; i < count; ++i) {
    records.push_back(note(i, i / per_patient, "note number " + std::to_string(i)));
  }
  return records;
}

TEST(Build, codes_are_sorted_unique_and_icd10_only) {
  const auto built = run("split: {train: 1, validation: 0, test: 0}", {note(1, 1, "Seen today.")});
  ASSERT_TRUE(built.report.ok()) << built.report.error().message();
  const auto examples = built.train.examples();
  ASSERT_EQ(examples.size(), 1u);
  EXPECT_EQ(examples[0].messages[0].content, "Seen today.\n\nICD-10-CM codes:");
  EXPECT_EQ(examples[0].messages[1].content, "E11.9, I10");
  EXPECT_EQ(examples[0].labels, (std::vector<std::string>{"E11.9", "I10"}));
  EXPECT_EQ(examples[0].category, "progress_note");
  EXPECT_EQ(examples[0].patient, "p-1");
}

TEST(Build, examples_know_their_patients_groups) {
  deid::CleanRecord patient;
  patient.record_id = "r-0";
  patient.patient = "p-1";
  patient.kind = "resource";
  patient.resource_type = "Patient";
  patient.structured =
      clean(R"({"resourceType":"Patient","gender":"female","extension":[{"url":)"
            R"("http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity","extension":)"
            R"([{"url":"text","valueString":"Hispanic or Latino"}]}]})");
  // The Patient stands after a note of hers, and is no example itself.
  const auto built = run("kinds: [note]\nsplit: {train: 1, validation: 0, test: 0}",
                         {note(1, 1, "Seen today."), patient, note(2, 2, "Seen as well.")});
  ASSERT_TRUE(built.report.ok()) << built.report.error().message();
  const auto examples = built.train.examples();
  ASSERT_EQ(examples.size(), 2u);
  EXPECT_EQ(examples[0].groups.at("sex"), "female");
  EXPECT_EQ(examples[0].groups.at("ethnicity"), "Hispanic or Latino");
  EXPECT_TRUE(examples[1].groups.empty());
}

TEST(Build, no_patient_is_on_two_sides_and_the_shares_come_out) {
  const auto built =
      run("split: {train: 0.7, validation: 0.1, test: 0.2, seed: 3}", many_notes(6000, 3));
  ASSERT_TRUE(built.report.ok());
  std::map<std::string, std::set<int>> sides;
  int side = 0;
  for (const Kept* kept : {&built.train, &built.validation, &built.test}) {
    for (const auto& example : kept->examples()) sides[example.patient].insert(side);
    ++side;
  }
  EXPECT_EQ(sides.size(), 2000u);
  for (const auto& [patient, on] : sides) EXPECT_EQ(on.size(), 1u) << patient;
  EXPECT_NEAR(static_cast<double>(built.train.lines.size()), 4200, 200);
  EXPECT_NEAR(static_cast<double>(built.test.lines.size()), 1200, 150);
  EXPECT_EQ(built.report->splits.at("train").examples, built.train.lines.size());
  EXPECT_EQ(built.report->splits.at("train").patients * 3, built.train.lines.size());
}

TEST(Build, a_patients_side_does_not_depend_on_the_other_records) {
  const std::string yaml = "split: {train: 0.5, validation: 0, test: 0.5, seed: 8}";
  auto records = many_notes(200, 2);
  const auto whole = run(yaml, records);
  std::reverse(records.begin(), records.end());
  records.resize(100);
  const auto half = run(yaml, records);
  std::set<std::string> trained(whole.train.lines.begin(), whole.train.lines.end());
  ASSERT_FALSE(half.train.lines.empty());
  for (const auto& line : half.train.lines) EXPECT_EQ(trained.count(line), 1u);
  const auto other =
      run("split: {train: 0.5, validation: 0, test: 0.5, seed: 9}", many_notes(200, 2));
  EXPECT_NE(other.train.lines, whole.train.lines);
}

TEST(Build, equal_input_gives_equal_lines_and_report) {
  const auto first = run("examples_max: 50", many_notes(300, 2));
  const auto second = run("examples_max: 50", many_notes(300, 2));
  EXPECT_EQ(first.train.lines, second.train.lines);
  EXPECT_EQ(dump_json(first.report->to_json()), dump_json(second.report->to_json()));
  EXPECT_EQ(first.train.lines.size() + first.validation.lines.size() + first.test.lines.size(),
            50u);
  EXPECT_EQ(first.report->left_out.at("over_examples_max"), 250u);
}

TEST(Build, records_without_a_patient_are_groups_of_their_own) {
  std::vector<deid::CleanRecord> records;
  for (int i = 0; i < 400; ++i) records.push_back(note(i, -1, "note " + std::to_string(i)));
  const auto built = run("split: {train: 0.5, validation: 0, test: 0.5}", records);
  ASSERT_TRUE(built.report.ok());
  EXPECT_GT(built.train.lines.size(), 150u);
  EXPECT_GT(built.test.lines.size(), 150u);
}

TEST(Build, every_record_is_accounted_for) {
  std::vector<deid::CleanRecord> records = many_notes(20, 1);
  records.push_back(note(100, 100, "note number 1"));  // a duplicate
  records.push_back(note(101, 101, "short"));
  records.push_back(note(102, 102, std::string(300, 'x')));
  records.push_back(note(103, 103, "a note of another type"));
  records.back().note_type = "radiology";
  records.push_back(note(104, 104, "a row among the notes"));
  records.back().kind = "row";
  records.push_back(note(105, 105, "a note without codes"));
  records.back().codes.resize(0);
  records.push_back(note(106, 106, "only a SNOMED code here"));
  records.back().codes = {{"http://snomed.info/sct", "38341003", "x"}};
  records.push_back(note(107, 107, ""));
  const auto built = run(R"(note_types: [progress_note]
text_characters_min: 6
text_characters_max: 200
split: {train: 1, validation: 0, test: 0})",
                         records);
  ASSERT_TRUE(built.report.ok());
  const std::map<std::string, std::uint64_t> wanted{
      {"duplicate", 1}, {"too_short", 1}, {"too_long", 1}, {"note_type", 1},
      {"kind", 1},      {"no_codes", 2},  {"no_text", 1}};
  EXPECT_EQ(built.report->left_out, wanted);
  EXPECT_EQ(built.report->records, 28u);
  EXPECT_EQ(built.train.lines.size(), 20u);
}

TEST(Build, a_long_text_is_cut_at_a_character_only_when_asked_and_counted) {
  const auto built = run(R"(text_characters_max: 3
too_long: cut
split: {train: 1, validation: 0, test: 0})",
                         {note(1, 1, "éàüö"), note(2, 2, "abc")});
  ASSERT_TRUE(built.report.ok());
  EXPECT_EQ(built.report->texts_cut, 1u);
  EXPECT_EQ(built.train.examples()[0].messages[0].content, "éàü\n\nICD-10-CM codes:");
}

TEST(Build, templates_decide_what_a_record_must_have) {
  auto with = note(1, 1, "On aspirin.");
  with.medications = {{"rxnorm", "1191", "aspirin"}, {"rxnorm", "6809", "metformin"}};
  const auto built = run(R"(task: template
system: "You list medicines."
prompt: "{{note_type}}: {{text}}"
completion: "{{medications}}"
split: {train: 1, validation: 0, test: 0})",
                         {with, note(2, 2, "On nothing.")});
  ASSERT_TRUE(built.report.ok());
  const auto examples = built.train.examples();
  ASSERT_EQ(examples.size(), 1u);
  EXPECT_EQ(examples[0].messages[0].role, "system");
  EXPECT_EQ(examples[0].messages[1].content, "progress_note: On aspirin.");
  EXPECT_EQ(examples[0].messages[2].content, "aspirin, metformin");
  EXPECT_TRUE(examples[0].labels.empty());
  EXPECT_EQ(built.report->left_out.at("no_medications"), 1u);
}

TEST(Build, every_side_asked_for_gets_a_patient_when_there_are_enough) {
  const std::string options = "split: {train: 0.98, validation: 0.01, test: 0.01}";
  const auto built = run(options, {note(1, 1, "one"), note(2, 2, "two"), note(3, 3, "three"),
                                   note(4, 3, "three again")});
  ASSERT_TRUE(built.report.ok()) << built.report.error().message();
  EXPECT_EQ(built.report->splits.at("train").patients, 1u);
  EXPECT_EQ(built.report->splits.at("validation").patients, 1u);
  EXPECT_EQ(built.report->splits.at("test").patients, 1u);
}

TEST(Build, an_empty_side_is_an_error_that_names_it) {
  const auto built = run("split: {train: 0.5, validation: 0, test: 0.5}", {note(1, 1, "one")});
  ASSERT_FALSE(built.report.ok());
  EXPECT_THAT(built.report.error().message(), HasSubstr("no example left for the split: t"));
}

std::string words(int from, int count) {
  std::string text;
  for (int i = from; i < from + count; ++i) text += "w" + std::to_string(i) + " ";
  return text;
}

TEST(Contamination, grams_ignore_case_and_punctuation) {
  const auto grams = text_grams(words(0, 20));
  EXPECT_EQ(grams.size(), 8u);
  std::string shouted = words(0, 20);
  for (char& c : shouted) c = c == ' ' ? ',' : static_cast<char>(std::toupper(c));
  EXPECT_EQ(text_grams(shouted), grams);
  EXPECT_EQ(text_grams("one two").size(), 1u);
  EXPECT_TRUE(text_grams(" .,").empty());
}

TEST(Contamination, test_text_in_training_is_measured_and_can_be_dropped) {
  // The same 30 words under 40 patients, each with its own word in front: half of them in test.
  std::vector<deid::CleanRecord> records;
  for (int i = 0; i < 40; ++i) {
    records.push_back(note(i, i, "patient" + std::to_string(i) + " " + words(0, 30)));
    records.push_back(note(100 + i, 1000 + i, words(1000 + 100 * i, 30)));
  }
  const std::string split = "split: {train: 0.5, validation: 0, test: 0.5, seed: 2}";
  const auto measured = run(split, records);
  ASSERT_TRUE(measured.report.ok());
  const auto& found = measured.report->contamination;
  EXPECT_EQ(found.test_examples, measured.test.lines.size());
  EXPECT_GT(found.most_overlap, 5u);
  EXPECT_LT(found.most_overlap, found.test_examples);
  EXPECT_EQ(found.train_dropped, 0u);
  const auto dropped = run("train_overlap_max: 0.1\n" + split, records);
  ASSERT_TRUE(dropped.report.ok());
  EXPECT_EQ(dropped.report->contamination.any_overlap, 0u);
  EXPECT_GT(dropped.report->contamination.train_dropped, 5u);
  EXPECT_EQ(dropped.test.lines, measured.test.lines);
}

TEST(DatasetOptions, all_problems_are_reported_at_once) {
  const auto refused = DatasetOptions::from_config(ConfigNode::parse(R"(task: icd10_coding
kinds: [letter]
prompt: "{{name}}"
split: {train: 0.9, test: 0.9}
patients: 7)",
                                                                     "recipe.yaml")
                                                       .value());
  ASSERT_FALSE(refused.ok());
  for (const char* part : {"kinds", "prompt", "split.train", "unknown key 'dataset.patients'"}) {
    EXPECT_THAT(refused.error().message(), HasSubstr(part));
  }
}

TEST(DatasetOptions, a_public_set_needs_a_person_and_a_reason) {
  const auto refused = DatasetOptions::from_config(
      ConfigNode::parse("task: pubmedqa\npath: x.json", "recipe.yaml").value());
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("waiver.person is required"));
  EXPECT_THAT(refused.error().message(), HasSubstr("waiver.reason is required"));
}

}  // namespace
}  // namespace residency::dataset
