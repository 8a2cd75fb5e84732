// ADE corpus, version 2 (Gurulingappa et al. 2012): sentences of case reports, drugs and what they
// did.
#pragma once

#include <string>
#include <string_view>

#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// The types of its entities.
inline constexpr std::string_view kAdeDrug = "drug";
inline constexpr std::string_view kAdeEffect = "effect";

/// DRUG-AE.rel: a document for each sentence, its drugs, adverse effects and a relation of type
/// "adverse_effect" for each line. The file's offsets count in the whole abstract, which is not
/// there: drug and effect are looked up in the sentence by their words, and where either stands
/// there several times, the two whose distance is the file's are meant. A line of other than eight
/// fields, with an offset that is no number, or whose words are not in its sentence is left out and
/// counted. Ids are "PMID#n", n counting the abstract's sentences.
Result<Corpus<Document>> read_ade_relations(ByteSource& source, std::string_view name,
                                            const ReadOptions& options);

/// ADE-NEG.txt: a document for each "PMID NEG sentence". Ids as above, with "PMID#neg-n".
Result<Corpus<Document>> read_ade_negatives(ByteSource& source, std::string_view name,
                                            const ReadOptions& options);

}  // namespace residency::eval::corpora
