#include "ingest/emitter.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "ingest/sha256.h"

namespace residency::ingest {
namespace {

constexpr std::string_view kSkips[] = {"duplicate", "no_resource", "no_content",
                                       "elsewhere", "roster",      "used_by_other"};

}  // namespace

void Emitter::begin_file(const SourceFile& file, std::string sha256) {
  file_ = &file;
  FileReport report;
  report.label = file.label;
  report.sha256 = std::move(sha256);
  report.bytes = file.bytes;
  report_.bytes += file.bytes;
  report_.files.push_back(std::move(report));
}

void Emitter::unit() {
  ++current().seen;
  ++report_.seen;
}

Result<void> Emitter::accept(RawRecord record, std::uint64_t line, std::string field) {
  record.source.file = PhiText(file_->relative);
  record.source.file_sha256 = current().sha256;
  record.source.line = line;
  record.source.field = std::move(field);
  Sha256 digest;
  digest.update(fmt::format("{}\n{}\n{}\n{}\n", file_->relative, record.source.file_sha256, line,
                            record.source.field));
  digest.update(record.text.reveal());
  digest.update("\n");
  digest.update(record.structured.reveal());
  record.record_id = "r-" + digest.hex().substr(0, 16);
  ++current().records;
  ++report_.records;
  ++report_.records_by_kind[std::string(record_kind_name(record.kind))];
  if (!record.resource_type.empty()) ++report_.records_by_resource_type[record.resource_type];
  if (record.kind == RecordKind::kNote) ++report_.notes_by_type[record.note_type];
  if (!record.patient_key.empty()) {
    patients_.insert(sha256_hex(record.patient_key.reveal()).substr(0, 32));
  }
  return records_.accept(record);
}

Result<void> Emitter::reject(QuarantineReason reason, std::uint64_t line, std::string field,
                             std::string detail, std::string_view raw, std::string_view id,
                             std::uint64_t raw_bytes) {
  QuarantineEntry entry;
  entry.source.file = PhiText(file_->relative);
  entry.source.file_sha256 = current().sha256;
  entry.source.line = line;
  entry.source.field = field;
  entry.reason = reason;
  entry.field = std::move(field);
  entry.detail = std::move(detail);
  if (!id.empty()) entry.id_digest = sha256_hex(id).substr(0, 16);
  entry.raw = PhiText(std::string(raw.substr(0, kQuarantineRawBytesMax)));
  entry.raw_bytes = std::max<std::uint64_t>(raw_bytes, raw.size());
  ++current().quarantined;
  ++report_.quarantined;
  ++report_.quarantined_by_reason[std::string(quarantine_reason_name(reason))];
  return quarantine_.reject(entry);
}

void Emitter::skip(SkipReason reason) {
  ++current().skipped;
  ++report_.skipped;
  ++report_.skipped_by_reason[std::string(kSkips[static_cast<std::size_t>(reason)])];
}

Emitter::Seen Emitter::note_id(std::string_view id, std::string_view content) {
  const auto [place, fresh] =
      ids_.try_emplace(sha256_hex(id).substr(0, 32), sha256_hex(content).substr(0, 16));
  if (fresh) return Seen::kNew;
  return place->second == sha256_hex(content).substr(0, 16) ? Seen::kSame : Seen::kDiffers;
}

IngestReport Emitter::take_report() {
  report_.patients = patients_.size();
  return std::move(report_);
}

}  // namespace residency::ingest
