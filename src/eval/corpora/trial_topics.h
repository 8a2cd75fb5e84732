// TrialGPT's folders (Jin et al. 2024; SIGIR 2016, TREC Clinical Trials 2021 and 2022): patients,
// trials and whether a patient fits a trial.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/env.h"
#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// A patient and a trial that somebody judged.
struct TrialPair {
  std::string topic;
  std::string trial;  // NCT number
  int relevance = 0;  // 0, 1 or 2: TREC says not relevant, excluded, eligible; SIGIR would not,
                      // would perhaps, would refer
  std::string patient_text;
  std::string trial_text;  // title and criteria
  std::uint64_t line = 0;  // of the judgements' file
};

/// queries.jsonl or corpus.jsonl: texts by "_id". Of a trial that names its criteria in "metadata"
/// (inclusion_criteria, exclusion_criteria) the text is title and criteria, else title and text.
struct TrialText {
  std::string id;
  std::string text;
};
Result<Corpus<TrialText>> read_trial_texts(ByteSource& source, std::string_view name,
                                           const ReadOptions& options);

/// qrels/test.tsv: topic, trial, relevance; the first line names the columns.
Result<Corpus<TrialPair>> read_trial_judgements(ByteSource& source, std::string_view name,
                                                const ReadOptions& options);

/// A folder with queries.jsonl, corpus.jsonl and qrels/test.tsv. corpus.jsonl is a download of its
/// own; kNotFound says so where it is missing. A judgement of a topic that has no text is bad; one
/// of a trial that has none is passed over and counted.
Result<Corpus<TrialPair>> read_trial_folder(Env& env, const std::string& folder);

}  // namespace residency::eval::corpora
