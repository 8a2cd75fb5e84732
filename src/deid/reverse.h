// Reversal: clean records led back to whom they are of, for the holder of the crosswalk's key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "deid/clean_record.h"
#include "deid/transform/crosswalk.h"
#include "ingest/phi_text.h"

namespace residency::deid {

/// A record with its values back. Everything in it is PHI.
struct ReversedRecord {
  std::string record_id;
  ingest::PhiText patient;    // the source's id; "" where the crosswalk kept none
  ingest::PhiText encounter;  // likewise
  ingest::PhiText text;
  ingest::PhiText structured;
  std::uint64_t restored = 0;    // values put back from what the crosswalk kept
  std::uint64_t decrypted = 0;   // values that were encrypted
  std::uint64_t unreadable = 0;  // codes that this key does not open: they stay as they are

  /// One line of JSON. It is PHI.
  ingest::PhiText to_json_line() const;
};

/// Tags, surrogates, shifted dates and hashes go back where the policy was reversible when the
/// record was made; encrypted values always do. What was redacted, pooled or generalised is gone.
/// A surrogate that stands for two values of its patient goes back to the first. Never changes the
/// crosswalk.
ReversedRecord reverse_record(const Crosswalk& crosswalk, const CleanRecord& record);

}  // namespace residency::deid
