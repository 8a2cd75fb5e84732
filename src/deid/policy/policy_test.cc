// Policies: presets, files, signatures, the method that may be claimed, Microsoft's files.
#include "deid/policy/policy.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/env.h"
#include "deid/policy/method.h"
#include "deid/policy/microsoft_config.h"
#include "deid/policy/policy_file.h"

namespace residency::deid {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "policy-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name, std::string_view bytes) const {
    EXPECT_TRUE(Env::posix().write_file_atomic(path(name), bytes).ok());
    return path(name);
  }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

Result<DeidOptions> options_of(const std::string& yaml) {
  return DeidOptions::from_config(ConfigNode::parse(yaml, "recipe.yaml").value());
}

std::string_view method_with(const std::string& classes) {
  return options_of("{policy: {classes: {" + classes + "}}}").value().policy.method();
}

TEST(Method, DerivedCodesAndFinerDatesNeedAnExpert) {
  for (const char* classes :
       {"DATE: date_shift", "DATE: keep", "SSN: keyed_hash", "MRN: encrypt",
        "PATIENT_NAME: encrypt", "PHONE: keep", "URL: keyed_hash", "RELATIVE_NAME: keep"}) {
    const auto method = method_with(classes);
    EXPECT_NE(method, "safe_harbor") << classes;
  }
  EXPECT_EQ(method_with("DATE: date_shift"), "expert_determination");
  EXPECT_EQ(method_with("SSN: keyed_hash"), "expert_determination");
  EXPECT_EQ(method_with("SSN: encrypt"), "expert_determination");
  EXPECT_EQ(method_with("DATE: generalize_month"), "limited_data_set");
}

TEST(Method, CoarserValuesStaySafeHarbor) {
  for (const char* classes :
       {"AGE: age_band_5", "AGE: age_band_10", "CITY: generalize_state", "CITY: tag",
        "DATE: generalize_year", "ZIP: redact", "HOSPITAL: keep", "DATE: redact"})
    EXPECT_EQ(method_with(classes), "safe_harbor") << classes;
}

TEST(Method, EveryObstacleIsNamedWithItsParagraph) {
  const auto policy =
      options_of("{policy: {classes: {DATE: date_shift, SSN: keyed_hash, MRN: keep}}}")->policy;
  const auto obstacles = safe_harbor_obstacles(policy);
  ASSERT_EQ(obstacles.size(), 3u);
  for (const auto& one : obstacles) EXPECT_THAT(one.why, HasSubstr("164.514"));
  EXPECT_TRUE(safe_harbor_obstacles(Policy::named("safe-harbor").value()).empty());
}

TEST(Method, TheEighteenIdentifiersCoverEveryClassOfTheRule) {
  std::array<int, kPhiClassCount> seen{};
  char letter = 'A';
  for (const auto& row : safe_harbor_identifiers()) {
    EXPECT_EQ(row.letter, letter++);
    for (const PhiClass phi_class : row.classes) ++seen[static_cast<std::size_t>(phi_class)];
  }
  EXPECT_EQ(letter, 'S');
  for (std::size_t i = 0; i < kPhiClassCount; ++i)
    EXPECT_EQ(seen[i], i < static_cast<std::size_t>(PhiClass::kHospital) ? 1 : 0);
}

TEST(Policy, EveryActionThatDoesNotFitItsClassIsRefused) {
  for (const char* classes : {"SSN: date_shift", "AGE: zip3", "CITY: age_band_5", "ZIP: year_only",
                              "DATE: generalize_state", "SSN: nothing", "NOBODY: keep"}) {
    EXPECT_FALSE(options_of("{policy: {classes: {" + std::string(classes) + "}}}").ok()) << classes;
  }
}

TEST(PolicyFile, TheTemplateOfEveryPresetIsThePreset) {
  for (const char* preset : {"safe-harbor", "limited-data-set", "expert-determination"}) {
    const auto policy = parse_policy_file(policy_template(preset).value(), "t");
    ASSERT_TRUE(policy.ok()) << policy.error().message();
    EXPECT_EQ(policy->actions, Policy::named(preset)->actions);
    EXPECT_EQ(policy->method(), Policy::named(preset)->method());
  }
  EXPECT_FALSE(policy_template("none").ok());
}

TEST(PolicyFile, BadFilesAreRefusedWithTheirLine) {
  const std::string good = "residency_policy: 1\nname: a\nversion: 1\n";
  EXPECT_TRUE(parse_policy_file(good, "p").ok());
  for (const std::string& bad :
       {std::string("name: a\nversion: 1\n"),
        std::string("residency_policy: 2\nname: a\nversion: 1\n"), good + "colour: red\n",
        good + "classes: {SSN: burn}\n", good + "preset: best\n",
        std::string("residency_policy: 1\nversion: 1\n"),
        std::string("residency_policy: 1\nname: a\n"), good + "zip3_census: 1990\n",
        good + "reversible: perhaps\n", good + "microsoft_config: /nowhere/at/all\n",
        std::string("- 1\n"), std::string("{")}) {
    const auto policy = parse_policy_file(bad, "p.yaml");
    ASSERT_FALSE(policy.ok()) << bad;
    EXPECT_THAT(policy.error().message(), HasSubstr("p.yaml"));
  }
}

TEST(PolicyFile, SignaturesHoldForTheirFileAndKeyAlone) {
  const Folder folder;
  Env& env = Env::posix();
  const std::string file = folder.file("p.yaml", policy_template("safe-harbor").value());
  EXPECT_FALSE(open_policy_file(env, file, std::string(64, 'a')).ok());
  EXPECT_EQ(open_policy_file(env, file, "")->signed_by, "");
  const std::string key = make_policy_key(env, folder.path("key")).value();
  const std::string other = make_policy_key(env, folder.path("other")).value();
  EXPECT_FALSE(make_policy_key(env, folder.path("key")).ok());
  const auto seed = read_policy_key(env, folder.path("key"));
  EXPECT_EQ(sign_policy_file(env, file, *seed).value(), key);
  EXPECT_EQ(open_policy_file(env, file, key)->signed_by, key);
  EXPECT_EQ(open_policy_file(env, file, folder.file("pub", key + "\n"))->signed_by, key);
  const auto refused = open_policy_file(env, file, other);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kPermissionDenied);
  const auto recipe =
      options_of("{policy: {file: \"" + file + "\", require_signature_by: " + key + "}}");
  ASSERT_TRUE(recipe.ok()) << recipe.error().message();
  EXPECT_EQ(recipe->policy.signed_by, key);
  EXPECT_FALSE(options_of("{policy: {file: \"" + file + "\", preset: safe-harbor}}").ok());

  folder.file("p.yaml", policy_template("safe-harbor").value() + "# changed\n");
  const auto changed = open_policy_file(env, file, "");
  ASSERT_FALSE(changed.ok());
  EXPECT_EQ(changed.error().code(), ErrorCode::kCorrupt);
  folder.file("p.yaml.sig", "{}");
  EXPECT_FALSE(open_policy_file(env, file, "").ok());
}

TEST(PolicyFile, KeysStayOutOfWhatIsRecorded) {
  const Folder folder;
  const std::string key = "a secret key of some length";
  const auto options =
      options_of("{policy: {hash_key_file: \"" + folder.file("k", key + "\n") + "\"}}");
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->policy.hash_key, key);
  EXPECT_THAT(options->canonical_json(), Not(HasSubstr("secret")));
  EXPECT_THAT(options->canonical_json(), HasSubstr("hash_key"));
  EXPECT_FALSE(options_of("{policy: {hash_key_file: \"" + folder.file("s", "short") + "\"}}").ok());
}

constexpr char kMicrosoft[] = R"json({
  "fhirVersion": "R4", "processingErrors": "raise",
  "fhirPathRules": [
    {"path": "nodesByType('HumanName')", "method": "redact"},
    {"path": "nodesByType('date')", "method": "dateshift"},
    {"path": "Resource.id", "method": "cryptoHash"},
    {"path": "nodesByType('Address').city", "method": "substitute", "replaceWith": "example city"},
    {"path": "Condition.onset as Age", "method": "perturb", "span": 6, "rangeType": "proportional", "roundTo": 0},
    {"path": "Observation.value", "method": "generalize", "cases": {"$this>=20": "20", "$this<20": "0"}, "otherValues": "keep"}],
  "parameters": {"dateShiftKey": "k", "dateShiftScope": "resource", "cryptoHashKey": "secret", "encryptKey": "",
    "enablePartialAgesForRedact": true, "enablePartialZipCodesForRedact": true, "restrictedZipCodeTabulationAreas": ["036", "059"]}})json";

TEST(MicrosoftConfig, BecomesElementRules) {
  const auto rules = parse_microsoft_config(kMicrosoft);
  ASSERT_TRUE(rules.ok()) << rules.error().message();
  ASSERT_EQ(rules->rules.size(), 6u);
  EXPECT_EQ(rules->rules[1].method, ElementMethod::kDateShift);
  EXPECT_EQ(rules->rules[3].replace_with, "\"example city\"");
  EXPECT_TRUE(rules->rules[4].proportional);
  EXPECT_EQ(rules->rules[4].round_to, 0);
  EXPECT_EQ(rules->rules[5].cases[0].condition,
            "$this>=20");  // the file's order, not the alphabet's
  EXPECT_TRUE(rules->rules[5].keep_other_values);
  EXPECT_EQ(rules->shift_scope, ElementShiftScope::kResource);
  EXPECT_TRUE(rules->partial_ages);
  EXPECT_FALSE(rules->partial_dates);
  EXPECT_EQ(rules->small_zip3.size(), 2u);
  EXPECT_EQ(rules->unmatched, ElementMethod::kFreeText);
}

TEST(MicrosoftConfig, WithoutAKeyDatesMoveWithThePatient) {
  const auto rules = parse_microsoft_config(
      R"({"fhirPathRules":[{"path":"a","method":"keep"}],"parameters":{"dateShiftScope":"resource"}})");
  EXPECT_EQ(rules->shift_scope, ElementShiftScope::kPatient);
}

TEST(MicrosoftConfig, BadFilesNameThePlaceAndNoKey) {
  const auto with = [](const std::string& rule) {
    return R"({"fhirPathRules":[)" + rule + R"(],"parameters":{"cryptoHashKey":"Zyxquillon"}})";
  };
  for (
      const std::string& bad :
      {std::string(""),
       std::string("[]"),
       std::string("{}"),
       std::string(R"({"fhirPathRules":[]})"),
       with(R"({"path":"a","method":"burn"})"),
       with(R"({"path":"","method":"keep"})"),
       with(R"({"method":"keep"})"),
       with(R"({"path":"a","method":"keep","more":1})"),
       with(R"({"path":"a","method":"perturb"})"),
       with(R"({"path":"a","method":"perturb","span":-1})"),
       with(R"({"path":"a","method":"perturb","span":1,"roundTo":29})"),
       with(R"({"path":"a","method":"perturb","span":1,"rangeType":"wide"})"),
       with(R"({"path":"a","method":"substitute"})"),
       with(R"({"path":"a","method":"generalize"})"),
       with(R"({"path":"a","method":"generalize","cases":{"x":1}})"),
       with(R"({"path":"a","method":"generalize","cases":{"x":"1"},"otherValues":"drop"})"),
       std::string(R"({"fhirVersion":"R9","fhirPathRules":[{"path":"a","method":"keep"}]})"),
       std::string(
           R"({"fhirPathRules":[{"path":"a","method":"keep"}],"parameters":{"encryptKey":"short"}})"),
       std::string(
           R"({"fhirPathRules":[{"path":"a","method":"keep"}],"parameters":{"restrictedZipCodeTabulationAreas":["1"]}})"),
       std::string(R"({"fhirPathRules":[{"path":"a","method":"keep"}],"Zyxquillon":1})")}) {
    const auto rules = parse_microsoft_config(bad);
    ASSERT_FALSE(rules.ok()) << bad;
    EXPECT_EQ(rules.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(rules.error().message(), Not(HasSubstr("Zyxquillon")));
  }
}

TEST(MicrosoftConfig, MakesTheMethodAnExperts) {
  const Folder folder;
  const auto options =
      options_of("{policy: {microsoft_config: \"" + folder.file("m.json", kMicrosoft) + "\"}}");
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->policy.method(), "expert_determination");
  EXPECT_THAT(options->canonical_json(), Not(HasSubstr("\"secret\"")));
}

TEST(ElementRule, HashesAreHmacSha256) {
  // RFC 4231, test case 2: key "Jefe".
  EXPECT_EQ(element_hash("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(element_hash("Jefe", ""), "");
}

TEST(ElementRule, ShiftsStayWithinFiftyDaysAndAreTheSameForTheSameInput) {
  std::array<int, 101> seen{};
  for (int i = 0; i < 20000; ++i) {
    const int days = element_shift_days("key", std::to_string(i));
    ASSERT_TRUE(days >= -50 && days <= 50);
    ++seen[static_cast<std::size_t>(days + 50)];
    ASSERT_EQ(days, element_shift_days("key", std::to_string(i)));
  }
  EXPECT_GT(*std::min_element(seen.begin(), seen.end()), 0);
  // Worked by hand: 'a' = 97, 97 mod 101 - 50; "a" then "b": (97 * 131 + 98) mod 101 - 50.
  EXPECT_EQ(element_shift_days("", "a"), 47);
  EXPECT_EQ(element_shift_days("b", "a"), (97 * 131 + 98) % 101 - 50);
}

TEST(ElementRule, EncryptedValuesComeBackUnderTheirKeyAlone) {
  const std::string code = element_encrypt("0123456789abcdef", "Boston").value();
  EXPECT_EQ(element_decrypt("0123456789abcdef", code).value(), "Boston");
  EXPECT_FALSE(element_decrypt("0123456789abcdeX", code).ok());
}

}  // namespace
}  // namespace residency::deid
