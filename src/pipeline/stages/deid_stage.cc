#include <fmt/format.h>

#include "deid/deid.h"
#include "deid/survey.h"
#include "deid/transform/crosswalk_vault.h"
#include "ingest/raw_record.h"
#include "pipeline/stages/artifact_parts.h"
#include "pipeline/stages/deid_checkpoints.h"
#include "pipeline/stages/stages.h"

namespace residency::pipeline {
namespace {

constexpr char kOldCrosswalkState[] = "crosswalk";  // of workspaces made before the vault

class RawFromArtifact final : public deid::RawSource {
 public:
  explicit RawFromArtifact(std::unique_ptr<LineSource> lines) : lines_(std::move(lines)) {}
  Result<bool> next(ingest::RawRecord& record) override {
    std::string line;
    RESIDENCY_TRY(const bool more, lines_->next(line));
    if (!more) return false;
    RESIDENCY_TRY(record, ingest::raw_record_from_json_line(ingest::PhiText(std::move(line))));
    return true;
  }
  Result<void> skip(std::uint64_t records) override {
    std::string line;
    for (std::uint64_t i = 0; i < records; ++i) {
      RESIDENCY_TRY(const bool more, lines_->next(line));
      if (!more) return corrupt("the raw corpus has fewer records than were done before");
    }
    return {};
  }

 private:
  std::unique_ptr<LineSource> lines_;
};

/// Writes to the artifact and to the job's next checkpoint.
class CleanToArtifact final : public deid::CleanSink, public LineSink {
 public:
  CleanToArtifact(store::ArtifactWriter& writer, StateDeidCheckpoints& checkpoints)
      : writer_(writer), checkpoints_(checkpoints) {}
  Result<void> accept(const deid::CleanRecord& record) override {
    const std::string line = deid::to_json_line(record);
    checkpoints_.took_clean(line);
    return write(line);
  }
  Result<void> write(std::string_view line) override { return writer_.lines().write(line); }

 private:
  store::ArtifactWriter& writer_;
  StateDeidCheckpoints& checkpoints_;
};

class QuarantineToArtifact final : public deid::DeidQuarantineSink, public LineSink {
 public:
  QuarantineToArtifact(QuarantineArtifact& artifact, StateDeidCheckpoints& checkpoints)
      : artifact_(artifact), checkpoints_(checkpoints) {}
  Result<void> reject(const deid::DeidQuarantineEntry& entry) override {
    const std::string line = dump_json(
        {{"record", entry.record_id}, {"reason", entry.reason}, {"detail", entry.detail}});
    checkpoints_.took_aside(line);
    return write(line);
  }
  Result<void> write(std::string_view line) override { return artifact_.add(line); }

 private:
  QuarantineArtifact& artifact_;
  StateDeidCheckpoints& checkpoints_;
};

/// Gives the total that the raw corpus names, so that progress has an end.
class CountedProgress final : public Progress {
 public:
  CountedProgress(Progress& inner, std::uint64_t total) : inner_(inner), total_(total) {}
  void update(std::uint64_t done, std::uint64_t total, std::string_view unit,
              std::string_view note) override {
    inner_.update(done, total > 0 ? total : total_, unit, note);
  }
  bool cancelled() const override { return inner_.cancelled(); }

 private:
  Progress& inner_;
  std::uint64_t total_;
};

Result<void> validate(const ConfigNode& options) {
  auto parsed = deid::DeidOptions::from_config(options);
  if (!parsed.ok()) return parsed.error();
  return {};
}

/// The files that the policy names, and which crosswalk it is: after a shredding, old corpora don't
/// stand for new ones.
Result<std::string> fingerprint(store::Workspace& workspace, const ConfigNode& options) {
  RESIDENCY_TRY(const auto parsed, deid::DeidOptions::from_config(options));
  RESIDENCY_TRY(const std::string generation,
                deid::CrosswalkVault::generation(
                    workspace.env(), deid::CrosswalkPlace::of_workspace(workspace.root())));
  const deid::Policy& policy = parsed.policy;
  const bool reads_files =
      !policy.file_sha256.empty() || !policy.hash_key.empty() || !policy.elements.empty();
  return (reads_files ? dump_json(policy.to_json()) : std::string()) + generation;
}

/// The workspace's vault; made where there is none, from what an older workspace kept if it did.
Result<std::unique_ptr<deid::CrosswalkVault>> open_vault(store::Workspace& workspace) {
  const auto place = deid::CrosswalkPlace::of_workspace(workspace.root());
  if (!deid::CrosswalkVault::exists(workspace.env(), place)) {
    RESIDENCY_TRY(const auto state, workspace.get_state(kOldCrosswalkState));
    if (state) {
      RESIDENCY_TRY(const std::string secret, workspace.secret("crosswalk"));
      RESIDENCY_TRY_VOID(deid::CrosswalkVault::adopt(workspace.env(), place, secret, *state));
    }
    RESIDENCY_TRY_VOID(deid::CrosswalkVault::create(workspace.env(), place));
  }
  RESIDENCY_TRY_VOID(workspace.remove_state(kOldCrosswalkState));
  return deid::CrosswalkVault::open(workspace.env(), place);
}

Result<std::vector<std::string>> run(StageContext& context) {
  RESIDENCY_TRY(const auto options, deid::DeidOptions::from_config(context.options));
  RESIDENCY_TRY(const auto raw, context.input("corpus.raw"));
  RESIDENCY_TRY(const auto vault, open_vault(context.workspace));
  RESIDENCY_TRY(const std::string before, vault->state());
  RESIDENCY_TRY(auto checkpoints,
                StateDeidCheckpoints::open(context.workspace, context.job.id, before, vault.get()));
  RESIDENCY_TRY(auto crosswalk, vault->load_at(checkpoints.crosswalk_state()));
  checkpoints.watch(crosswalk);
  crosswalk.keep_originals(options.policy.reversible);
  RESIDENCY_TRY(auto first_look, context.workspace.read_lines(raw.id, "records.jsonl"));
  RawFromArtifact surveyed(std::move(first_look));
  RESIDENCY_TRY(auto real, deid::survey(surveyed, context.progress));
  crosswalk.avoid(std::move(real));
  RESIDENCY_TRY(auto lines, context.workspace.read_lines(raw.id, "records.jsonl"));
  RawFromArtifact source(std::move(lines));
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  RESIDENCY_TRY_VOID(writer->begin("records.jsonl"));
  CleanToArtifact clean(*writer, checkpoints);
  QuarantineArtifact set_aside(context);
  QuarantineToArtifact quarantine(set_aside, checkpoints);
  RESIDENCY_TRY_VOID(checkpoints.replay(clean, quarantine));
  const auto records = raw.counts.find("records");
  CountedProgress progress(context.progress, records == raw.counts.end()
                                                 ? 0
                                                 : static_cast<std::uint64_t>(records->second));
  RESIDENCY_TRY(const auto report,
                deid::run(options, crosswalk, source, clean, quarantine, progress, &checkpoints));
  // The crosswalk is kept before the corpus that needs it can be seen.
  RESIDENCY_TRY_VOID(vault->save(crosswalk));
  RESIDENCY_TRY_VOID(writer->begin("report.json"));
  RESIDENCY_TRY_VOID(writer->append(dump_json(report.to_json())));
  auto manifest = context.manifest("corpus.clean", {raw.id});
  manifest.counts = {{"records", static_cast<std::int64_t>(report.records)},
                     {"clean", static_cast<std::int64_t>(report.clean)},
                     {"quarantined", static_cast<std::int64_t>(report.quarantined)},
                     {"patients", static_cast<std::int64_t>(report.patients)}};
  manifest.properties = {{"certificate", deid::certificate(options, report)}};
  RESIDENCY_TRY(const auto committed, writer->commit(std::move(manifest)));
  std::vector<std::string> outputs{committed.id};
  RESIDENCY_TRY_VOID(set_aside.commit(raw.id, outputs));
  RESIDENCY_TRY_VOID(checkpoints.remove_all());
  return outputs;
}

}  // namespace

Stage deid_stage() {
  return {"deid", "remove protected health information", 3, {"corpus.raw"}, validate, fingerprint,
          run};
}

}  // namespace residency::pipeline
