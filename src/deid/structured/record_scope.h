// RecordScope: what the walks over structured records share.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "deid/detect/detector.h"
#include "deid/transform/code_book.h"
#include "deid/transform/replacer.h"

namespace residency::deid {

/// What the walk over a record needs. `known` may be null.
struct RecordScope {
  const Detector& detector;
  const KnownPhi* known;
  Replacer& replacer;
  CodeBook& crosswalk;
  std::string_view patient_key;
  /// Displays of codes in which nothing was found: not looked at again.
  std::unordered_set<std::string>& harmless;
};

/// Text that anybody may have typed: through every layer of the detector.
Result<std::string> clean_free_text(std::string_view text, const RecordScope& scope);

/// The display of a code: the patterns alone, as most such words are no name wherever they stand.
Result<std::string> clean_terminology(std::string_view text, const RecordScope& scope);

/// A short token of ASCII without spaces, as codes are.
bool is_code_token(std::string_view text);

/// A short code token with too few digits to be anybody's number.
bool is_plain_token(std::string_view text);

/// Runs of characters that are read as one text, each with what parts it from the one before. What
/// is found across several is replaced whole in the first and left out of the others.
struct TextRun {
  std::string_view text;
  std::string_view before;
};
Result<std::vector<std::string>> clean_runs(const std::vector<TextRun>& runs,
                                            const RecordScope& scope);

}  // namespace residency::deid
