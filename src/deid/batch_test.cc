// Batches on several threads, and runs that go on where they were stopped.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deid/deid.h"
#include "deid/transform/pending_codes.h"

namespace residency::deid {
namespace {

using ingest::PhiText;

const std::string kSecret(32, 'k');
constexpr std::size_t kRecords = 2500;  // more than two batches

/// Notes and resources of 40 patients that refer to one another.
class Hospital final : public RawSource {
 public:
  Result<bool> next(ingest::RawRecord& record) override {
    if (at_ == kRecords) return false;
    const std::size_t patient = (at_ * 7) % 40;
    record = ingest::RawRecord{};
    record.record_id = fmt::format("r-{:016x}", at_);
    record.patient_key = PhiText(fmt::format("patient-{}", patient));
    record.demographics.identifiers = {{PhiClass::kPatientName, PhiText("Abernathy")}};
    if (at_ % 3 == 0) {
      record.encounter_key = PhiText(fmt::format("visit-{}", at_ % 97));
      record.text = PhiText(fmt::format(
          "Ms. Abernathy, seen 03/{:02}/2021 by Dr. Castellano. MRN: 44{:05}.", 1 + at_ % 28, at_));
    } else {
      record.kind = ingest::RecordKind::kResource;
      record.resource_type = "Observation";
      record.structured = PhiText(fmt::format(
          R"({{"resourceType":"Observation","id":"o-{}","subject":{{"reference":"Patient/patient-{}"}},)"
          R"("performer":[{{"reference":"Practitioner/doctor-{}"}}]}})",
          at_, (patient + at_ % 2) % 40, at_ % 11));
    }
    ++at_;
    return true;
  }

 private:
  std::size_t at_ = 0;
};

struct Lines final : CleanSink {
  Result<void> accept(const CleanRecord& record) override {
    lines.push_back(to_json_line(record));
    return {};
  }
  std::vector<std::string> lines;
};

struct Nothing final : DeidQuarantineSink {
  Result<void> reject(const DeidQuarantineEntry&) override { return internal_error("set aside"); }
};

/// Saves after every batch, and asks to stop after `saves_max` saves.
class EveryBatch final : public DeidCheckpoints, public Progress {
 public:
  EveryBatch(const Crosswalk& crosswalk, const Lines& taken, int saves_max)
      : crosswalk_(crosswalk), lines_(taken), saves_max_(saves_max) {}
  Result<std::optional<DeidProgress>> last() override { return progress; }
  bool due() const override { return true; }
  Result<void> save(const DeidProgress& done) override {
    // As a store would: through text.
    RESIDENCY_TRY(auto report, DeidReport::from_json(done.report.to_json()));
    RESIDENCY_TRY(auto names, parse_json(dump_json(done.names)));
    progress = DeidProgress{std::move(report), std::move(names)};
    state = crosswalk_.state();
    lines = lines_.lines;
    ++saves_;
    return {};
  }
  void update(std::uint64_t, std::uint64_t, std::string_view, std::string_view) override {}
  bool cancelled() const override { return saves_ >= saves_max_; }

  std::optional<DeidProgress> progress;
  std::string state;
  std::vector<std::string> lines;

 private:
  const Crosswalk& crosswalk_;
  const Lines& lines_;
  int saves_max_;
  int saves_ = 0;
};

struct Outcome {
  std::vector<std::string> lines;
  std::string state;
  Json report;
};

Outcome clean_all(std::int64_t threads) {
  DeidOptions options;
  options.threads = threads;
  Crosswalk crosswalk = Crosswalk::open(kSecret, "").value();
  Hospital source;
  Lines lines;
  Nothing nothing;
  NoProgress progress;
  const auto report = run(options, crosswalk, source, lines, nothing, progress);
  EXPECT_TRUE(report.ok()) << report.error().message();
  return {lines.lines, crosswalk.state(), report->to_json()};
}

TEST(Batch, OutputDoesNotDependOnThreads) {
  const Outcome one = clean_all(1);
  ASSERT_EQ(one.lines.size(), kRecords);
  for (const std::int64_t threads : {2, 5}) {
    const Outcome several = clean_all(threads);
    EXPECT_EQ(several.lines, one.lines);
    EXPECT_EQ(several.state, one.state);
    EXPECT_EQ(several.report, one.report);
  }
}

TEST(Batch, AReferenceIsTheCodeOfWhatItRefersTo) {
  const Outcome outcome = clean_all(2);
  const Json note = parse_json(outcome.lines[0]).value();          // patient-0
  const Json observation = parse_json(outcome.lines[40]).value();  // patient-0 again, even
  const std::string pseudonym = json_text(note, "patient");
  EXPECT_EQ(json_text(observation, "patient"), pseudonym);
  EXPECT_THAT(json_text(observation, "structured"), ::testing::HasSubstr("Patient/" + pseudonym));
}

TEST(Batch, AStoppedRunGoesOnToTheSameOutput) {
  const Outcome whole = clean_all(2);
  DeidOptions options;
  Nothing nothing;
  std::optional<DeidProgress> done;
  std::string state;
  Lines lines;
  int runs = 0;
  for (bool ended = false; !ended; ++runs) {
    ASSERT_LT(runs, 10);
    Crosswalk crosswalk = Crosswalk::open(kSecret, state).value();
    EveryBatch checkpoints(crosswalk, lines, 1);
    checkpoints.progress = done;
    Hospital source;
    const auto report = run(options, crosswalk, source, lines, nothing, checkpoints, &checkpoints);
    ended = report.ok();
    if (ended) {
      EXPECT_EQ(report->to_json(), whole.report);
      EXPECT_EQ(crosswalk.state(), whole.state);
    } else {
      ASSERT_EQ(report.error().code(), ErrorCode::kCancelled);
      done = checkpoints.progress;
      state = checkpoints.state;
      lines.lines = checkpoints.lines;
    }
  }
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(lines.lines, whole.lines);
}

TEST(Batch, ACheckpointOfAnotherSourceIsRefused) {
  Crosswalk crosswalk = Crosswalk::open(kSecret, "").value();
  Lines lines;
  Nothing nothing;
  EveryBatch checkpoints(crosswalk, lines, 100);
  checkpoints.progress = DeidProgress{};
  checkpoints.progress->report.records = kRecords + 1;
  checkpoints.progress->names = Json::object();
  Hospital source;
  NoProgress progress;
  const auto report = run(DeidOptions{}, crosswalk, source, lines, nothing, progress, &checkpoints);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), ErrorCode::kCorrupt);
}

TEST(PendingCodes, AreSettledInTheOrderOfAskingWhereverTheyStand) {
  Crosswalk crosswalk = Crosswalk::open(kSecret, "").value();
  PendingCodes codes(PendingCodes::make_salt("0123456789abcdef"));
  const std::string second = codes.resource("b");
  const std::string text = codes.encounter("a") + " and " + second + ", " + codes.resource("b");
  Crosswalk expected = Crosswalk::open(kSecret, "").value();
  const std::string b = expected.resource("b");
  const std::string a = expected.encounter("a");
  EXPECT_EQ(codes.settle(text, crosswalk), a + " and " + b + ", " + b);
  EXPECT_EQ(crosswalk.state(), expected.state());
}

TEST(DeidReport, RefusesWhatIsNoReport) {
  EXPECT_FALSE(DeidReport::from_json(Json::object()).ok());
  EXPECT_FALSE(DeidReport::from_json(Json::array()).ok());
  Json report = DeidReport{}.to_json();
  ASSERT_TRUE(DeidReport::from_json(report).ok());
  report["clean"] = "many";
  EXPECT_FALSE(DeidReport::from_json(report).ok());
}

}  // namespace
}  // namespace residency::deid
