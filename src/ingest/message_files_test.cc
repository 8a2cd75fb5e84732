// HL7 v2 files, C-CDA files and rosters, together with FHIR.
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "ingest/cda/document.h"
#include "ingest/hl7v2/message.h"
#include "ingest/ingest.h"

namespace residency::ingest {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class Kept final : public RecordSink, public QuarantineSink {
 public:
  Result<void> accept(const RawRecord& record) override {
    records.push_back(record);
    return {};
  }
  Result<void> reject(const QuarantineEntry& entry) override {
    entries.push_back(entry);
    return {};
  }
  std::vector<const RawRecord*> of(RecordKind kind) const {
    std::vector<const RawRecord*> found;
    for (const RawRecord& record : records)
      if (record.kind == kind) found.push_back(&record);
    return found;
  }
  std::vector<RawRecord> records;
  std::vector<QuarantineEntry> entries;
};

class MessageFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = (std::filesystem::temp_directory_path() /
             fmt::format("message_files_{}_{}", ::getpid(), info->name()))
                .string();
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void write(const std::string& name, std::string_view bytes) const {
    ASSERT_TRUE(Env::posix().write_file_atomic(root_ + "/" + name, bytes).ok());
  }
  Kept read(const std::string& yaml = "") const {
    const std::string recipe = yaml.empty()
                                   ? fmt::format("{{sources: [{{path: {}}}]}}", root_)
                                   : fmt::format(fmt::runtime(yaml), fmt::arg("root", root_));
    const auto options = IngestOptions::from_config(ConfigNode::parse(recipe, "r").value());
    EXPECT_TRUE(options.ok());
    Kept kept;
    NoProgress progress;
    const auto report = run(Env::posix(), *options, kept, kept, progress);
    EXPECT_TRUE(report.ok()) << report.error().message();
    return kept;
  }
  std::string root_;
};

bool knows(const RawRecord& record, PhiClass phi_class, std::string_view value) {
  for (const KnownIdentifier& one : record.demographics.identifiers)
    if (one.phi_class == phi_class && one.value.reveal() == value) return true;
  return false;
}

const std::string kAdt =
    "MSH|^~\\&|ADT|MERCY|EHR|M|20240308||ADT^A01|1|P|2.5.1\r\n"
    "PID|1||4417290^^^M^MR||Lindqvist^Maja||19610402|F|||12 Elm Street^^Moberly^MO^65270\r\n"
    "PV1|1|I|4E||||||||||||||||V7781\r\n"
    "DG1|1||I10^Essential hypertension^I10\r\n";
const std::string kMdm =
    "MSH|^~\\&|MDM|MERCY|EHR|M|20240309||MDM^T02|2|P|2.5.1\r"
    "PID|1||4417290^^^M^MR\r"
    "TXA|1|Discharge summary|FT\r"
    "OBX|1|FT|1^Text||HOSPITAL COURSE\\.br\\Mild \\T\\ stable\r"
    "OBX|2|TX|1^Text||Home today~Follow up\r";

TEST_F(MessageFiles, MessagesOfAFileBecomeRecordsAndNotes) {
  write("feed.hl7", "FHS|^~\\&|x\r" + kAdt + "\x0B" + kMdm + "\x1C\r");
  const Kept kept = read();
  EXPECT_TRUE(kept.entries.empty());
  const auto messages = kept.of(RecordKind::kMessage);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0]->resource_type, "ADT_A01");
  EXPECT_EQ(messages[0]->patient_key.reveal(), "4417290");
  EXPECT_EQ(messages[0]->encounter_key.reveal(), "V7781");
  EXPECT_EQ(messages[0]->source.line, 2u);
  ASSERT_EQ(messages[0]->codes.size(), 1u);
  EXPECT_EQ(messages[0]->codes[0].code, "I10");
  const auto notes = kept.of(RecordKind::kNote);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0]->text.reveal(), "HOSPITAL COURSE\nMild & stable\nHome today\nFollow up\n");
  EXPECT_EQ(notes[0]->note_type, "discharge_summary");
  // The second message says nothing of the name: the first does.
  EXPECT_TRUE(knows(*notes[0], PhiClass::kPatientName, "Maja Lindqvist"));
  EXPECT_TRUE(knows(*notes[0], PhiClass::kStreet, "12 Elm Street"));
  EXPECT_EQ(notes[0]->demographics.birth_date.reveal(), "1961-04-02");
}

TEST_F(MessageFiles, APatientIsOneOverFhirMessagesDocumentsRowsAndNotes) {
  write(
      "patient.json",
      R"({"resourceType":"Patient","id":"p1","name":[{"family":"Lindqvist","given":["Maja"]}],"identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"4417290"}]})");
  write("feed.hl7", kMdm);
  write(
      "summary.xml",
      R"(<ClinicalDocument xmlns="urn:hl7-org:v3"><code code="18842-5" codeSystem="2.16.840.1.113883.6.1"/><recordTarget><patientRole><id root="1.2.3" extension="4417290"/><patient><guardian><guardianPerson><name><given>Sven</given><family>Lindqvist</family></name></guardianPerson></guardian></patient></patientRole></recordTarget><component><structuredBody><component><section><title>Plan</title><text><list><item>Rest</item><item>Fluids</item></list></text></section></component></structuredBody></component></ClinicalDocument>)");
  write("notes.csv", "patient_id,text\n4417290,Seen at home\n");
  const Kept kept = read();
  EXPECT_TRUE(kept.entries.empty());
  ASSERT_EQ(kept.records.size(), 6u);
  for (const RawRecord& record : kept.records) {
    EXPECT_EQ(record.patient_key.reveal(), "p1");
    EXPECT_TRUE(knows(record, PhiClass::kPatientName, "Maja Lindqvist"));
  }
  const auto notes = kept.of(RecordKind::kNote);
  bool told = false;
  for (const RawRecord* note : notes) {
    if (note->resource_type != "ClinicalDocument") continue;
    told = true;
    EXPECT_EQ(note->text.reveal(), "Plan\nRest\nFluids");
    EXPECT_EQ(note->note_type, "discharge_summary");
    EXPECT_TRUE(knows(*note, PhiClass::kRelativeName, "Sven Lindqvist"));
  }
  EXPECT_TRUE(told);
}

TEST_F(MessageFiles, ARosterTellsOfThePatientsOfNotes) {
  write("people.csv",
        "patient_id,first_name,last_name,dob,sex,mrn\n77,Maja,Lindqvist,1961-04-02,F,AB99\n"
        ",Nobody,Known,,,\n");
  std::filesystem::create_directories(root_ + "/notes/77");
  write("notes/77/a.txt", "She came late.");
  const Kept kept = read(
      "{{sources: [{{path: {root}/people.csv, roster: true}}, {{path: {root}/notes, format: notes, "
      "patient_from: folder}}]}}");
  ASSERT_EQ(kept.records.size(), 1u);
  EXPECT_TRUE(knows(kept.records[0], PhiClass::kPatientName, "Maja Lindqvist"));
  EXPECT_TRUE(knows(kept.records[0], PhiClass::kMrn, "AB99"));
  EXPECT_EQ(kept.records[0].demographics.gender, "female");
  EXPECT_EQ(kept.records[0].demographics.birth_date.reveal(), "1961-04-02");
  ASSERT_EQ(kept.entries.size(), 1u);
  EXPECT_EQ(kept.entries[0].source.line, 3u);
}

TEST_F(MessageFiles, WhatIsNoMessageOrDocumentIsSetAside) {
  write("a.hl7", "PID|1||secret\r" + kAdt + "MSH|^^^^|x\rMSH|^~\\&|A\rlower|x\r");
  write("b.xml", "<ClinicalDocument><a></b></ClinicalDocument>");
  write("c.xml", "<html/>");
  std::string deep = "<ClinicalDocument>";
  for (int i = 0; i < 5000; ++i) deep += "<a>";
  write("d.xml", deep);
  std::string closed = deep;
  for (int i = 0; i < 5000; ++i) closed += "</a>";
  write("e.xml", closed + "</ClinicalDocument>");
  const Kept kept = read();
  EXPECT_EQ(kept.of(RecordKind::kMessage).size(), 1u);
  EXPECT_TRUE(kept.of(RecordKind::kDocument).empty());
  std::size_t bad_hl7 = 0;
  std::size_t bad_xml = 0;
  for (const QuarantineEntry& entry : kept.entries) {
    bad_hl7 += entry.reason == QuarantineReason::kBadHl7 ? 1 : 0;
    bad_xml += entry.reason == QuarantineReason::kBadXml ? 1 : 0;
    EXPECT_THAT(entry.detail, Not(HasSubstr("secret")));
  }
  EXPECT_EQ(bad_hl7, 3u);
  EXPECT_EQ(bad_xml, 4u);
}

TEST(Hl7, EscapesGoBothWays) {
  const Hl7Delimiters delimiters;
  const std::string text = "a|b^c&d~e\\f\ng";
  EXPECT_EQ(hl7_unescape(hl7_escape(text, delimiters), delimiters), text);
  EXPECT_EQ(hl7_unescape("5 \\X41\\ \\H\\bold\\N\\ 3\\4", delimiters), "5 A bold 3\\4");
}

TEST(Hl7, AMessageIsWrittenAsItWasRead) {
  const std::string text = "MSH|^~\\&|A|B\rPID|1||77^^^M\r";
  EXPECT_EQ(to_er7(parse_hl7(text).value()), text);
}

TEST(Cda, NoEntityIsExpanded) {
  const auto document = parse_cda(
      "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><ClinicalDocument>&a;</"
      "ClinicalDocument>");
  ASSERT_TRUE(document.ok());
  EXPECT_THAT(to_xml(**document), Not(HasSubstr("root:")));
}

}  // namespace
}  // namespace residency::ingest
