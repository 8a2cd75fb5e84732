// CoNLL layouts: a token per line with its tag, an empty line after each sentence.
#pragma once

#include <string_view>

#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// One Document per sentence: tokens joined by spaces, entities as conlleval reads the tags (see
/// eval/tags.h). The token is the first column, the tag the last; columns are parted by tabs or
/// spaces. Takes IOB1, IOB2, IOBES and BILOU tags, "-DOCSTART-" lines, and JNLPBA's "###MEDLINE:"
/// lines. A document's id is "DOCUMENT#N", N counted from 1 in the document or file. A sentence
/// with a bad line is left out and counted.
Result<Corpus<Document>> read_conll(ByteSource& source, std::string_view name,
                                    const ReadOptions& options);

}  // namespace residency::eval::corpora
