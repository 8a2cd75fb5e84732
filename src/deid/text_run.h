// Texts without a workspace: the library call behind `residency deid text`.
#pragma once

#include <string>

#include "base/progress.h"
#include "base/result.h"
#include "deid/deid.h"

namespace residency::deid {

/// One text as a program has it. All of it may be PHI.
struct TextDocument {
  std::string id;
  std::string patient;  // the same for all texts of one patient; "" where nothing is known
  std::string text;     // UTF-8
};

/// Where texts come from.
class TextSource {
 public:
  virtual ~TextSource() = default;
  /// Reads the next into `document`; false at the end.
  virtual Result<bool> next(TextDocument& document) = 0;
};

/// What became of one text, in the order they came in.
class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual Result<void> clean(const std::string& id, const std::string& text) = 0;
  /// `reason` as in DeidQuarantineEntry. Nothing of the text is given.
  virtual Result<void> set_aside(const std::string& id, const std::string& reason) = 0;
};

/// De-identifies every text under a crosswalk of its own, which is gone afterwards: a patient's
/// pseudonyms, surrogates and shifts agree within this call and with no other. Memory does not grow
/// with the number of texts, only with that of patients. Errors: as run()'s.
Result<DeidReport> clean_texts(const DeidOptions& options, TextSource& in, TextSink& out,
                               Progress& progress);

}  // namespace residency::deid
