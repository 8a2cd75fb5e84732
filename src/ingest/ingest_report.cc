#include "ingest/ingest_report.h"

#include <fmt/format.h>

#include "ingest/note_type.h"

namespace residency::ingest {
namespace {

constexpr std::uint64_t kShownFrom = 5;

}  // namespace

Result<void> IngestReport::check() const {
  FileReport sum;
  for (const FileReport& file : files) {
    if (file.seen != file.records + file.quarantined + file.skipped) {
      return internal_error(
          fmt::format("ingest lost count: {} seen, {} records, {} quarantined, {} skipped in {}",
                      file.seen, file.records, file.quarantined, file.skipped, file.label));
    }
    sum.seen += file.seen;
    sum.records += file.records;
    sum.quarantined += file.quarantined;
    sum.skipped += file.skipped;
  }
  if (sum.seen != seen || sum.records != records || sum.quarantined != quarantined ||
      sum.skipped != skipped) {
    return internal_error("ingest lost count: the files do not add up to the whole");
  }
  return {};
}

Json IngestReport::to_json() const {
  Json list = Json::array();
  for (const FileReport& file : files) {
    list.push_back({{"label", file.label},
                    {"sha256", file.sha256},
                    {"bytes", file.bytes},
                    {"seen", file.seen},
                    {"records", file.records},
                    {"quarantined", file.quarantined},
                    {"skipped", file.skipped}});
  }
  std::map<std::string, std::uint64_t> types;
  for (const auto& [type, count] : notes_by_type) {
    types[is_known_note_type(type) || count >= kShownFrom ? type : "other"] += count;
  }
  return {{"files", list},
          {"bytes", bytes},
          {"seen", seen},
          {"records", records},
          {"quarantined", quarantined},
          {"skipped", skipped},
          {"patients", patients},
          {"files_ignored", files_ignored},
          {"links_not_followed", links_not_followed},
          {"identifiers_dropped", identifiers_dropped},
          {"references_unresolved", references_unresolved},
          {"records_by_kind", records_by_kind},
          {"records_by_resource_type", records_by_resource_type},
          {"notes_by_type", types},
          {"quarantined_by_reason", quarantined_by_reason},
          {"skipped_by_reason", skipped_by_reason}};
}

}  // namespace residency::ingest
