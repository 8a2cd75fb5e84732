#include <future>
#include <optional>
#include <vector>

#include "deid/batch_cleaner.h"
#include "deid/deid.h"
#include "deid/policy/method.h"

namespace residency::deid {
namespace {

constexpr std::size_t kBatchRecords = 1024;
constexpr std::size_t kBatchBytes = 32u << 20;

std::size_t bytes_of(const ingest::RawRecord& record) {
  return record.text.reveal().size() + record.structured.reveal().size();
}

struct Batch {
  std::vector<ingest::RawRecord> records;
  bool last = false;
};

Result<Batch> read_batch(RawSource& in) {
  Batch batch;
  std::size_t bytes = 0;
  while (batch.records.size() < kBatchRecords && bytes < kBatchBytes) {
    ingest::RawRecord record;
    RESIDENCY_TRY(const bool more, in.next(record));
    if (!more) {
      batch.last = true;
      break;
    }
    bytes += bytes_of(record);
    batch.records.push_back(std::move(record));
  }
  return batch;
}

/// Reads one batch ahead, on a thread of its own where there are several.
class BatchReader {
 public:
  BatchReader(RawSource& in, std::int64_t threads)
      : in_(in), policy_(threads == 1 ? std::launch::deferred : std::launch::async) {
    start();
  }

  Result<Batch> next() {
    auto batch = ahead_.get();
    if (batch.ok() && !batch->last) start();
    return batch;
  }

 private:
  void start() {
    ahead_ = std::async(policy_, [this] { return read_batch(in_); });
  }

  RawSource& in_;
  std::launch policy_;
  std::future<Result<Batch>> ahead_;
};

/// One run over a source.
class Run {
 public:
  Run(const DeidOptions& options, const Detector& detector, Crosswalk& crosswalk, CleanSink& out,
      DeidQuarantineSink& quarantine, const CompiledRules* rules)
      : cleaner_(options, detector, crosswalk, options.threads, rules),
        out_(out),
        quarantine_(quarantine) {}

  Result<void> restore(const DeidProgress& done) {
    report_ = done.report;
    return cleaner_.set_names(done.names);
  }

  /// Passes on what becomes of the batch.
  Result<void> step(const Batch& batch, const Progress& progress) {
    RESIDENCY_TRY(const auto cleaned, cleaner_.clean(batch.records, progress, report_.records));
    for (std::size_t i = 0; i < cleaned.size(); ++i) {
      report_.bytes += bytes_of(batch.records[i]);
      RESIDENCY_TRY_VOID(pass_on(cleaned[i]));
    }
    return {};
  }

  DeidReport& report() { return report_; }
  DeidProgress done() const { return {report_, cleaner_.names()}; }

 private:
  Result<void> pass_on(const Cleaned& cleaned) {
    ++report_.records;
    if (!cleaned.record) {
      ++report_.quarantined;
      ++report_.quarantined_by_reason[cleaned.why.reason];
      return quarantine_.reject(cleaned.why);
    }
    ++report_.clean;
    ++report_.by_kind[cleaned.record->kind];
    for (std::size_t i = 0; i < cleaned.counts.size(); ++i) {
      for (std::size_t j = 0; j < cleaned.counts[i].size(); ++j)
        report_.counts[i][j] += cleaned.counts[i][j];
    }
    return out_.accept(*cleaned.record);
  }

  BatchCleaner cleaner_;
  CleanSink& out_;
  DeidQuarantineSink& quarantine_;
  DeidReport report_;
};

}  // namespace

Result<DeidReport> run(const DeidOptions& options, Crosswalk& crosswalk, RawSource& in,
                       CleanSink& out, DeidQuarantineSink& quarantine, Progress& progress,
                       DeidCheckpoints* checkpoints) {
  RESIDENCY_TRY(const auto detector, Detector::open(options.detector));
  std::optional<CompiledRules> rules;
  if (!options.policy.elements.empty()) {
    RESIDENCY_TRY(rules, CompiledRules::compile(options.policy.elements));
  }
  Run run(options, *detector, crosswalk, out, quarantine, rules ? &*rules : nullptr);
  if (checkpoints != nullptr) {
    RESIDENCY_TRY(const auto done, checkpoints->last());
    if (done) {
      RESIDENCY_TRY_VOID(run.restore(*done));
      RESIDENCY_TRY_VOID(in.skip(done->report.records));
    }
  }
  BatchReader reader(in, options.threads);
  for (bool more = true; more;) {
    if (progress.cancelled()) return cancelled("de-identification was stopped");
    RESIDENCY_TRY(const Batch batch, reader.next());
    more = !batch.last;
    RESIDENCY_TRY_VOID(run.step(batch, progress));
    progress.update(run.report().records, 0, "records", "");
    if (more && checkpoints != nullptr && checkpoints->due()) {
      RESIDENCY_TRY_VOID(checkpoints->save(run.done()));
    }
  }
  DeidReport report = run.report();
  progress.update(report.records, report.records, "records", "");
  report.patients = crosswalk.patients();
  return report;
}

Result<void> RawSource::skip(std::uint64_t records) {
  ingest::RawRecord record;
  for (std::uint64_t i = 0; i < records; ++i) {
    RESIDENCY_TRY(const bool more, next(record));
    if (!more) return corrupt("the source has fewer records than were done before");
  }
  return {};
}

namespace {

Json method_reasons(const Policy& policy) {
  Json reasons = Json::array();
  for (const MethodObstacle& one : safe_harbor_obstacles(policy))
    reasons.push_back({{"subject", one.subject}, {"action", one.action}, {"why", one.why}});
  return reasons;
}

}  // namespace

Json certificate(const DeidOptions& options, const DeidReport& report) {
  const std::string policy = options.canonical_json();
  return {{"version", 1},
          {"policy", Json::parse(policy, nullptr, false)},
          {"policy_sha256", crypto::sha256_hex(policy)},
          {"method", options.policy.method()},
          {"method_reasons", method_reasons(options.policy)},
          {"zip3_census", zip_census_name(options.policy.zip_census)},
          {"reversible", options.policy.reversible},
          {"detector", kDetectorVersion},
          {"report", report.to_json()},
          {"actual_knowledge_attestation", {{"given", false}, {"by", nullptr}}},
          {"expert", options.policy.method() == "expert_determination"
                         ? Json{{"given", false}, {"by", nullptr}}
                         : Json()},
          {"expires_days", options.expires_days}};
}

}  // namespace residency::deid
