#include "ingest/source_files.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "base/json.h"
#include "ingest/byte_reader.h"
#include "ingest/line_reader.h"
#include "ingest/safe_file_label.h"

namespace residency::ingest {
namespace {

constexpr int kDepthMax = 32;
constexpr std::size_t kPeekBytesMax = 1u << 20;

struct Extension {
  std::string_view ending;
  FileFormat format;
  bool compressible;
};

constexpr Extension kExtensions[] = {
    {".json", FileFormat::kFhirBundle, false}, {".ndjson", FileFormat::kFhirNdjson, true},
    {".jsonl", FileFormat::kJsonl, true},      {".csv", FileFormat::kCsv, true},
    {".tsv", FileFormat::kCsv, true},          {".txt", FileFormat::kNote, false},
    {".text", FileFormat::kNote, false},       {".html", FileFormat::kHtmlNote, false},
    {".htm", FileFormat::kHtmlNote, false},    {".xhtml", FileFormat::kHtmlNote, false},
    {".hl7", FileFormat::kHl7v2, true},        {".er7", FileFormat::kHl7v2, true},
    {".xml", FileFormat::kCcda, false},        {".ccda", FileFormat::kCcda, false},
    {".cda", FileFormat::kCcda, false},
};

bool is_link(const std::string& path) {
  // Env has no way to ask: it would follow the link.
  std::error_code code;
  return std::filesystem::is_symlink(std::filesystem::symlink_status(path, code));
}

std::string_view looked_for(const std::string& format) {
  if (format == "fhir_bundle") return "*.json";
  if (format == "fhir_ndjson") return "*.ndjson, *.jsonl (or .gz of these)";
  if (format == "notes") return "*.txt, *.text, *.html, *.htm, *.xhtml";
  if (format == "csv") return "*.csv, *.tsv (or .gz of these)";
  if (format == "jsonl") return "*.jsonl, *.ndjson (or .gz of these)";
  if (format == "hl7v2") return "*.hl7, *.er7 (or .gz of these)";
  if (format == "ccda") return "*.xml, *.ccda, *.cda";
  return "*.json, *.ndjson, *.jsonl, *.csv, *.tsv, *.txt, *.text, *.html, *.htm, *.xhtml, "
         "*.hl7, *.er7, *.xml, *.ccda, *.cda";
}

// The format of a file named `name` under a source of `format`, where it takes such files.
std::optional<SourceFile> recognise(std::string_view name, const std::string& format) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  SourceFile file;
  if (lower.ends_with(".gz")) {
    file.gzip = true;
    lower.resize(lower.size() - 3);
  }
  for (const Extension& extension : kExtensions) {
    if (!lower.ends_with(extension.ending) || (file.gzip && !extension.compressible)) continue;
    file.format = extension.format;
    file.tabs = extension.ending == ".tsv";
    const bool lines = file.format == FileFormat::kJsonl || file.format == FileFormat::kFhirNdjson;
    if (lines && format == "fhir_ndjson") file.format = FileFormat::kFhirNdjson;
    if (lines && format == "jsonl") file.format = FileFormat::kJsonl;
    const bool note = file.format == FileFormat::kNote || file.format == FileFormat::kHtmlNote;
    const bool taken =
        format == "auto" || (format == "fhir_bundle" && file.format == FileFormat::kFhirBundle) ||
        (format == "fhir_ndjson" && file.format == FileFormat::kFhirNdjson) ||
        (format == "notes" && note) || (format == "csv" && file.format == FileFormat::kCsv) ||
        (format == "jsonl" && file.format == FileFormat::kJsonl) ||
        (format == "hl7v2" && file.format == FileFormat::kHl7v2) ||
        (format == "ccda" && file.format == FileFormat::kCcda);
    return taken ? std::optional(file) : std::nullopt;
  }
  return std::nullopt;
}

// A file whose name tells nothing, named by the user with its format.
std::optional<SourceFile> forced(const std::string& format) {
  SourceFile file;
  if (format == "auto") return std::nullopt;
  if (format == "fhir_bundle") file.format = FileFormat::kFhirBundle;
  if (format == "fhir_ndjson") file.format = FileFormat::kFhirNdjson;
  if (format == "csv") file.format = FileFormat::kCsv;
  if (format == "jsonl") file.format = FileFormat::kJsonl;
  if (format == "hl7v2") file.format = FileFormat::kHl7v2;
  if (format == "ccda") file.format = FileFormat::kCcda;
  return file;
}

// Tells FHIR NDJSON from other JSON lines by the first line, whatever the name says.
Result<void> look_inside(Env& env, SourceFile& file) {
  if (file.format != FileFormat::kJsonl && file.format != FileFormat::kFhirNdjson) return {};
  RESIDENCY_TRY(auto bytes, ByteReader::open(env, file.path, file.gzip, 64u << 20));
  LineReader lines(*bytes, kPeekBytesMax);
  TextLine line;
  const auto more = lines.next(line);
  if (!more.ok() || !more.value()) return {};  // reading it for good will say what is wrong
  const auto json = parse_json(line.text);
  if (!json.ok()) return {};
  file.format = json->contains("resourceType") ? FileFormat::kFhirNdjson : FileFormat::kJsonl;
  return {};
}

class Lister {
 public:
  Lister(Env& env, const IngestOptions& options) : env_(env), options_(options) {}

  Result<SourceListing> list() {
    for (std::size_t i = 0; i < options_.sources.size(); ++i) RESIDENCY_TRY_VOID(source(i));
    return std::move(listing_);
  }

 private:
  Result<void> source(std::size_t index) {
    const SourceOptions& source = options_.sources[index];
    if (!env_.exists(source.path)) return not_found("source does not exist: " + source.path);
    std::error_code code;
    const std::size_t before = listing_.files.size();
    if (std::filesystem::is_directory(source.path, code)) {
      RESIDENCY_TRY_VOID(folder(index, source.path, "", 0));
      std::sort(listing_.files.begin() + static_cast<std::ptrdiff_t>(before), listing_.files.end(),
                [](const SourceFile& a, const SourceFile& b) { return a.relative < b.relative; });
    } else {
      const std::size_t slash = source.path.find_last_of('/');
      const std::string name =
          slash == std::string::npos ? source.path : source.path.substr(slash + 1);
      auto file = recognise(name, source.format);
      if (!file) file = forced(source.format);
      if (file) RESIDENCY_TRY_VOID(take(index, *std::move(file), source.path, name));
    }
    if (listing_.files.size() == before) {
      return invalid_input(fmt::format("nothing to read in source; looked for {} under: {}",
                                       looked_for(source.format), source.path));
    }
    return {};
  }

  Result<void> folder(std::size_t index, const std::string& path, const std::string& below,
                      int depth) {
    const SourceOptions& source = options_.sources[index];
    if (depth > kDepthMax) {
      return invalid_input("folders are nested deeper than 32 in source: " + source.path);
    }
    const auto listed = env_.list(path);
    if (!listed.ok()) {  // the message would name the folder, which may hold a name
      return Error(listed.error().code(), "cannot list a folder of source: " + source.path);
    }
    const auto& entries = listed.value();
    for (const DirEntry& entry : entries) {
      const std::string full = path + "/" + entry.name;
      const std::string relative = below.empty() ? entry.name : below + "/" + entry.name;
      if (is_link(full)) {
        ++listing_.links_not_followed;
      } else if (entry.is_directory) {
        RESIDENCY_TRY_VOID(folder(index, full, relative, depth + 1));
      } else {
        auto file =
            entry.name.starts_with(".") ? std::nullopt : recognise(entry.name, source.format);
        if (file && wanted(source, relative)) {
          RESIDENCY_TRY_VOID(take(index, *std::move(file), full, relative));
        } else {
          ++listing_.ignored;
        }
      }
    }
    return {};
  }

  static bool wanted(const SourceOptions& source, const std::string& relative) {
    const auto matches = [&](const std::string& glob) { return glob_matches(glob, relative); };
    const bool included = source.include.empty() ||
                          std::any_of(source.include.begin(), source.include.end(), matches);
    return included && std::none_of(source.exclude.begin(), source.exclude.end(), matches);
  }

  Result<void> take(std::size_t index, SourceFile file, const std::string& path,
                    const std::string& relative) {
    if (static_cast<std::int64_t>(listing_.files.size()) >= options_.limits.files_max) {
      return resource_exhausted(
          fmt::format("more files than ingest.limits.files_max = {}", options_.limits.files_max));
    }
    file.path = path;
    file.relative = relative;
    file.label = safe_file_label(relative);
    file.source = index;
    std::error_code code;
    const auto size = std::filesystem::file_size(path, code);
    file.bytes = code ? 0 : size;
    if (options_.sources[index].format == "auto") {
      auto looked = look_inside(env_, file);
      if (!looked.ok())
        return Error(looked.error().code(), "cannot read source file: " + file.label);
    }
    listing_.files.push_back(std::move(file));
    return {};
  }

  Env& env_;
  const IngestOptions& options_;
  SourceListing listing_;
};

}  // namespace

Result<SourceListing> list_sources(Env& env, const IngestOptions& options) {
  return Lister(env, options).list();
}

}  // namespace residency::ingest
