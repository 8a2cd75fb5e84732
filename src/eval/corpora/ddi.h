// DDI Extraction 2013: sentences with drugs and every pair of them.
#pragma once

#include <string>
#include <string_view>

#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// A pair's labels: "none" (ddi="false"), "advise", "effect", "mechanism", "int".
inline constexpr std::string_view kDdiNone = "none";

/// One XML file. Offsets are inclusive and count UTF-16 units (the corpus was written by Java);
/// "a-b;c-d" is discontinuous. An entity outside of the sentence is left out and counted, and so
/// are the pairs that name it; so is a pair whose ddi is neither "true" nor "false", or "true"
/// without one of the four types (the released training part has one such pair). An entity whose
/// "text" is not what stands at its offsets is counted and kept, for its pairs are gold. A sentence
/// that nothing is left of is still given.
Result<Corpus<PairSentence>> read_ddi(ByteSource& source, std::string_view name,
                                      const ReadOptions& options);

/// Every *.xml below a folder ("Train" or "Test", with "DrugBank" and "MedLine"), by name.
Result<Corpus<PairSentence>> read_ddi_folder(Env& env, const std::string& folder,
                                             const ReadOptions& options = {});

}  // namespace residency::eval::corpora
