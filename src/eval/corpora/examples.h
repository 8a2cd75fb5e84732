// Corpora as examples: what a model is trained and scored on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "dataset/example.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// The layouts that corpus_examples() reads.
const std::vector<std::string>& layout_names();

struct ExampleOptions {
  std::string layout;              // of layout_names()
  std::vector<std::string> types;  // of entities; empty: all; moleculenet: the column
  dataset::Format format = dataset::Format::kCompletion;  // of choice items
  std::string set_path;                                   // layout own: its description
  bool test_part = true;  // pubmedqa, a folder: the official test split, or all that is not in it
};

/// What one file or folder holds.
struct CorpusExamples {
  std::vector<dataset::Example> examples;
  ReadNotes notes;
};

/// Reads `path`, a file or, as the layout has it, a folder.
///
/// conll, pubtator, bioc, brat, i2b2_concepts, i2b2_xml: a labelled text with its entities; one of
///   several parts counts from its first to its last byte.
/// ddi: a labelled text for each pair of drugs, its sentence with the pair's names as @DRUG1$ and
///   @DRUG2$ and other drugs as @DRUG0$ (the blinding of Liu et al., Drug-Drug Interaction
///   Extraction via Convolutional Neural Networks, 2016). Pairs of one document have it as their
///   patient, so that no split parts them; so have the sentences of a conll document.
/// codiesp_diagnoses, codiesp_procedures: a labelled text with its codes.
/// medqa, medmcqa, mmlu, pubmedqa: a question with the prompt of lm-evaluation-harness' task
///   (medqa_4options, medmcqa, mmlu, pubmedqa), its answer's letter or word as label. For pubmedqa
///   a folder stands for its official test split, or for what is not in it.
/// own: as the description says (eval/corpora/own_set.h).
/// Medical use cases: use_case_examples.h.
Result<CorpusExamples> corpus_examples(Env& env, const std::string& path,
                                       const ExampleOptions& options);

/// The text of a DDI pair as above.
std::string pair_text(const PairSentence& sentence, const EntityPair& pair);

/// A choice item's prompt as lm-evaluation-harness words it (see corpus_examples()).
std::string choice_prompt(std::string_view layout, const ChoiceItem& item);

}  // namespace residency::eval::corpora
