// The vault: its own key, its life under cuts at any moment, export, shredding, and the way back.
#include "deid/transform/crosswalk_vault.h"

#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fault_env.h"
#include "deid/deid.h"
#include "deid/reverse.h"

namespace residency::deid {
namespace {

using ingest::PhiText;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kName[] = "Zyxquillon";

class VaultTest : public ::testing::Test {
 protected:
  VaultTest() {
    std::string name = (std::filesystem::temp_directory_path() / "vault-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    place_ = place_in(root_);
  }
  ~VaultTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  static CrosswalkPlace place_in(const std::string& root) {
    CrosswalkPlace place;
    place.folder = root + "/crosswalk";
    place.keys = root + "/keys/crosswalk";
    return place;
  }

  std::string all_bytes() const {
    std::string bytes;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
      if (entry.is_regular_file()) bytes += Env::posix().read_file(entry.path().string()).value();
    }
    return bytes;
  }

  Env& env_ = Env::posix();
  std::string root_;
  CrosswalkPlace place_;
};

TEST_F(VaultTest, KeepsTheCrosswalkAndItsSecret) {
  ASSERT_TRUE(CrosswalkVault::create(env_, place_).ok());
  auto vault = CrosswalkVault::open(env_, place_).value();
  Crosswalk first = vault->load().value();
  const std::string pseudonym = first.patient(kName).pseudonym();
  first.keep_originals(true);
  first.patient(kName).remember("Harris", kName);
  ASSERT_TRUE(vault->save(first).ok());
  ASSERT_TRUE(CrosswalkVault::create(env_, place_).ok());  // one that is there stays
  Crosswalk again = CrosswalkVault::open(env_, place_).value()->load().value();
  EXPECT_EQ(again.patient(kName).pseudonym(), pseudonym);
  EXPECT_EQ(again.patient(kName).originals().at("Harris"), kName);
  EXPECT_THAT(all_bytes(), Not(HasSubstr(kName)));
  EXPECT_THAT(all_bytes(), Not(HasSubstr(pseudonym)));
}

TEST_F(VaultTest, TwoVaultsGiveOnePatientTwoPseudonyms) {
  const CrosswalkPlace other = place_in(root_ + "/other");
  ASSERT_TRUE(CrosswalkVault::create(env_, place_).ok());
  ASSERT_TRUE(CrosswalkVault::create(env_, other).ok());
  EXPECT_NE(CrosswalkVault::open(env_, place_).value()->load()->patient("a").pseudonym(),
            CrosswalkVault::open(env_, other).value()->load()->patient("a").pseudonym());
}

TEST_F(VaultTest, WithoutItsKeyItStaysShutAndIsNotMadeAnew) {
  ASSERT_TRUE(CrosswalkVault::create(env_, place_).ok());
  std::filesystem::rename(place_.keys, root_ + "/elsewhere");
  ASSERT_TRUE(CrosswalkVault::create(env_, place_).ok());
  const auto shut = CrosswalkVault::open(env_, place_);
  ASSERT_FALSE(shut.ok());
  EXPECT_EQ(shut.error().code(), ErrorCode::kFailedPrecondition);
  CrosswalkPlace elsewhere = place_;
  elsewhere.keys = root_ + "/elsewhere";
  EXPECT_TRUE(CrosswalkVault::open(env_, elsewhere).value()->load().ok());
}

TEST_F(VaultTest, APassphraseOpensItAndNoOther) {
  place_.passphrase = "correct horse battery";
  ASSERT_TRUE(CrosswalkVault::create(env_, place_).ok());
  EXPECT_TRUE(CrosswalkVault::open(env_, place_).ok());
  EXPECT_FALSE(env_.exists(place_.keys + "/master.key"));
  place_.passphrase = "another";
  EXPECT_FALSE(CrosswalkVault::open(env_, place_).ok());
  place_.passphrase.reset();
  EXPECT_FALSE(CrosswalkVault::open(env_, place_).ok());
}

TEST_F(VaultTest, AnyChangedByteIsFound) {
  ASSERT_TRUE(CrosswalkVault::create(env_, place_).ok());
  const std::string path = place_.folder + "/state.bin";
  const std::string bytes = env_.read_file(path).value();
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    ASSERT_TRUE(env_.write_file_atomic(path, bad).ok());
    EXPECT_FALSE(CrosswalkVault::open(env_, place_).value()->load().ok()) << i;
  }
}

TEST_F(VaultTest, SealsForOtherPlacesUnderItsOwnKey) {
  ASSERT_TRUE(CrosswalkVault::create(env_, place_).ok());
  const CrosswalkPlace other = place_in(root_ + "/other");
  ASSERT_TRUE(CrosswalkVault::create(env_, other).ok());
  const auto vault = CrosswalkVault::open(env_, place_).value();
  const std::string sealed = vault->seal(kName).value();
  EXPECT_THAT(sealed, Not(HasSubstr(kName)));
  EXPECT_EQ(vault->unseal(sealed).value(), kName);
  EXPECT_FALSE(CrosswalkVault::open(env_, other).value()->unseal(sealed).ok());
  EXPECT_FALSE(vault->unseal("").ok());
  Crosswalk crosswalk = vault->load().value();
  const std::string pseudonym = crosswalk.patient("a").pseudonym();
  EXPECT_EQ(vault->load_at(crosswalk.state())->patient("a").pseudonym(), pseudonym);
  EXPECT_EQ(vault->state().value(), "");
}

TEST_F(VaultTest, CutsAnywhereInASaveLeaveTheOldStateOrTheNew) {
  ASSERT_TRUE(CrosswalkVault::create(env_, place_).ok());
  Crosswalk crosswalk = CrosswalkVault::open(env_, place_).value()->load().value();
  static_cast<void>(crosswalk.patient("a").pseudonym());
  ASSERT_TRUE(CrosswalkVault::open(env_, place_).value()->save(crosswalk).ok());
  static_cast<void>(crosswalk.patient("b").pseudonym());
  bool saved = false;
  for (int operations = 0; !saved; ++operations) {
    ASSERT_LT(operations, 50);
    FaultEnv broken(env_, operations);
    saved = CrosswalkVault::open(broken, place_).value()->save(crosswalk).ok();
    const auto kept = CrosswalkVault::open(env_, place_).value()->load();
    ASSERT_TRUE(kept.ok()) << operations;
    EXPECT_TRUE(kept->patients() == 1 || kept->patients() == 2);
    if (saved) {
      EXPECT_EQ(kept->patients(), 2u);
    }
  }
}

TEST_F(VaultTest, CutsAnywhereInTheMakingAreMendedByTheNextMaking) {
  bool made = false;
  for (int operations = 0; !made; ++operations) {
    ASSERT_LT(operations, 100);
    const CrosswalkPlace place = place_in(root_ + "/" + std::to_string(operations));
    FaultEnv broken(env_, operations);
    made = CrosswalkVault::create(broken, place).ok();
    ASSERT_TRUE(CrosswalkVault::create(env_, place).ok()) << operations;
    ASSERT_TRUE(CrosswalkVault::open(env_, place).value()->load().ok()) << operations;
  }
}

TEST_F(VaultTest, CutsAnywhereInAShreddingEndInAShreddedVault) {
  bool gone = false;
  for (int operations = 0; !gone; ++operations) {
    ASSERT_LT(operations, 100);
    const CrosswalkPlace place = place_in(root_ + "/" + std::to_string(operations));
    ASSERT_TRUE(CrosswalkVault::create(env_, place).ok());
    Crosswalk before = CrosswalkVault::open(env_, place).value()->load().value();
    const std::string pseudonym = before.patient("a").pseudonym();
    ASSERT_TRUE(CrosswalkVault::open(env_, place).value()->save(before).ok());
    FaultEnv broken(env_, operations);
    gone = CrosswalkVault::shred(broken, place).ok();
    // Begun is begun: either nothing happened, or the rest is made up for.
    ASSERT_TRUE(CrosswalkVault::create(env_, place).ok()) << operations;
    Crosswalk after = CrosswalkVault::open(env_, place).value()->load().value();
    if (gone || CrosswalkVault::generation(env_, place).value() != "") {
      const bool old = after.patients() == 1;
      if (gone) {
        EXPECT_FALSE(old) << operations;
        EXPECT_NE(after.patient("a").pseudonym(), pseudonym);
      }
    } else {
      EXPECT_EQ(after.patient("a").pseudonym(), pseudonym) << operations;
    }
  }
}

TEST_F(VaultTest, AnExportComesBackUnderItsPassphraseAlone) {
  ASSERT_TRUE(CrosswalkVault::create(env_, place_).ok());
  auto vault = CrosswalkVault::open(env_, place_).value();
  Crosswalk crosswalk = vault->load().value();
  const std::string pseudonym = crosswalk.patient("a").pseudonym();
  ASSERT_TRUE(vault->save(crosswalk).ok());
  const std::string file = root_ + "/out.bin";
  EXPECT_FALSE(vault->export_to(file, "short").ok());
  ASSERT_TRUE(vault->export_to(file, "a long passphrase").ok());
  EXPECT_FALSE(vault->export_to(file, "a long passphrase").ok());
  const CrosswalkPlace other = place_in(root_ + "/other");
  EXPECT_FALSE(CrosswalkVault::import_from(env_, other, file, "a wrong passphrase").ok());
  ASSERT_TRUE(CrosswalkVault::import_from(env_, other, file, "a long passphrase").ok());
  EXPECT_EQ(CrosswalkVault::open(env_, other).value()->load()->patient("a").pseudonym(), pseudonym);
  const auto full = CrosswalkVault::import_from(env_, other, file, "a long passphrase");
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), ErrorCode::kAlreadyExists);
  std::string bad = env_.read_file(file).value();
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
  ASSERT_TRUE(env_.write_file_atomic(file, bad).ok());
  EXPECT_FALSE(
      CrosswalkVault::import_from(env_, place_in(root_ + "/third"), file, "a long passphrase")
          .ok());
  ASSERT_TRUE(env_.write_file_atomic(file, "no export").ok());
  EXPECT_FALSE(
      CrosswalkVault::import_from(env_, place_in(root_ + "/third"), file, "a long passphrase")
          .ok());
}

class One final : public RawSource {
 public:
  explicit One(ingest::RawRecord record) : record_(std::move(record)) {}
  Result<bool> next(ingest::RawRecord& record) override {
    if (given_) return false;
    given_ = true;
    record = record_;
    return true;
  }

 private:
  ingest::RawRecord record_;
  bool given_ = false;
};

struct Kept final : CleanSink {
  Result<void> accept(const CleanRecord& record) override {
    records.push_back(record);
    return {};
  }
  std::vector<CleanRecord> records;
};

struct Nothing final : DeidQuarantineSink {
  Result<void> reject(const DeidQuarantineEntry&) override { return {}; }
};

constexpr char kNote[] =
    "Patient: Ruth Abernathy  MRN: 4417290\nSeen 03/14/2021 by Dr. Castellano; Abernathy feels "
    "well, "
    "SSN 123-45-6789.\n";

CleanRecord cleaned(Crosswalk& crosswalk, const std::string& yaml) {
  const auto options =
      DeidOptions::from_config(ConfigNode::parse(yaml, "recipe.yaml").value()).value();
  crosswalk.keep_originals(options.policy.reversible);
  ingest::RawRecord record;
  record.record_id = "r-1";
  record.patient_key = PhiText("patient-77");
  record.text = PhiText(kNote);
  record.kind = ingest::RecordKind::kRow;
  record.structured = PhiText(R"({"patient_id":"patient-77","mrn":"4417290","dose":"5 mg"})");
  record.demographics.identifiers = {{PhiClass::kPatientName, PhiText("Ruth")},
                                     {PhiClass::kPatientName, PhiText("Abernathy")},
                                     {PhiClass::kMrn, PhiText("4417290")}};
  One source(std::move(record));
  Kept kept;
  Nothing nothing;
  NoProgress progress;
  EXPECT_TRUE(run(options, crosswalk, source, kept, nothing, progress).ok());
  EXPECT_EQ(kept.records.size(), 1u);
  return kept.records.at(0);
}

TEST(Reverse, PutsEveryValueBackWhereThePolicyIsReversible) {
  Crosswalk crosswalk = Crosswalk::open(std::string(32, 'k'), "").value();
  const CleanRecord clean = cleaned(
      crosswalk,
      "{policy: {preset: expert-determination, reversible: true, classes: {MRN: encrypt, SSN: "
      "keyed_hash, CLINICIAN_NAME: tag}}}");
  for (const char* gone : {"Ruth", "Abernathy", "4417290", "Castellano", "123-45-6789", "03/14"})
    EXPECT_THAT(clean.text.str(), Not(HasSubstr(gone)));
  // Out of the state alone, as another process has it.
  const Crosswalk kept = Crosswalk::open(std::string(32, 'k'), crosswalk.state()).value();
  const ReversedRecord back = reverse_record(kept, clean);
  EXPECT_EQ(back.text.reveal(), kNote);
  EXPECT_EQ(back.patient.reveal(), "patient-77");
  EXPECT_THAT(back.structured.reveal(), HasSubstr("\"4417290\""));
  EXPECT_THAT(back.structured.reveal(), HasSubstr("\"patient-77\""));
  EXPECT_GT(back.decrypted, 1u);
  EXPECT_EQ(back.unreadable, 0u);
}

TEST(Reverse, GivesNothingBackWhereItIsNot) {
  Crosswalk crosswalk = Crosswalk::open(std::string(32, 'k'), "").value();
  const CleanRecord clean =
      cleaned(crosswalk, "{policy: {preset: expert-determination, classes: {MRN: encrypt}}}");
  EXPECT_THAT(crosswalk.state(), Not(HasSubstr("Abernathy")));
  EXPECT_THAT(crosswalk.state(), Not(HasSubstr("patient-77")));
  const ReversedRecord back = reverse_record(crosswalk, clean);
  EXPECT_THAT(back.text.reveal(), Not(HasSubstr("Abernathy")));
  EXPECT_THAT(back.text.reveal(), HasSubstr("4417290"));  // encrypted values come back always
  EXPECT_EQ(back.patient.reveal(), "");
  const Crosswalk other = Crosswalk::open(std::string(32, 'x'), "").value();
  const ReversedRecord shut = reverse_record(other, clean);
  EXPECT_EQ(shut.text.reveal(), clean.text.str());
  EXPECT_GT(shut.unreadable, 0u);
}

}  // namespace
}  // namespace residency::deid
