// Corpora of medical use cases as examples: notes out of dialogues, adverse effects, trials,
// molecules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eval/corpora/examples.h"

namespace residency::eval::corpora {

/// The layouts that use_case_examples() reads.
const std::vector<std::string>& use_case_layouts();

/// aci_bench, mts_dialog: a dialogue and the note, or section, that is to be written.
/// ade_sentences: a folder with DRUG-AE.rel and ADE-NEG.txt; a labelled text for each sentence,
///   "ade" or "none". ade_entities: DRUG-AE.rel, or the folder; its drugs and effects. Sentences of
///   one abstract have it as their patient.
/// trialgpt: a folder (trial_topics.h); a labelled text for each judged pair of patient and trial,
///   label "0", "1" or "2", the topic as patient.
/// moleculenet: a table (also .gz); options.types names one column. A labelled text for each
///   molecule, that column's name or "none" as label, its skeleton as patient, so that no split
///   parts molecules of one skeleton.
Result<CorpusExamples> use_case_examples(Env& env, const std::string& path,
                                         const ExampleOptions& options);

}  // namespace residency::eval::corpora
