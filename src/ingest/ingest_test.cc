#include "ingest/ingest.h"

#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <unistd.h>

#include "ingest/base64.h"

namespace residency::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Kept final : public RecordSink, public QuarantineSink {
 public:
  Result<void> accept(const RawRecord& record) override {
    lines += to_json_line(record).reveal() + "\n";
    records.push_back(record);
    return {};
  }
  Result<void> reject(const QuarantineEntry& entry) override {
    entries.push_back(entry);
    return {};
  }
  const RawRecord* note(std::size_t index = 0) const {
    for (const RawRecord& record : records) {
      if (record.kind == RecordKind::kNote && index-- == 0) return &record;
    }
    return nullptr;
  }
  std::vector<RawRecord> records;
  std::vector<QuarantineEntry> entries;
  std::string lines;
};

class IngestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = (std::filesystem::temp_directory_path() /
             fmt::format("ingest_test_{}_{}", ::getpid(), info->name()))
                .string();
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name, std::string_view bytes) {
    const std::string path = root_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    ASSERT_TRUE(Env::posix().write_file_atomic(path, bytes).ok());
  }
  Result<IngestReport> ingest(IngestOptions options, Kept& kept) {
    NoProgress progress;
    return run(Env::posix(), options, kept, kept, progress);
  }
  Result<IngestReport> ingest(Kept& kept, const std::string& format = "auto") {
    return ingest(options_for(root_, format), kept);
  }
  static IngestOptions options_for(const std::string& path, const std::string& format = "auto") {
    IngestOptions options;
    SourceOptions source;
    source.path = path;
    source.format = format;
    options.sources.push_back(source);
    return options;
  }

  std::string root_;
};

const std::string kPatient =
    R"({"resourceType":"Patient","id":"p1","name":[{"family":"Lindqvist","given":["Maja"]}],)"
    R"("gender":"female","birthDate":"1961-04-02","identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"MRN-7781"}]})";

std::string document(const std::string& data, const std::string& id = "d1",
                     const std::string& content_type = "text/plain") {
  return fmt::format(
      R"({{"resourceType":"DocumentReference","id":"{}","subject":{{"reference":"Patient/p1"}},)"
      R"("type":{{"coding":[{{"system":"http://loinc.org","code":"18842-5"}}]}},)"
      R"("context":{{"encounter":[{{"reference":"Encounter/e1"}}]}},)"
      R"("content":[{{"attachment":{{"contentType":"{}","data":"{}"}}}}]}})",
      id, content_type, data);
}

bool knows(const RawRecord& record, PhiClass phi_class, const std::string& value) {
  for (const KnownIdentifier& known : record.demographics.identifiers) {
    if (known.phi_class == phi_class && known.value.reveal() == value) return true;
  }
  return false;
}

TEST_F(IngestTest, NoteCarriesItsPatientAndItsEncountersCodes) {
  // Files sort before the ones they need: DocumentReference stands before Patient.
  write("DocumentReference.ndjson", document(encode_base64("Seen today.")) + "\n");
  write("Condition.ndjson",
        R"({"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},)"
        R"("encounter":{"reference":"Encounter/e1"},"code":{"coding":[{"system":)"
        R"("http://hl7.org/fhir/sid/icd-10-cm","code":"I10","display":"Hypertension"}]}})"
        "\n");
  write("MedicationRequest.ndjson",
        R"({"resourceType":"MedicationRequest","id":"m1","subject":{"reference":"Patient/p1"},)"
        R"("encounter":{"reference":"Encounter/e1"},"medicationCodeableConcept":{"coding":)"
        R"([{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"29046"}]}})"
        "\n");
  write("Patient.ndjson", kPatient + "\n");
  Kept kept;
  const auto report = ingest(kept);
  ASSERT_TRUE(report.ok()) << report.error().message();
  const RawRecord* note = kept.note();
  ASSERT_NE(note, nullptr);
  EXPECT_EQ(note->text.reveal(), "Seen today.");
  EXPECT_EQ(note->note_type, "discharge_summary");
  EXPECT_EQ(note->patient_key.reveal(), "p1");
  EXPECT_EQ(note->encounter_key.reveal(), "e1");
  EXPECT_EQ(note->demographics.birth_date.reveal(), "1961-04-02");
  EXPECT_TRUE(knows(*note, PhiClass::kPatientName, "Maja Lindqvist"));
  EXPECT_TRUE(knows(*note, PhiClass::kMrn, "MRN-7781"));
  ASSERT_EQ(note->codes.size(), 1u);
  EXPECT_EQ(note->codes[0].code, "I10");
  ASSERT_EQ(note->medications.size(), 1u);
  EXPECT_EQ(report->records, 5u);
  EXPECT_EQ(report->patients, 1u);
  // The attachment's text is in the note and not once more in the resource.
  EXPECT_THAT(kept.lines, Not(HasSubstr(encode_base64("Seen today."))));
}

TEST_F(IngestTest, UrnReferencesResolveAcrossBundles) {
  write(
      "a.json",
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:9","resource":)"
      R"({"resourceType":"Patient","id":"p9","name":[{"family":"Okafor"}]}},{"fullUrl":"urn:uuid:8",)"
      R"("resource":{"resourceType":"Encounter","id":"e8","subject":{"reference":"urn:uuid:9"},)"
      R"("participant":[{"individual":{"reference":"urn:uuid:7"}}]}},{"resource":{"resourceType":)"
      R"("DiagnosticReport","id":"r","encounter":{"reference":"urn:uuid:8"},"performer":[{"reference":)"
      R"("Practitioner?identifier=http://npi|55"}],"presentedForm":[{"contentType":"text/html","data":")" +
          encode_base64("<p>One &amp; two</p><p>three</p>") + R"("}]}}]})");
  write(
      "b.json",
      R"({"resourceType":"Bundle","type":"batch","entry":[{"fullUrl":"urn:uuid:7","resource":)"
      R"({"resourceType":"Practitioner","id":"x7","name":[{"family":"Abara"}]}},{"resource":)"
      R"({"resourceType":"Practitioner","id":"x5","identifier":[{"system":"http://npi","value":"55"}],)"
      R"("name":[{"family":"Ivers"}]}}]})");
  Kept kept;
  const auto report = ingest(kept, "fhir_bundle");
  ASSERT_TRUE(report.ok()) << report.error().message();
  const RawRecord* note = kept.note();
  ASSERT_NE(note, nullptr);
  EXPECT_EQ(note->text.reveal(), "One & two\nthree");
  EXPECT_EQ(note->patient_key.reveal(), "p9");  // by the encounter
  EXPECT_EQ(note->encounter_key.reveal(), "e8");
  EXPECT_TRUE(knows(*note, PhiClass::kClinicianName, "Abara"));
  EXPECT_EQ(report->references_unresolved, 0u);
}

TEST_F(IngestTest, TruncatedBundleIsSetAsideAndTheRestGoesOn) {
  write("bad.json", R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceT)");
  write("good.json", kPatient);
  Kept kept;
  const auto report = ingest(kept);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->records, 1u);
  ASSERT_EQ(kept.entries.size(), 1u);
  EXPECT_EQ(kept.entries[0].reason, QuarantineReason::kTruncatedJson);
  EXPECT_THAT(kept.entries[0].detail, HasSubstr("byte 72"));
}

TEST_F(IngestTest, BrokenLineIsSetAsideByItsNumber) {
  write("all.ndjson", kPatient + "\n{\"resourceType\":\"Pat\n" + document("!!!!", "d2") +
                          "\r\n[]\n" + std::string(300, '[') + "\n{\"a\":1}\n");
  Kept kept;
  const auto report = ingest(kept);
  ASSERT_TRUE(report.ok()) << report.error().message();
  ASSERT_EQ(kept.entries.size(), 5u);
  EXPECT_EQ(kept.entries[0].source.line, 2u);
  EXPECT_EQ(kept.entries[0].reason, QuarantineReason::kTruncatedJson);
  EXPECT_EQ(kept.entries[1].source.line, 3u);
  EXPECT_EQ(kept.entries[1].reason, QuarantineReason::kBadBase64);
  EXPECT_EQ(kept.entries[1].field, "content[0].attachment.data");
  EXPECT_EQ(kept.entries[1].id_digest.size(), 16u);
  EXPECT_EQ(kept.entries[2].reason, QuarantineReason::kNotFhir);
  EXPECT_EQ(kept.entries[4].source.line, 6u);
  EXPECT_EQ(report->seen, 7u);  // Patient, DocumentReference, its attachment, four bad lines
  EXPECT_EQ(report->records, 2u);
  EXPECT_EQ(report->quarantined, 5u);
}

TEST_F(IngestTest, SameIdIsKeptOnceAndOtherContentIsSetAside) {
  write("a.ndjson", kPatient + "\n" + kPatient + "\n" +
                        R"({"resourceType":"Patient","id":"p1","gender":"male"})" + "\n");
  Kept kept;
  const auto report = ingest(kept);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->records, 1u);
  EXPECT_EQ(report->skipped_by_reason.at("duplicate"), 1u);
  EXPECT_EQ(report->quarantined_by_reason.at("duplicate_id"), 1u);
}

TEST_F(IngestTest, AttachmentInABinaryOfTheSameBundleIsItsNote) {
  const std::string binary =
      R"({"fullUrl":"urn:uuid:b","resource":{"resourceType":"Binary","id":"b",)"
      R"("contentType":"text/plain","data":")" +
      encode_base64("From the binary.") + R"("}})";
  const std::string reference =
      R"({"resource":{"resourceType":"DocumentReference","id":"d","content":)"
      R"([{"attachment":{"url":"Binary/b"}},{"attachment":{"url":"Binary/none"}},)"
      R"({"attachment":{"url":"https://elsewhere.example/x.pdf"}},)"
      R"({"attachment":{"contentType":"application/pdf","data":"AAAA"}}]}})";
  write("x.json", R"({"entry":[)" + binary + "," + reference + R"(],"resourceType":"Bundle"})");
  Kept kept;
  const auto report = ingest(kept);
  ASSERT_TRUE(report.ok());
  ASSERT_NE(kept.note(), nullptr);
  EXPECT_EQ(kept.note()->text.reveal(), "From the binary.");
  EXPECT_EQ(report->skipped_by_reason.at("used_by_other"), 1u);
  EXPECT_EQ(report->skipped_by_reason.at("elsewhere"), 1u);
  EXPECT_EQ(report->quarantined_by_reason.at("unresolved_reference"), 1u);
  EXPECT_EQ(report->quarantined_by_reason.at("unsupported_content_type"), 1u);
}

TEST_F(IngestTest, CsvRowsWithQuotesNewlinesAndMarkAreNotes) {
  write("notes.csv",
        "\xef\xbb\xbfnote_id,patient_id,note_type,text\r\n"
        "1,p1,progress,\"He said \"\"ow\"\",\r\nthen left\"\r\n"
        "2,p1,progress,\"open\" tail\r\n"
        "3,p1,progress\r\n"
        "4,p1,radiology,Clear.\r\n"
        "5,p2,progress,\r\n"
        "6,p2,progress,caf\xe9\r\n"
        "7,p2,progress,\"never closed\r\n"
        "8,p2,ed_triage,Last.");
  Kept kept;
  const auto report = ingest(kept);
  ASSERT_TRUE(report.ok()) << report.error().message();
  ASSERT_EQ(report->records, 3u);
  EXPECT_EQ(kept.records[0].text.reveal(), "He said \"ow\",\r\nthen left");
  EXPECT_EQ(kept.records[0].source.line, 2u);
  EXPECT_EQ(kept.records[0].note_type, "progress_note");
  EXPECT_EQ(kept.records[1].source.line, 6u);
  EXPECT_EQ(kept.records[2].text.reveal(), "Last.");
  EXPECT_EQ(report->quarantined_by_reason.at("bad_csv_row"), 3u);
  EXPECT_EQ(report->quarantined_by_reason.at("missing_field"), 1u);
  EXPECT_EQ(report->quarantined_by_reason.at("bad_utf8"), 1u);
  EXPECT_EQ(report->seen, 8u);
}

TEST_F(IngestTest, NamedColumnThatIsNotThereIsAClearReason) {
  write("notes.csv", "a,b\n1,2\n");
  IngestOptions options = options_for(root_);
  options.sources[0].columns.text = "body";
  Kept kept;
  ASSERT_TRUE(ingest(options, kept).ok());
  ASSERT_EQ(kept.entries.size(), 2u);
  EXPECT_EQ(kept.entries[0].field, "body");
  EXPECT_EQ(kept.entries[0].reason, QuarantineReason::kMissingField);
}

TEST_F(IngestTest, PlainNotesTakeEncodingAndPatientFromOptions) {
  write("p7/one.txt", "caf\xe9");
  write("p7/two.html", "<h1>Plan</h1><ul><li>rest</ul>");
  write("p8/empty.txt", "");
  IngestOptions options = options_for(root_, "notes");
  options.sources[0].encoding = "latin1";
  options.sources[0].patient_from = "folder";
  options.sources[0].note_type = "progress";
  Kept kept;
  const auto report = ingest(options, kept);
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(kept.records.size(), 2u);
  EXPECT_EQ(kept.records[0].text.reveal(), "café");
  EXPECT_EQ(kept.records[0].patient_key.reveal(), "p7");
  EXPECT_EQ(kept.records[1].text.reveal(), "Plan\n- rest");
  EXPECT_EQ(report->quarantined_by_reason.at("empty_file"), 1u);
}

TEST_F(IngestTest, FolderWithNothingToReadSaysWhatWasLookedFor) {
  write("picture.png", "x");
  Kept kept;
  const auto report = ingest(kept, "fhir_ndjson");
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(report.error().message(), HasSubstr("*.ndjson"));
  EXPECT_EQ(ingest(options_for(root_ + "/none"), kept).error().code(), ErrorCode::kNotFound);
}

TEST_F(IngestTest, LinksAreNotFollowed) {
  write("in/a.ndjson", kPatient + "\n");
  write("out/b.ndjson", R"({"resourceType":"Patient","id":"p2"})");
  std::filesystem::create_directory_symlink(root_ + "/in", root_ + "/in/loop");
  std::filesystem::create_symlink(root_ + "/out/b.ndjson", root_ + "/in/b.ndjson");
  Kept kept;
  const auto report = ingest(options_for(root_ + "/in"), kept);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->records, 1u);
  EXPECT_EQ(report->links_not_followed, 2u);
}

TEST_F(IngestTest, LinesAndTextsPastTheLimitAreSetAside) {
  IngestOptions options = options_for(root_);
  options.limits.line_bytes_max = 2048;
  options.limits.text_bytes_max = 1024;
  const std::string at_bound = document(encode_base64(std::string(1024, 'x')), "d1");
  const std::string past = document(encode_base64(std::string(1025, 'x')), "d2");
  ASSERT_LE(past.size(), 2048u);
  write("a.ndjson", at_bound + "\n" + past + "\n" + std::string(2049, ' ') + "x\n" + kPatient);
  Kept kept;
  const auto report = ingest(options, kept);
  ASSERT_TRUE(report.ok());
  ASSERT_NE(kept.note(0), nullptr);
  EXPECT_EQ(kept.note(1), nullptr);
  EXPECT_EQ(report->quarantined_by_reason.at("too_large"), 2u);
  EXPECT_EQ(report->records_by_resource_type.at("Patient"), 1u);
}

TEST_F(IngestTest, RecordAndEntryRoundTripThroughTheirLines) {
  write("a.ndjson", kPatient + "\n" + document(encode_base64("Text \xe2\x82\xac")) + "\n\xff\n");
  Kept kept;
  ASSERT_TRUE(ingest(kept).ok());
  ASSERT_EQ(kept.records.size(), 3u);
  for (const RawRecord& record : kept.records) {
    const PhiText line = to_json_line(record);
    const auto back = raw_record_from_json_line(line);
    ASSERT_TRUE(back.ok()) << back.error().message();
    EXPECT_EQ(to_json_line(back.value()).reveal(), line.reveal());
    EXPECT_EQ(line.reveal().find('\n'), std::string::npos);
  }
  ASSERT_EQ(kept.entries.size(), 1u);
  const auto back = quarantine_entry_from_json_line(to_json_line(kept.entries[0]));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->raw.reveal(), "\xff");
  EXPECT_EQ(back->reason, QuarantineReason::kBadUtf8);
  EXPECT_FALSE(raw_record_from_json_line(PhiText("{}")).ok());
  EXPECT_FALSE(quarantine_entry_from_json_line(PhiText("{\"reason\":\"x\"}")).ok());
}

TEST_F(IngestTest, EqualInputsGiveEqualBytes) {
  write("b.ndjson", kPatient + "\n");
  write("a.ndjson", document(encode_base64("One.")) + "\n");
  Kept first;
  Kept second;
  ASSERT_TRUE(ingest(first).ok());
  ASSERT_TRUE(ingest(second).ok());
  EXPECT_EQ(first.lines, second.lines);
  EXPECT_EQ(first.records[0].resource_type, "DocumentReference");
}

TEST_F(IngestTest, OptionsAreStrict) {
  const auto node = ConfigNode::parse(
      "sources: [{path: x, format: csv, columns: {text: body, identifiers: {name: "
      "PATIENT_NAME}}}]\nlimits: {line_bytes_max: 4096}\n",
      "r.yaml");
  ASSERT_TRUE(node.ok());
  const auto options = IngestOptions::from_config(node.value());
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->sources[0].columns.identifiers.at("name"), PhiClass::kPatientName);
  EXPECT_EQ(options->limits.line_bytes_max, 4096u);
  const auto bad = IngestOptions::from_config(
      ConfigNode::parse("sources: [{path: x, formt: csv, columns: {identifiers: {a: B}}}]\nx: 1\n",
                        "r.yaml")
          .value());
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message(), HasSubstr("formt"));
  EXPECT_THAT(bad.error().message(), HasSubstr("PHI class"));
  EXPECT_FALSE(IngestOptions::from_config(ConfigNode()).ok());
}

TEST(SafeFileLabel, ShowsOnlyHarmlessNames) {
  EXPECT_EQ(safe_file_label("x/Patient.ndjson"), "Patient.ndjson");
  EXPECT_EQ(safe_file_label("DocumentReference.000.ndjson.gz"), "DocumentReference.000.ndjson.gz");
  EXPECT_EQ(safe_file_label("notes_part-2.csv"), "notes_part-2.csv");
  EXPECT_THAT(safe_file_label("Antonia30_Ruelas156_fe07.json"),
              ::testing::MatchesRegex("file-[0-9a-f]+\\.json"));
  EXPECT_THAT(safe_file_label("note_1234567.txt"), ::testing::MatchesRegex("file-[0-9a-f]+\\.txt"));
  EXPECT_NE(safe_file_label("a/Smith.txt"), safe_file_label("b/Smith.txt"));
  EXPECT_THAT(safe_file_label("x.Smith"), Not(HasSubstr("Smith")));
}

class RealDataTest : public IngestTest {
 protected:
  static std::string shared() { return RESIDENCY_SHARED_DATA; }
};

TEST_F(RealDataTest, EverySyntheaResourceIsAccountedFor) {
  const std::string folder = shared() + "/fhir";
  if (!std::filesystem::exists(folder)) GTEST_SKIP();
  IngestOptions options = options_for(folder + "/synthea_r4", "fhir_bundle");
  options.sources.push_back(
      options_for(folder + "/synthea_r4_documents", "fhir_bundle").sources[0]);
  Kept kept;
  const auto report = ingest(options, kept);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->files.size(), 37u);
  EXPECT_EQ(report->patients, 35u);
  EXPECT_EQ(report->seen, 12277u + 2 * 481u);  // resources and attachments
  EXPECT_EQ(report->records_by_kind.at("note"), 962u);
  EXPECT_EQ(report->references_unresolved, 0u);
  for (const RawRecord& record : kept.records) {
    EXPECT_TRUE(record.kind != RecordKind::kNote || !record.patient_key.empty());
  }
  for (const FileReport& file : report->files) {
    EXPECT_THAT(file.label, HasSubstr("file-"));
  }
  // Organizations and practitioners stand in many bundles, some with other counts of visits.
  EXPECT_EQ(report->skipped, 30u);
  EXPECT_EQ(report->quarantined, 28u);
}

TEST_F(RealDataTest, EveryMtsamplesLineIsAccountedFor) {
  const std::string file = shared() + "/mtsamples/mtsamples_80.jsonl.gz";
  if (!std::filesystem::exists(file)) GTEST_SKIP();
  IngestOptions options = options_for(file);
  options.sources[0].columns.text = "transcription";
  options.sources[0].columns.note_type = "medical_specialty";
  Kept kept;
  const auto report = ingest(options, kept);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->seen, 3970u);
  EXPECT_EQ(report->seen, report->records + report->quarantined + report->skipped);
  EXPECT_EQ(report->records, 3970u);
  EXPECT_EQ(report->notes_by_type.at("discharge_summary"), 84u);
}

TEST_F(RealDataTest, EveryExampleOfHl7IsRead) {
  const std::string package = shared() + "/fhir/hl7.fhir.r4.examples-4.0.1.tgz";
  if (!std::filesystem::exists(package)) GTEST_SKIP();
  ASSERT_EQ(std::system(fmt::format("tar -xzf '{}' -C '{}'", package, root_).c_str()), 0);
  Kept kept;
  const auto report = ingest(kept, "fhir_bundle");
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_GT(report->files.size(), 5000u);
  EXPECT_GT(report->records, 5000u);
  EXPECT_FALSE(report->quarantined_by_reason.contains("bad_json"));
}

}  // namespace
}  // namespace residency::ingest
