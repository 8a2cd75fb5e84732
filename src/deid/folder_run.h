// Files without a workspace: the library call behind `residency deid folder`.
#pragma once

#include <string>

#include "base/env.h"
#include "base/progress.h"
#include "base/result.h"
#include "deid/deid.h"
#include "ingest/ingest.h"

namespace residency::deid {

/// What became of the files.
struct FolderReport {
  ingest::IngestReport read;
  DeidReport cleaned;
};

/// De-identifies all that the sources hold into the folder `out`, which must not exist:
/// notes.jsonl, resources.ndjson, rows.jsonl, messages.hl7 and documents/ID.xml, as far as there
/// are such records; unread.jsonl and quarantine.jsonl, which name by source, line and reason what
/// could not be read or cleaned, without its text; certificate.json. The sources are read twice,
/// first for the values that no surrogate may equal. The crosswalk is random and gone afterwards.
/// Memory does not grow with the records. The folder is there whole or not at all. Errors: as
/// ingest::run()'s and run()'s, and kAlreadyExists.
Result<FolderReport> clean_folder(Env& env, const ingest::IngestOptions& sources,
                                  const DeidOptions& options, const std::string& out,
                                  Progress& progress);

}  // namespace residency::deid
