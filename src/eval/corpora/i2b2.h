// i2b2 and n2c2 layouts: concepts and relations by line and token (2010), XML with tags (2014).
// n2c2 2018 and 2022 are brat: see brat.h.
#pragma once

#include <string>
#include <string_view>

#include "base/env.h"
#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// 2010 (and 2012's entities): a note and its concept file of lines
///   c="WORDS" LINE:TOKEN LINE:TOKEN||t="TYPE"
/// with lines from 1, tokens from 0 and parted by white space, the last token included. WORDS are
/// compared without regard to case. `relations` holds lines
///   c="…" L:T L:T||r="TYPE"||c="…" L:T L:T
/// between concepts of the same places, with the roles "Arg1" and "Arg2"; null where there are
/// none. What does not fit the text, or names no concept, is left out and counted.
Result<Corpus<Document>> read_i2b2_concepts(std::string_view id, std::string text,
                                            ByteSource& concepts, std::string_view name,
                                            ByteSource* relations, const ReadOptions& options);

/// Every *.con below a folder, with NAME.txt and NAME.rel from anywhere below it.
Result<Corpus<Document>> read_i2b2_folder(Env& env, const std::string& folder,
                                          const ReadOptions& options = {});

/// 2014 (de-identification, and the same form elsewhere): any root with TEXT and TAGS, each tag an
/// element with start, end (code points), text and TYPE; an entity's type is TYPE where it stands,
/// else the element's name. Tags without start and end (document-level ones) are passed over.
Result<Corpus<Document>> read_i2b2_xml(ByteSource& source, std::string_view name,
                                       const ReadOptions& options);

}  // namespace residency::eval::corpora
