// brat standoff: a text file and beside it one of annotations. MACCROBAT, n2c2 2018 and 2022.
#pragma once

#include <string>
#include <string_view>

#include "base/env.h"
#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// One document. T lines are entities (offsets in code points, "a b;c d" discontinuous); N lines
/// add concepts; R lines are relations of (role, T id); E lines are relations whose type is the
/// event's, with the trigger as argument "Trigger" and events named by their triggers; "*" lines
/// are relations whose arguments have the role "Arg". Attributes (A, M) and notes (#) are passed
/// over. A line that is none of these, an entity outside of the text or with other words, and an
/// argument that names no entity are left out and counted.
Result<Corpus<Document>> read_brat(std::string_view id, std::string text, ByteSource& annotations,
                                   std::string_view name, const ReadOptions& options);

/// Every *.ann below a folder with the *.txt beside it. A missing text is counted as bad.
Result<Corpus<Document>> read_brat_folder(Env& env, const std::string& folder,
                                          const ReadOptions& options = {});

}  // namespace residency::eval::corpora
