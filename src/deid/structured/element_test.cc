#include <gtest/gtest.h>

#include "deid/deid.h"
#include "deid/policy/microsoft_config.h"
#include "deid/structured/element_case.h"
#include "deid/structured/element_path.h"
#include "deid/structured/element_record.h"

namespace residency::deid {
namespace {

Json patient() {
  return Json::parse(R"json({
    "resourceType": "Patient", "id": "p1", "birthDate": "1950-03-14", "gender": "female",
    "text": {"status": "generated", "div": "<div>Ruth Zyxquillon</div>"},
    "name": [{"use": "official", "family": "Zyxquillon", "given": ["Ruth", "Ann"]}, {"use": "old", "family": "Vrothmarsh"}],
    "address": [{"line": ["1 Elm St"], "city": "Modesto", "state": "CA", "postalCode": "95350", "country": "US"},
                {"city": "Keene", "postalCode": "03601"}],
    "telecom": [{"system": "phone", "value": "415-555-0132"}],
    "generalPractitioner": [{"reference": "Practitioner/dr-7"}],
    "extension": [{"url": "http://example.org/x", "valueString": "secret"}],
    "contained": [{"resourceType": "Organization", "id": "o1", "name": "Inner Clinic"}]
  })json");
}

std::size_t selected(const std::string& path, const Json& resource) {
  const auto parsed = ElementPath::parse(path);
  EXPECT_TRUE(parsed.ok()) << path << ": " << parsed.error().message();
  std::vector<const Json*> found;
  if (parsed.ok()) parsed->select(resource, found);
  return found.size();
}

TEST(ElementPath, SelectsWhatItNames) {
  const Json one = patient();
  EXPECT_EQ(selected("Patient.name", one), 2u);
  EXPECT_EQ(selected("Patient.name.given", one), 2u);
  EXPECT_EQ(selected("Observation.name", one), 0u);
  EXPECT_EQ(selected("Resource.id", one), 2u) << "of what is contained too";
  EXPECT_EQ(selected("nodesByType('HumanName')", one), 2u);
  EXPECT_EQ(selected("nodesByType('Address').postalCode", one), 2u);
  EXPECT_EQ(selected("Patient.name.where(use = 'old').family", one), 1u);
  EXPECT_EQ(selected("Patient.name.where(use != 'old').family", one), 1u);
  EXPECT_EQ(selected("nodesByName('city') | Patient.birthDate", one), 3u);
  EXPECT_EQ(selected("nodesByType('date')", one), 1u);
  EXPECT_EQ(selected("nodesByType('Reference')", one), 1u);
  const Json observation = Json::parse(
      R"({"resourceType":"Observation","valueQuantity":{"value":7,"unit":"%"},"onsetAge":{"value":3}})");
  EXPECT_EQ(selected("Observation.value", observation), 1u) << "of any type";
  EXPECT_EQ(selected("Observation.value as Quantity", observation), 1u);
  EXPECT_EQ(selected("Observation.value.ofType(Age)", observation), 0u);
  EXPECT_EQ(selected("Observation.onset as Age", observation), 1u);
}

TEST(ElementPath, WhatIsNotKnownIsRefused) {
  for (const char* path :
       {"", "Patient..name", "Patient.name.first()", "nodesByType('Nothing')",
        "nodesByType(HumanName)", "Patient.where(a)", "Patient.name.where(x.y = 'z')",
        "Patient.name as Nothing", "a b", "(", "Patient.name["}) {
    EXPECT_FALSE(ElementPath::parse(path).ok()) << path;
  }
}

TEST(ElementCase, ComparesNumbersTextsAndDates) {
  EXPECT_TRUE(ElementCondition::parse("$this >= 20 and $this < 40")->holds(Json(25)));
  EXPECT_FALSE(ElementCondition::parse("$this>=20 and $this<40")->holds(Json(40)));
  EXPECT_TRUE(ElementCondition::parse("$this = 'B'")->holds(Json("B")));
  EXPECT_TRUE(ElementCondition::parse("$this > @1980-01-01")->holds(Json("1980-01-02")));
  EXPECT_FALSE(ElementCondition::parse("$this > 3")->holds(Json("text")));
  for (const char* bad : {"", "age > 3", "$this ~ 3", "$this > ", "$this > $this", "$this > 3 and",
                          "$this > nan", "$this > inf", "$this > 1e300"})
    EXPECT_FALSE(ElementCondition::parse(bad).ok()) << bad;
}

/// The resource through a configuration of Microsoft's, with a fixed crosswalk.
Result<Json> through(const std::string& config, const Json& resource) {
  RESIDENCY_TRY(const auto rules, parse_microsoft_config(config));
  RESIDENCY_TRY(const auto compiled, CompiledRules::compile(rules));
  RESIDENCY_TRY(auto crosswalk, Crosswalk::open(std::string(32, 'k'), ""));
  RESIDENCY_TRY(const auto detector, Detector::open());
  const Policy policy;
  PatientCode& code = crosswalk.patient("p1");
  Replacer replacer(policy, code, "female", 2020);
  std::unordered_set<std::string> harmless;
  const RecordScope scope{*detector, nullptr, replacer, crosswalk, "p1", harmless};
  return compiled.apply(resource, scope, code);
}

TEST(ElementRecord, MicrosoftsRulesDecide) {
  const auto out = through(R"json({"fhirVersion": "R4", "fhirPathRules": [
      {"path": "Resource.id", "method": "cryptoHash"},
      {"path": "nodesByType('Reference').reference", "method": "cryptoHash"},
      {"path": "nodesByType('HumanName').use", "method": "keep"},
      {"path": "nodesByType('HumanName')", "method": "redact"},
      {"path": "nodesByType('Address').state", "method": "keep"},
      {"path": "nodesByType('Address').city", "method": "substitute", "replaceWith": "example city"},
      {"path": "nodesByType('Address').postalCode", "method": "redact"},
      {"path": "Patient.birthDate", "method": "dateShift"},
      {"path": "Patient.telecom", "method": "redact"},
      {"path": "Patient.gender", "method": "keep"}],
    "parameters": {"cryptoHashKey": "123", "dateShiftKey": "k", "dateShiftScope": "resource",
      "enablePartialZipCodesForRedact": true, "restrictedZipCodeTabulationAreas": ["036"]}})json",
                           patient());
  ASSERT_TRUE(out.ok()) << out.error().message();
  EXPECT_EQ((*out)["id"], element_hash("123", "p1"));
  EXPECT_EQ((*out)["generalPractitioner"][0]["reference"],
            "Practitioner/" + element_hash("123", "dr-7"));
  EXPECT_EQ((*out)["name"][0], Json({{"use", "official"}})) << "an earlier rule keeps a part";
  EXPECT_EQ((*out)["address"][0]["state"], "CA");
  EXPECT_EQ((*out)["address"][0]["city"], "example city");
  EXPECT_EQ((*out)["address"][0]["postalCode"], "953");
  EXPECT_EQ((*out)["address"][1]["postalCode"], "000");
  EXPECT_NE((*out)["birthDate"], "1950-03-14");
  EXPECT_EQ((*out)["gender"], "female");
  EXPECT_FALSE(out->contains("telecom"));
  const std::string text = out->dump();
  for (const char* gone : {"Zyxquillon", "Vrothmarsh", "Ruth", "Elm", "Modesto", "0132", "secret"})
    EXPECT_EQ(text.find(gone), std::string::npos) << gone;
}

TEST(ElementRecord, WhatNoRuleNamesGoesByOurOwn) {
  const auto out =
      through(R"({"fhirPathRules": [{"path": "Patient.gender", "method": "redact"}]})", patient());
  ASSERT_TRUE(out.ok());
  EXPECT_FALSE(out->contains("gender"));
  EXPECT_EQ((*out)["resourceType"], "Patient");
  EXPECT_EQ(out->dump().find("Zyxquillon"), std::string::npos);
  EXPECT_EQ(out->dump().find("secret"), std::string::npos);
}

TEST(ElementRecord, NumbersArePerturbedAndGeneralised) {
  const Json one = Json::parse(
      R"({"resourceType":"Observation","valueQuantity":{"value":100,"unit":"%"},"component":[{"valueInteger":33}]})");
  const auto out = through(
      R"json({"fhirPathRules": [
        {"path": "Observation.value.value", "method": "perturb", "span": 10, "roundTo": 1},
        {"path": "Observation.component.value", "method": "generalize",
         "cases": {"$this >= 20 and $this < 40": "20", "$this < 20": "0"}, "otherValues": "redact"}]})json",
      one);
  ASSERT_TRUE(out.ok()) << out.error().message();
  const double value = (*out)["valueQuantity"]["value"].get<double>();
  EXPECT_NE(value, 100);
  EXPECT_NEAR(value, 100, 5);
  EXPECT_EQ((*out)["component"][0]["valueInteger"], 20);
}

TEST(ElementRecord, RulesThatCantBeAppliedAreRefused) {
  const auto refused = [](const std::string& config, const std::string& why) {
    const auto out = through(config, patient());
    ASSERT_FALSE(out.ok()) << config;
    EXPECT_NE(out.error().message().find(why), std::string::npos) << out.error().message();
  };
  refused(R"json({"fhirPathRules":[{"path":"Patient.first()","method":"keep"
}]
})json",
          "fhirPathRules[0]");
  refused(R"json({"fhirPathRules":[{"path":"Resource.id","method":"cryptoHash"}]})json",
          "cryptoHashKey");
  refused(R"json({"fhirPathRules":[{"path":"Resource.id","method":"encrypt"}]})json", "encryptKey");
  refused(
      R"json({"fhirPathRules":[{"path":"a","method":"dateShift"}],"parameters":{"dateShiftKey":"k","dateShiftScope":"file"}})json",
      "dateShiftScope");
  refused(
      R"json({"fhirPathRules":[{"path":"a","method":"generalize","cases":{"$this.length() > 3":"1"}}]})json",
      "fhirPathRules[0]");
}

}  // namespace
}  // namespace residency::deid
