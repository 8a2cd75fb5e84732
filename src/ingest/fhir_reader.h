// FhirReader: FHIR documents into records (second reading), or into the index (first reading).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/emitter.h"
#include "ingest/fhir_document.h"
#include "ingest/fhir_index.h"
#include "ingest/fhir_note.h"

namespace residency::ingest {

/// First reading: adds each resource of a document that can be read; what cannot is left to the
/// second.
void index_fhir_document(std::string_view text, FhirIndex& index);

class FhirReader {
 public:
  FhirReader(const FhirIndex& index, const IngestLimits& limits, Emitter& emitter)
      : index_(index), limits_(limits), emitter_(emitter) {}

  /// A bundle or one resource; `line` is 0 where the file is the document.
  Result<void> document(std::string_view text, std::uint64_t line);

 private:
  struct Where {
    std::uint64_t line = 0;
    std::string prefix;  // "entry[3].resource."
  };
  Result<void> entry(std::string_view text, std::size_t number, std::uint64_t line);
  Result<void> resource(Json resource, std::string_view full_url, std::string_view raw,
                        const Where& where);
  Result<void> attachment(const NotePlace& place, const Json& resource, const FhirLinks& links,
                          const std::string& id, const Where& where);
  Result<void> note(std::string text, const Json& resource, const FhirLinks& links,
                    const std::string& field, const Where& where);
  void find_binaries(const std::vector<std::string_view>& entries);

  const FhirIndex& index_;
  const IngestLimits& limits_;
  Emitter& emitter_;
  std::map<std::string, std::string_view> binaries_;  // of the open bundle, by key and full URL
  std::set<std::string> used_binaries_;               // keys
};

}  // namespace residency::ingest
