// Records through policy, crosswalk and transforms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deid/deid.h"
#include "deid/detect/tokens.h"
#include "deid/transform/date_change.h"
#include "deid/transform/surrogate.h"
#include "deid/waiver.h"

namespace residency::deid {
namespace {

using ingest::PhiText;
using ::testing::HasSubstr;
using ::testing::Not;

class Records final : public RawSource {
 public:
  explicit Records(std::vector<ingest::RawRecord> records) : records_(std::move(records)) {}
  Result<bool> next(ingest::RawRecord& record) override {
    if (at_ == records_.size()) return false;
    record = records_[at_++];
    return true;
  }

 private:
  std::vector<ingest::RawRecord> records_;
  std::size_t at_ = 0;
};

struct Kept final : CleanSink {
  Result<void> accept(const CleanRecord& record) override {
    records.push_back(record);
    return {};
  }
  std::vector<CleanRecord> records;
};

struct Aside final : DeidQuarantineSink {
  Result<void> reject(const DeidQuarantineEntry& entry) override {
    entries.push_back(entry);
    return {};
  }
  std::vector<DeidQuarantineEntry> entries;
};

struct Outcome {
  std::vector<CleanRecord> clean;
  std::vector<DeidQuarantineEntry> aside;
  DeidReport report;
  std::string state;
  Json certificate;
};

const std::string kSecret(32, 'k');

DeidOptions options_of(const std::string& yaml) {
  return DeidOptions::from_config(ConfigNode::parse(yaml, "recipe.yaml").value()).value();
}

Outcome run_on(std::vector<ingest::RawRecord> records, const std::string& yaml = "{}",
               const std::string& state = "") {
  const DeidOptions options = options_of(yaml);
  Crosswalk crosswalk = Crosswalk::open(kSecret, state).value();
  Records source(std::move(records));
  Kept kept;
  Aside aside;
  NoProgress progress;
  auto report = run(options, crosswalk, source, kept, aside, progress);
  EXPECT_TRUE(report.ok());
  return {kept.records, aside.entries, *report, crosswalk.state(), certificate(options, *report)};
}

ingest::RawRecord note(const std::string& id, const std::string& patient, const std::string& text) {
  ingest::RawRecord record;
  record.record_id = "r-" + id;
  record.patient_key = PhiText(patient);
  record.encounter_key = PhiText("visit-" + patient);
  record.text = PhiText(text);
  record.demographics.gender = "female";
  record.demographics.identifiers = {{PhiClass::kPatientName, PhiText("Ruth")},
                                     {PhiClass::kPatientName, PhiText("Abernathy")},
                                     {PhiClass::kMrn, PhiText("4417290")}};
  return record;
}

constexpr char kText[] =
    "Patient: Ruth Abernathy  MRN: 4417290\nSeen 03/14/2021 by Dr. Castellano. Ms. Abernathy is a "
    "94-year-old woman.\n"
    "Phone (503) 537-0751. BP 120/80, metformin 500 mg.";

TEST(Run, NothingKnownIsLeftAndTheMedicineStays) {
  const Outcome outcome = run_on({note("1", "a", kText)});
  ASSERT_EQ(outcome.clean.size(), 1u);
  const std::string& text = outcome.clean[0].text.str();
  for (const char* gone : {"Ruth", "Abernathy", "4417290", "03/14", "Castellano", "94", "537-0751"})
    EXPECT_THAT(text, Not(HasSubstr(gone)));
  for (const char* kept : {"BP 120/80", "metformin 500 mg", "Dr. ", "2021", "90+"})
    EXPECT_THAT(text, HasSubstr(kept));
  EXPECT_THAT(outcome.clean[0].patient, ::testing::MatchesRegex("p-[0-9a-f]{16}"));
  EXPECT_THAT(outcome.clean[0].encounter, ::testing::MatchesRegex("e-[0-9a-f]{16}"));
}

TEST(Run, EveryRecordIsCleanOrSetAside) {
  std::vector<ingest::RawRecord> records{note("1", "a", kText), note("2", "a", "bad \xff bytes"),
                                         note("3", "b", ""), note("4", "c", std::string(300, 'x'))};
  records.push_back(note("5", "d", ""));
  records.back().structured = PhiText("{not json");
  const Outcome outcome = run_on(std::move(records), "{text_bytes_max: 250}");
  EXPECT_EQ(outcome.report.records, 5u);
  EXPECT_EQ(outcome.report.clean + outcome.report.quarantined, 5u);
  ASSERT_EQ(outcome.aside.size(), 4u);
  EXPECT_EQ(outcome.aside[0].reason, "bad_utf8");
  EXPECT_EQ(outcome.aside[1].reason, "empty");
  EXPECT_EQ(outcome.aside[2].reason, "too_large");
  EXPECT_EQ(outcome.aside[3].reason, "bad_json");
}

TEST(Run, AKnownValueThatStaysPutsTheRecordAside) {
  ingest::RawRecord record = note("1", "a", "seen zqxjkvbnm in clinic");
  record.demographics.identifiers.push_back({PhiClass::kOtherId, PhiText("zqxjkvbnm")});
  const Outcome outcome = run_on({record}, "{detector: {known: false}}");
  ASSERT_EQ(outcome.aside.size(), 1u);
  EXPECT_EQ(outcome.aside[0].reason, "residual_identifier");
  EXPECT_EQ(outcome.aside[0].detail, "class: OTHER_ID");
}

TEST(Run, EqualRunsGiveEqualBytesAndTheCrosswalkCarriesOver) {
  const std::vector<ingest::RawRecord> records{note("1", "a", kText), note("2", "b", kText),
                                               note("3", "a", kText)};
  const Outcome first = run_on(records);
  const Outcome second = run_on(records);
  ASSERT_EQ(first.clean.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(to_json_line(first.clean[i]), to_json_line(second.clean[i]));
  EXPECT_EQ(first.state, second.state);
  EXPECT_EQ(first.certificate, second.certificate);
  // The same patient reads alike in each record, another patient differs.
  EXPECT_EQ(first.clean[0].text.str(), first.clean[2].text.str());
  EXPECT_EQ(first.clean[0].patient, first.clean[2].patient);
  EXPECT_NE(first.clean[0].text.str(), first.clean[1].text.str());
  EXPECT_NE(first.clean[0].patient, first.clean[1].patient);
  const Outcome later = run_on({records[1]}, "{}", first.state);
  EXPECT_EQ(to_json_line(later.clean[0]), to_json_line(first.clean[1]));
}

TEST(Run, ResourcesKeepCodesAndLoseWhoItIs) {
  ingest::RawRecord record = note("1", "pat-1", "");
  record.kind = ingest::RecordKind::kResource;
  record.resource_type = "Patient";
  record.structured = PhiText(
      R"({"resourceType":"Patient","id":"pat-1","name":[{"family":"Abernathy","given":["Ruth"]}],"telecom":[{"system":"phone","value":"(503) 537-0751"}],)"
      R"("address":[{"line":["12 Elm Street"],"city":"Moberly","state":"MO","postalCode":"65270"}],"birthDate":"1971-03-14","gender":"female",)"
      R"("identifier":[{"system":"urn:x","value":"4417290"}],"text":{"status":"generated","div":"<div>Ruth</div>"},"extension":[{"url":"u","valueString":"Ruth"}],)"
      R"("generalPractitioner":[{"reference":"Practitioner/77","display":"Dr. Ann Lee"}],"maritalStatus":{"coding":[{"system":"s","code":"M","display":"Married"}]}})");
  const Outcome outcome = run_on({record}, "{policy: {preset: expert-determination}}");
  ASSERT_EQ(outcome.clean.size(), 1u);
  const std::string& json = outcome.clean[0].structured.str();
  for (const char* gone : {"Abernathy", "Ruth", "537-0751", "Elm", "65270", "1971-03-14", "4417290",
                           "Ann Lee", "pat-1", "/77"})
    EXPECT_THAT(json, Not(HasSubstr(gone)));
  for (const char* kept : {"\"Married\"", "\"MO\"", "\"female\"", "\"652\"", "Practitioner/i-"})
    EXPECT_THAT(json, HasSubstr(kept));
  EXPECT_THAT(json, HasSubstr(outcome.clean[0].patient));
}

TEST(Run, RowsGoByTheirColumns) {
  ingest::RawRecord record = note("1", "x", "");
  record.kind = ingest::RecordKind::kRow;
  record.structured = PhiText(
      R"({"patient_id":"x","family_name":"Abernathy","dose":"500 mg","comment":"call (503) 537-0751","age":44})");
  const Outcome outcome = run_on({record});
  ASSERT_EQ(outcome.clean.size(), 1u);
  EXPECT_THAT(outcome.clean[0].structured.str(),
              ::testing::AllOf(Not(HasSubstr("Abernathy")), Not(HasSubstr("537-0751")),
                               HasSubstr("500 mg"), HasSubstr(outcome.clean[0].patient)));
}

TEST(Run, RowsGoByThePolicysFields) {
  ingest::RawRecord record = note("1", "x", "");
  record.kind = ingest::RecordKind::kRow;
  record.structured = PhiText(
      R"({"chart_no":4417290123,"mrn":551234987,"visit":{"note":"saw Dr. Abernathy","who":["Ruth Quill"],"lab":{"k":4.1}},)"
      R"("flags":{"a":"Abernathy"},"deep":{"er":{"contact":"call 5035370751"}},"list":["(503) 537-0751",[7]],"ok":true})");
  const Outcome outcome = run_on({record},
                                 "{policy: {fields: {chart_no: MRN, visit.who: PATIENT_NAME, "
                                 "flags: drop, '**.contact': PHONE}}}");
  ASSERT_EQ(outcome.clean.size(), 1u);
  const std::string& json = outcome.clean[0].structured.str();
  for (const char* gone :
       {"4417290123", "551234987", "Abernathy", "Ruth", "Quill", "flags", "5035370751", "537-0751"})
    EXPECT_THAT(json, Not(HasSubstr(gone))) << gone;
  EXPECT_THAT(json, ::testing::AllOf(HasSubstr("4.1"), HasSubstr("\"ok\":true"), HasSubstr("[7]")));
}

TEST(Policy, FieldsThatAreKeptLeaveOnlyAnExpert) {
  EXPECT_EQ(options_of("{policy: {fields: {a: MRN, b: text}}}").policy.method(), "safe_harbor");
  EXPECT_EQ(options_of("{policy: {fields: {a: keep}}}").policy.method(), "expert_determination");
  for (const char* bad : {"{policy: {fields: {a: NAME}}}", "{policy: {fields: {a..b: MRN}}}",
                          "{policy: {fields: {'**.a.**': MRN}}}", "{policy: {fields: [a]}}"})
    EXPECT_FALSE(DeidOptions::from_config(ConfigNode::parse(bad, "r").value()).ok()) << bad;
}

TEST(Policy, TheMethodIsComputedFromTheActions) {
  EXPECT_EQ(options_of("{}").policy.method(), "safe_harbor");
  EXPECT_EQ(options_of("{policy: {preset: limited-data-set}}").policy.method(), "limited_data_set");
  EXPECT_EQ(options_of("{policy: {preset: expert-determination}}").policy.method(),
            "expert_determination");
  EXPECT_EQ(options_of("{policy: {classes: {DATE: date_shift}}}").policy.method(),
            "expert_determination");
  EXPECT_EQ(options_of("{policy: {classes: {ssn: keep}}}").policy.method(), "expert_determination");
  EXPECT_FALSE(
      DeidOptions::from_config(ConfigNode::parse("{policy: {classes: {NAME: keep}}}", "r").value())
          .ok());
  EXPECT_FALSE(DeidOptions::from_config(
                   ConfigNode::parse("{policy: {classes: {SSN: date_shift}}}", "r").value())
                   .ok());
  EXPECT_FALSE(DeidOptions::from_config(ConfigNode::parse("{polcy: {}}", "r").value()).ok());
}

TEST(DateChange, KeepsTheFormAndTheInterval) {
  EXPECT_EQ(shift_date("03/14/2021", 20, 2021), "04/03/2021");
  EXPECT_EQ(shift_date("5/14/21", 1, 2021), "5/15/21");
  EXPECT_EQ(shift_date("2021-12-31T23:10", 1, 2021), "2022-01-01T23:10");
  EXPECT_EQ(shift_date("March 6, 2021", 26, 2021), "April 1, 2021");
  EXPECT_EQ(shift_date("Jan. 1st, '21", 1, 2021), "Jan. 2nd, '21");
  EXPECT_EQ(shift_date("07-Sep-2020", -7, 2021), "31-Aug-2020");
  EXPECT_EQ(shift_date("20210304", 1, 2021), "20210305");
  EXPECT_EQ(shift_date("FEBRUARY 28, 2020", 1, 2021), "FEBRUARY 29, 2020");
  EXPECT_EQ(shift_date("Thanksgiving", 5, 2021), std::nullopt);
  EXPECT_EQ(year_of("12/11/86", 2021), 1986);
}

TEST(Crosswalk, RefusesAnotherSecretAndDamage) {
  Crosswalk crosswalk = Crosswalk::open(kSecret, "").value();
  static_cast<void>(crosswalk.patient("a").pseudonym());
  EXPECT_FALSE(Crosswalk::open("short", "").ok());
  EXPECT_FALSE(Crosswalk::open(std::string(32, 'z'), crosswalk.state()).ok());
  EXPECT_FALSE(Crosswalk::open(kSecret, "{}").ok());
  EXPECT_FALSE(Crosswalk::open(kSecret, "nonsense").ok());
  const int offset = crosswalk.patient("a").offset_days();
  EXPECT_TRUE(offset != 0 && offset >= -365 && offset <= 365);
}

TEST(Surrogate, IsNeverARealNameOfTheSamePatient) {
  Crosswalk crosswalk = Crosswalk::open(kSecret, "").value();
  PatientCode& plain = crosswalk.patient("a");
  const std::string first = surrogate(PhiClass::kPatientName, "Okonkwo", "male", plain);
  plain.avoid(to_lower(first));
  const std::string second = surrogate(PhiClass::kPatientName, "Okonkwo", "male", plain);
  EXPECT_NE(first, second);
  EXPECT_EQ(second, surrogate(PhiClass::kPatientName, "Okonkwo", "male", plain));
}

TEST(Waiver, NamesAPersonAndAReason) {
  EXPECT_TRUE(waive("text", {"A Person", "public"}).ok());
  EXPECT_FALSE(waive("text", {" ", "public"}).ok());
  EXPECT_FALSE(waive("text", {"A Person", ""}).ok());
}

TEST(CleanRecord, ALineIsReadBackAndNeedsSomeoneToVouchForIt) {
  const Outcome outcome = run_on({note("1", "a", kText)});
  const std::string line = to_json_line(outcome.clean[0]);
  EXPECT_EQ(to_json_line(clean_record_from_json_line(line, "digest").value()), line);
  EXPECT_FALSE(clean_record_from_json_line(line, "").ok());
  EXPECT_FALSE(clean_record_from_json_line("{}", "digest").ok());
}

}  // namespace
}  // namespace residency::deid
