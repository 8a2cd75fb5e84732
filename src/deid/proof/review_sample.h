// ReviewSample: clean notes drawn for people to read, in one encrypted file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::deid {

struct ReviewDocument {
  std::string record_id;
  std::string note_type;
  std::string text;  // de-identified, as far as is known: what the review is to find out
};

struct ReviewSample {
  std::string corpus;              // the clean corpus' id
  std::string seed;                // what was drawn with
  std::uint64_t corpus_notes = 0;  // it was drawn from so many
  std::vector<ReviewDocument> documents;
};

/// Draws `count` of `all`, of every type in its share (largest remainders), within a type by the
/// order of a digest of `seed` and the record's id: equal input, equal sample. All where there are
/// no more than `count`.
std::vector<ReviewDocument> draw(std::vector<ReviewDocument> all, std::size_t count,
                                 std::string_view seed);

/// AES-256-GCM under a key from the passphrase (scrypt), which must have 12 bytes at least.
Result<std::string> seal_sample(const ReviewSample& sample, const std::string& passphrase);
/// kUnauthenticated for another passphrase or changed bytes, kInvalidInput for no such file.
Result<ReviewSample> open_sample(std::string_view bytes, const std::string& passphrase);

}  // namespace residency::deid
