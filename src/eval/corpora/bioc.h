// BioC XML (Comeau et al. 2013): collections of documents with passages, annotations, relations.
#pragma once

#include <string_view>

#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// BC5CDR in BioC and other collections. A document's text is its passages, or their sentences, at
/// their offsets in code points, with spaces between; gaps are at most kBiocGapMax. BC5CDR's files
/// count "'" as its markup in passage offsets but not in those of annotations: where more
/// annotations find their words with one space between the passages, that is the text.
/// The parts of a composite mention (CompositeRole "IndividualMention"), which PubTator has in a
/// column of the whole's line, are passed over. An annotation's
/// type is its infon "type"; its concepts are the values of the other infons (but "CompositeRole"
/// and "annotator"), cut at "|". Relations are infons alone, as BC5CDR has them, or nodes with
/// refid and role. An annotation whose words are not the text's at its offsets is left out and
/// counted; a document that is not well-formed, whose passages overlap or have no offset likewise.
Result<Corpus<Document>> read_bioc(ByteSource& source, std::string_view name,
                                   const ReadOptions& options);

inline constexpr std::uint64_t kBiocGapMax = 4096;

}  // namespace residency::eval::corpora
