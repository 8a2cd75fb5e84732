#include <fmt/format.h>

#include "crypto/sha256.h"
#include "ingest/ingest.h"
#include "pipeline/stages/artifact_parts.h"
#include "pipeline/stages/file_digest.h"
#include "pipeline/stages/stages.h"
#include "pipeline/stages/synth_folder.h"

namespace residency::pipeline {
namespace {

class RecordsToArtifact final : public ingest::RecordSink {
 public:
  explicit RecordsToArtifact(store::ArtifactWriter& writer) : writer_(writer) {}
  Result<void> accept(const ingest::RawRecord& record) override {
    return writer_.lines().write(ingest::to_json_line(record).reveal());
  }

 private:
  store::ArtifactWriter& writer_;
};

class QuarantineToArtifact final : public ingest::QuarantineSink {
 public:
  explicit QuarantineToArtifact(QuarantineArtifact& artifact) : artifact_(artifact) {}
  Result<void> reject(const ingest::QuarantineEntry& entry) override {
    return artifact_.add(ingest::to_json_line(entry).reveal());
  }

 private:
  QuarantineArtifact& artifact_;
};

Result<void> validate(const ConfigNode& options) {
  auto parsed = ingest::IngestOptions::from_config(options);
  if (!parsed.ok()) return parsed.error();
  return {};
}

Result<std::string> fingerprint(store::Workspace& workspace, const ConfigNode& options) {
  RESIDENCY_TRY(const auto parsed, ingest::IngestOptions::from_config(options));
  crypto::Sha256 hash;
  for (const ingest::SourceOptions& source : parsed.sources) {
    // What synth made is known by its artifact, which is an input of the job.
    if (source.path.rfind("synth:", 0) == 0) continue;
    RESIDENCY_TRY(const std::string digest, tree_sha256(workspace.env(), source.path));
    hash.update(digest + "\n");
  }
  return hash.finish_hex();
}

/// One line per source file: label, digest, size and what became of its units.
std::string list_files(const ingest::IngestReport& report) {
  std::string lines;
  for (const ingest::FileReport& file : report.files) {
    lines += dump_json({{"file", file.label},
                        {"sha256", file.sha256},
                        {"bytes", file.bytes},
                        {"seen", file.seen},
                        {"records", file.records},
                        {"quarantined", file.quarantined},
                        {"skipped", file.skipped}}) +
             "\n";
  }
  return lines;
}

Result<store::Manifest> write_sources(StageContext& context, const ingest::IngestReport& report) {
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  RESIDENCY_TRY_VOID(writer->begin("files.jsonl"));
  RESIDENCY_TRY_VOID(writer->append(list_files(report)));
  std::vector<std::string> parents;
  RESIDENCY_TRY(const auto synthetic, context.optional_input("source"));
  if (synthetic) parents.push_back(synthetic->id);
  auto manifest = context.manifest("sources", std::move(parents));
  manifest.counts = {{"files", static_cast<std::int64_t>(report.files.size())},
                     {"bytes", static_cast<std::int64_t>(report.bytes)}};
  return writer->commit(std::move(manifest));
}

Result<std::vector<std::string>> run(StageContext& context) {
  RESIDENCY_TRY(auto options, ingest::IngestOptions::from_config(context.options));
  for (ingest::SourceOptions& source : options.sources) {
    RESIDENCY_TRY(source.path, resolve_synth_path(context, source.path));
  }
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  RESIDENCY_TRY_VOID(writer->begin("records.jsonl"));
  RecordsToArtifact records(*writer);
  QuarantineArtifact set_aside(context);
  QuarantineToArtifact quarantine(set_aside);
  RESIDENCY_TRY(const auto report, ingest::run(context.workspace.env(), options, records,
                                               quarantine, context.progress));
  RESIDENCY_TRY_VOID(report.check());
  RESIDENCY_TRY(const auto sources, write_sources(context, report));
  RESIDENCY_TRY_VOID(writer->begin("report.json"));
  RESIDENCY_TRY_VOID(writer->append(dump_json(report.to_json())));
  auto manifest = context.manifest("corpus.raw", {sources.id});
  manifest.counts = {{"seen", static_cast<std::int64_t>(report.seen)},
                     {"records", static_cast<std::int64_t>(report.records)},
                     {"quarantined", static_cast<std::int64_t>(report.quarantined)},
                     {"skipped", static_cast<std::int64_t>(report.skipped)},
                     {"patients", static_cast<std::int64_t>(report.patients)}};
  std::int64_t notes = 0;
  for (const auto& [type, count] : report.notes_by_type) notes += static_cast<std::int64_t>(count);
  manifest.counts["notes"] = notes;
  RESIDENCY_TRY(const auto raw, writer->commit(std::move(manifest)));
  std::vector<std::string> outputs{raw.id};
  RESIDENCY_TRY_VOID(set_aside.commit(sources.id, outputs));
  return outputs;
}

}  // namespace

Stage ingest_stage() {
  return {"ingest", "read clinical records", 1, {"source?"}, validate, fingerprint, run};
}

}  // namespace residency::pipeline
