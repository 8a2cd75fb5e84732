// PubTator: title and abstract, mentions with offsets and concepts, document-level relations.
#pragma once

#include <string_view>

#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// BC5CDR and the NCBI disease corpus as released. The text is title, one space, abstract: offsets
/// count code points through both. A mention has six columns (document, begin, end, words, type,
/// concepts joined by "|"), a seventh is passed over; a relation has four, as BC5CDR's
/// "PMID CID chemical disease", and becomes (Chemical, Disease) arguments. A concept of "-1" or
/// "-" is none. A mention outside of the text, or one whose words are not the text's there, is left
/// out and counted; so is a document without title or abstract, with all its lines.
Result<Corpus<Document>> read_pubtator(ByteSource& source, std::string_view name,
                                       const ReadOptions& options);

}  // namespace residency::eval::corpora
