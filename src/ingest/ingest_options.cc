#include "ingest/ingest_options.h"

#include <fmt/format.h>

#include "base/json.h"
#include "ingest/text_encoding.h"

namespace residency::ingest {
namespace {

constexpr std::size_t kSourcesMax = 1000;
constexpr std::int64_t kGiB = 1ll << 30;
constexpr std::int64_t kLineBytesLimit = 24ll << 20;  // a record must stay under kLineBytesMax
constexpr std::int64_t kTextBytesLimit = 8ll << 20;

Result<ColumnMap> columns_of(const ConfigNode& node, const std::string& path) {
  ConfigReader reader(node, path + "columns.");
  ColumnMap columns;
  columns.text = reader.text("text", "");
  columns.patient_id = reader.text("patient_id", "");
  columns.encounter_id = reader.text("encounter_id", "");
  columns.note_type = reader.text("note_type", "");
  columns.id = reader.text("id", "");
  const ConfigNode identifiers = reader.child("identifiers");
  if (identifiers.is_map()) {
    for (const auto& [column, value] : identifiers.members()) {
      const auto phi_class = phi_class_named(value.is_scalar() ? value.scalar() : "");
      if (phi_class) {
        columns.identifiers[column] = *phi_class;
      } else {
        reader.problem("identifiers", "must map columns to PHI classes such as PATIENT_NAME");
      }
    }
  } else {
    reader.problem("identifiers", "must be a map of columns to PHI classes");
  }
  RESIDENCY_TRY_VOID(reader.finish());
  return columns;
}

Result<SourceOptions> source_of(const ConfigNode& node, std::size_t index) {
  const std::string path = fmt::format("ingest.sources[{}].", index);
  ConfigReader reader(node, path);
  SourceOptions source;
  source.path = reader.text_required("path");
  source.format = reader.choice(
      "format", {"auto", "fhir_bundle", "fhir_ndjson", "notes", "csv", "jsonl", "hl7v2", "ccda"},
      "auto");
  auto columns = columns_of(reader.child("columns"), path);
  if (columns.ok()) {
    source.columns = std::move(columns).value();
  } else {
    reader.absorb(Result<void>(columns.error()));
  }
  source.include = reader.texts("include", {});
  source.exclude = reader.texts("exclude", {});
  source.encoding = reader.choice("encoding", {"utf-8", "latin1", "windows-1252"}, "utf-8");
  source.note_type = reader.text("note_type", "");
  source.patient_from = reader.choice("patient_from", {"none", "folder", "file"}, "none");
  source.roster = reader.flag("roster", false);
  RESIDENCY_TRY_VOID(reader.finish());
  return source;
}

}  // namespace

Result<IngestOptions> IngestOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "ingest.");
  IngestOptions options;
  const ConfigNode sources = reader.child("sources");
  if (!sources.is_sequence() || sources.items().empty()) {
    reader.problem("sources", "must be a list of at least one source");
  } else if (sources.items().size() > kSourcesMax) {
    reader.problem("sources", "has more than 1000 sources");
  } else {
    std::size_t index = 0;
    for (const ConfigNode& item : sources.items()) {
      auto source = source_of(item, index++);
      if (source.ok()) {
        options.sources.push_back(std::move(source).value());
      } else {
        reader.absorb(Result<void>(source.error()));
      }
    }
  }
  ConfigReader limits(reader.child("limits"), "ingest.limits.");
  const auto bytes = [&](std::string_view key, std::uint64_t fallback, std::int64_t maximum) {
    return static_cast<std::uint64_t>(
        limits.integer(key, static_cast<std::int64_t>(fallback), 1024, maximum));
  };
  IngestLimits& bound = options.limits;
  bound.bundle_bytes_max = bytes("bundle_bytes_max", bound.bundle_bytes_max, 4 * kGiB);
  bound.line_bytes_max = bytes("line_bytes_max", bound.line_bytes_max, kLineBytesLimit);
  bound.text_bytes_max = bytes("text_bytes_max", bound.text_bytes_max, kTextBytesLimit);
  bound.expanded_bytes_max = bytes("expanded_bytes_max", bound.expanded_bytes_max, 4096 * kGiB);
  bound.files_max = limits.integer("files_max", bound.files_max, 1, 100'000'000);
  reader.absorb(limits.finish());
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

std::string IngestOptions::canonical_json() const {
  Json list = Json::array();
  for (const SourceOptions& source : sources) {
    Json identifiers = Json::object();
    for (const auto& [column, phi_class] : source.columns.identifiers) {
      identifiers[column] = phi_class_name(phi_class);
    }
    list.push_back({{"path", source.path},
                    {"format", source.format},
                    {"columns",
                     {{"text", source.columns.text},
                      {"patient_id", source.columns.patient_id},
                      {"encounter_id", source.columns.encounter_id},
                      {"note_type", source.columns.note_type},
                      {"id", source.columns.id},
                      {"identifiers", identifiers}}},
                    {"include", source.include},
                    {"exclude", source.exclude},
                    {"encoding", source.encoding},
                    {"note_type", source.note_type},
                    {"patient_from", source.patient_from},
                    {"roster", source.roster}});
  }
  return dump_json(Json{{"sources", list},
                        {"limits",
                         {{"bundle_bytes_max", limits.bundle_bytes_max},
                          {"line_bytes_max", limits.line_bytes_max},
                          {"text_bytes_max", limits.text_bytes_max},
                          {"expanded_bytes_max", limits.expanded_bytes_max},
                          {"files_max", limits.files_max}}}});
}

bool glob_matches(std::string_view glob, std::string_view path) {
  std::size_t g = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (p < path.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      retry = p;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == path[p])) {
      ++g;
      ++p;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      p = ++retry;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace residency::ingest
