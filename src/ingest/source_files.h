// The files of the sources, in the order in which they are read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/env.h"
#include "ingest/ingest_options.h"

namespace residency::ingest {

enum class FileFormat : unsigned char {
  kFhirBundle,
  kFhirNdjson,
  kNote,
  kHtmlNote,
  kCsv,
  kJsonl,
  kHl7v2,
  kCcda,
};

struct SourceFile {
  std::string path;      // to open
  std::string relative;  // below the source's root; PHI
  std::string label;     // safe_file_label(relative)
  FileFormat format = FileFormat::kNote;
  bool gzip = false;
  bool tabs = false;  // CSV parted by tabs
  std::uint64_t bytes = 0;
  std::size_t source = 0;  // index in IngestOptions::sources
};

struct SourceListing {
  std::vector<SourceFile> files;  // by source, then by path, bytewise
  std::uint64_t ignored = 0;      // files that no format takes, or that the globs leave out
  std::uint64_t links_not_followed = 0;
};

/// Lists every source. kNotFound where a path is missing; kInvalidInput where a source holds
/// nothing that can be read, saying what was looked for; kResourceExhausted past files_max.
/// Symbolic links below a root are not followed; folders deeper than 32 are refused.
Result<SourceListing> list_sources(Env& env, const IngestOptions& options);

}  // namespace residency::ingest
