// Multiple-choice sets: MedQA, MedMCQA, MMLU.
#pragma once

#include <string_view>

#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// MedQA (Jin et al. 2020) as JSON lines, four or five options: "question", "options" by letter,
/// "answer_idx". Where "answer" stands too it must be that option's text. MediQ's form, with the
/// stem in "context" sentences, is read with these joined by spaces; so are the rows that
/// lm-evaluation-harness loads ("sent1", "ending0" to "ending3", "label"). An id is the line's
/// "id", else its number. A bad line is left out and counted.
Result<Corpus<ChoiceItem>> read_medqa(ByteSource& source, std::string_view name,
                                      const ReadOptions& options);

/// MedMCQA (Pal et al. 2022) as JSON lines: "question", "opa" to "opd", "cop". `cop` counts from 1
/// as the authors' files do. An item of the test part, which has no "cop", is bad.
Result<Corpus<ChoiceItem>> read_medmcqa(ByteSource& source, std::string_view name,
                                        const ReadOptions& options);

/// MMLU (Hendrycks et al. 2021), one subject's CSV without heading: question, four choices, letter.
/// The subject is the file's name without "_test.csv", "_dev.csv" or "_val.csv".
Result<Corpus<ChoiceItem>> read_mmlu(ByteSource& source, std::string_view name,
                                     const ReadOptions& options);

}  // namespace residency::eval::corpora
