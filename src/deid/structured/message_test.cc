// HL7 v2 messages and C-CDA documents through ingest's types and deid's rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deid/deid.h"
#include "ingest/base64.h"

namespace residency::deid {
namespace {

using ingest::PhiText;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class One final : public RawSource {
 public:
  explicit One(std::vector<ingest::RawRecord> records) : records_(std::move(records)) {}
  Result<bool> next(ingest::RawRecord& record) override {
    if (at_ == records_.size()) return false;
    record = records_[at_++];
    return true;
  }

 private:
  std::vector<ingest::RawRecord> records_;
  std::size_t at_ = 0;
};

struct Sink final : CleanSink, DeidQuarantineSink {
  Result<void> accept(const CleanRecord& record) override {
    clean.push_back(record);
    return {};
  }
  Result<void> reject(const DeidQuarantineEntry& entry) override {
    aside.push_back(entry.reason);
    return {};
  }
  std::vector<CleanRecord> clean;
  std::vector<std::string> aside;
};

Sink run_on(std::vector<ingest::RawRecord> records,
            const char* yaml = "{policy: {preset: expert-determination}}") {
  const auto options =
      DeidOptions::from_config(ConfigNode::parse(yaml, "recipe.yaml").value()).value();
  auto crosswalk = Crosswalk::open(std::string(32, 'k'), "").value();
  One in(std::move(records));
  Sink sink;
  NoProgress progress;
  EXPECT_TRUE(run(options, crosswalk, in, sink, sink, progress).ok());
  return sink;
}

ingest::RawRecord record_of(ingest::RecordKind kind, std::string structured) {
  ingest::RawRecord record;
  record.record_id = "r-0000000000000001";
  record.patient_key = PhiText("pat-1");
  record.kind = kind;
  record.structured = PhiText(std::move(structured));
  return record;
}

std::string clean_message_of(const std::string& text) {
  const Sink sink = run_on({record_of(ingest::RecordKind::kMessage, text)});
  EXPECT_THAT(sink.aside, ::testing::IsEmpty());
  return sink.clean.empty() ? "" : sink.clean[0].structured.str();
}

const std::string kOru =
    "MSH|^~\\&|LAB|MERCY GENERAL|EHR|MERCY|20240308093000||ORU^R01|MSG00421877|P|2.5.1\r"
    "PID|1||4417290^^^MERCY^MR~531-48-2291^^^SSA^SS||Abernathy^Ruth^Quill^^Mrs||19710314|F|||12 "
    "Elm "
    "Street^Apt 4^Moberly^MO^65270^USA||(503)537-0751^PRN^PH~^NET^Internet^ruth@example.net|||M||"
    "ACCT99182|531-48-2291\r"
    "NK1|1|Abernathy^Quentin|SPO|12 Elm Street^^Moberly^MO^65270|(503)537-0752\r"
    "PV1|1|I|4EAST^412^B^MERCY|||||1528274^Okonkwo^Adaeze^^^Dr\r"
    "ZPI|1|Abernathy|secret employer\r"
    "OBR|1|ORD44871|FIL99121|2345-7^Glucose^LN|||20240308081500\r"
    "OBX|1|NM|2345-7^Glucose^LN||182|mg/dL|70-105|H|||F|||20240308081500\r"
    "OBX|2|TX|NOTE^Comment^L||Seen with her husband Quentin\r"
    "OBX|3|FT|NOTE^Comment^L||Abernathy on 03/07/2024.\\.br\\Call (503) 537-0751. Metformin 500 "
    "mg\r"
    "NTE|1||Reported to Dr. Adaeze Okonkwo\r";

TEST(Message, LosesWhoItIsAndKeepsTheResults) {
  const std::string out = clean_message_of(kOru);
  for (const char* gone :
       {"Abernathy", "Ruth",     "Quill",       "Quentin",  "531-48-2291", "4417290",
        "Elm",       "65270",    "537-0751",    "537-0752", "ruth@",       "ACCT99182",
        "Okonkwo",   "Adaeze",   "1528274",     "19710314", "20240308",    "03/07/2024",
        "MERCY",     "ORD44871", "MSG00421877", "secret",   "ZPI"})
    EXPECT_THAT(out, Not(HasSubstr(gone))) << gone;
  for (const char* kept : {"ORU^R01", "2345-7^Glucose^LN", "|182|mg/dL|70-105|H|",
                           "Metformin 500 mg", "|F|", "^MO^", "SPO", "\\.br\\"})
    EXPECT_THAT(out, HasSubstr(kept)) << kept;
}

TEST(Message, APatientIsTheSameInMessagesResourcesAndNotes) {
  auto message = record_of(ingest::RecordKind::kMessage, kOru);
  auto resource = record_of(
      ingest::RecordKind::kResource,
      R"({"resourceType":"Patient","id":"pat-1","name":[{"family":"Abernathy","given":["Ruth"]}],"birthDate":"1971-03-14"})");
  const Sink sink = run_on({message, resource});
  ASSERT_EQ(sink.clean.size(), 2u);
  const Json json = Json::parse(sink.clean[1].structured.str());
  const std::string family = json["name"][0]["family"].get<std::string>();
  EXPECT_THAT(sink.clean[0].structured.str(), HasSubstr("||" + family + "^"));
  std::string born = json["birthDate"].get<std::string>();
  std::erase(born, '-');
  EXPECT_THAT(sink.clean[0].structured.str(), HasSubstr("||" + born + "|F"));
}

TEST(Message, OtherDelimitersAndUnknownTypesAreNoWayAround) {
  const std::string out = clean_message_of(
      "MSH#*~!$#LAB#X#Y#Z#20240308##ORU*R01#1#P#2.5\r"
      "PID#1##4417290***M*MR##Abernathy*Ruth\r"
      "OBX#1#ED#PIC*Scan##*IMAGE*JPEG*Base64*QWJlcm5hdGh5\r"
      "OBX#2#XPN#N*Name##Abernathy*Ruth\r"
      "OBX#3##N*Name##Abernathy came\r"
      "XXX#1#Abernathy\r");
  EXPECT_THAT(out, AllOf(Not(HasSubstr("Abernathy")), Not(HasSubstr("QWJlcm5")),
                         Not(HasSubstr("4417290")), HasSubstr("ORU*R01")));
}

TEST(Message, WhatCannotBeReadIsSetAside) {
  const Sink sink = run_on({record_of(ingest::RecordKind::kMessage, "PID|1||77"),
                            record_of(ingest::RecordKind::kDocument, "<a><b></a>")});
  EXPECT_THAT(sink.aside, ::testing::ElementsAre("bad_hl7", "bad_xml"));
  EXPECT_TRUE(sink.clean.empty());
}

const std::string kCda =
    R"(<?xml version="1.0"?><?xml-stylesheet href="Abernathy.xsl"?><!-- Ruth Abernathy -->)"
    R"(<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:sdtc="urn:hl7-org:sdtc">)"
    R"(<templateId root="2.16.840.1.113883.10.20.22.1.2" extension="2015-08-01"/><id root="a5f1c0de-1111-4222-8333-abcdefabcdef" extension="DOC4417290"/>)"
    R"(<code code="18842-5" codeSystem="2.16.840.1.113883.6.1" displayName="Discharge summary"/><title>Discharge of Ruth Abernathy</title><effectiveTime value="20240308093000-0600"/>)"
    R"(<recordTarget><patientRole><id root="2.16.840.1.113883.19.5" extension="4417290"/><id root="2.16.840.1.113883.4.1" extension="531-48-2291"/>)"
    R"(<addr use="HP"><streetAddressLine>12 Elm Street</streetAddressLine><city>Moberly</city><state>MO</state><postalCode>65270</postalCode></addr><telecom use="HP" value="tel:(503)537-0751"/>)"
    R"(<patient><name><prefix>Mrs</prefix><given>Ruth</given> <family>Abernathy</family></name><administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19710314"/><sdtc:raceCode code="2106-3" codeSystem="2.16.840.1.113883.6.238"/><sdtc:birthTime value="197103140102"/></patient></patientRole></recordTarget>)"
    R"(<author><time value="20240308"/><assignedAuthor><id root="2.16.840.1.113883.4.6" extension="1528274992"/><assignedPerson><name>Dr. Adaeze Okonkwo</name></assignedPerson></assignedAuthor></author>)"
    R"(<vendor:stuff xmlns:vendor="urn:v">Abernathy</vendor:stuff><madeUp who="Abernathy">Ruth</madeUp>)"
    R"(<component><structuredBody><component><section ID="Abernathy"><code code="8648-8" codeSystem="2.16.840.1.113883.6.1"/><title>Hospital course</title>)"
    R"(<text><paragraph ID="ruth-1">Mrs. <content styleCode="Bold">Ruth</content> Abernathy came on 03/05/2024.</paragraph><table><tr><td>Metformin</td><td>500 mg</td></tr></table><renderMultiMedia referencedObject="Abernathy"/></text>)"
    R"(<entry><observation classCode="OBS" moodCode="EVN"><id root="b5f1c0de-1111-4222-8333-abcdefabcdef"/><code code="2345-7" codeSystem="2.16.840.1.113883.6.1" displayName="Glucose"/><effectiveTime><low value="20240305"/></effectiveTime><value xsi:type="PQ" value="182" unit="mg/dL"/></observation></entry>)"
    R"(<entry><observation classCode="OBS" moodCode="EVN"><code nullFlavor="UNK"><originalText><reference value="#ruth-1"/></originalText></code><value xsi:type="ST">told Ruth Abernathy by phone</value></observation></entry>)"
    R"(</section></component></structuredBody></component></ClinicalDocument>)";

TEST(Document, LosesWhoItIsAndKeepsTheCare) {
  auto record = record_of(ingest::RecordKind::kDocument, kCda);
  record.demographics.identifiers = {{PhiClass::kPatientName, PhiText("Ruth Abernathy")}};
  const Sink sink = run_on({record});
  ASSERT_EQ(sink.clean.size(), 1u);
  const std::string& out = sink.clean[0].structured.str();
  for (const char* gone : {"Abernathy", "Ruth",       "ruth",     "4417290",        "531-48-2291",
                           "Elm",       "65270",      "537-0751", "19710314",       "20240308",
                           "20240305",  "03/05/2024", "Okonkwo",  "1528274992",     "a5f1c0de",
                           "b5f1c0de",  "vendor",     "madeUp",   "sdtc:birthTime", "stylesheet"})
    EXPECT_THAT(out, Not(HasSubstr(gone))) << gone;
  for (const char* kept : {"Discharge summary", "Metformin", "500 mg", "value=\"182\"",
                           "unit=\"mg/dL\"", "Glucose", "<state>MO</state>", "Hospital course",
                           "sdtc:raceCode", "2.16.840.1.113883.10.20.22.1.2", "nullFlavor=\"MSK\""})
    EXPECT_THAT(out, HasSubstr(kept)) << kept;
}

TEST(Resource, NarrativeAttachedTextAndKnownExtensionsAreCleanedOthersGo) {
  const std::string note = ingest::encode_base64("Ruth Abernathy takes metformin.");
  auto record = record_of(
      ingest::RecordKind::kResource,
      R"({"resourceType":"Communication","id":"c1","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p title=\"Ruth\">Mrs. <b>Ruth</b> Abernathy: asthma</p><img src=\"Ruth.png\"/></div>"},)"
      R"("payload":[{"contentAttachment":{"contentType":"text/plain","data":")" +
          note +
          R"(","title":"for Ruth Abernathy"}},{"contentAttachment":{"contentType":"image/png","data":"UnV0aA=="}}],)"
          R"("extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"text","valueString":"White"}]},{"url":"http://example.org/employer","valueString":"Ruth's"}],)"
          R"("contained":[{"resourceType":"Practitioner","id":"p1","name":[{"family":"Okonkwo"}]}],"sender":{"reference":"#p1"}})");
  record.demographics.identifiers = {{PhiClass::kPatientName, PhiText("Ruth Abernathy")}};
  const Sink sink = run_on({record});
  ASSERT_EQ(sink.clean.size(), 1u);
  const std::string& out = sink.clean[0].structured.str();
  for (const char* gone : {"Abernathy", "Ruth", "UnV0aA", "img", "employer", "Okonkwo", "#p1"})
    EXPECT_THAT(out, Not(HasSubstr(gone))) << gone;
  EXPECT_THAT(out, AllOf(HasSubstr("asthma"), HasSubstr("White"), HasSubstr("us-core-race")));
  const Json json = Json::parse(out);
  const std::string data = json["payload"][0]["contentAttachment"]["data"].get<std::string>();
  EXPECT_THAT(*ingest::decode_base64(data),
              AllOf(HasSubstr("takes metformin."), Not(HasSubstr("Abernathy"))));
  EXPECT_EQ("#" + json["contained"][0]["id"].get<std::string>(),
            json["sender"]["reference"].get<std::string>());
}

}  // namespace
}  // namespace residency::deid
