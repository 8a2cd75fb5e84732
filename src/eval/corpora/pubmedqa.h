// PubMedQA (Jin et al. 2019): yes, no or maybe to a question, from an abstract.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/env.h"
#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// ori_pqal.json: one object of items by PubMed id. The context is the CONTEXTS joined by line
/// ends, the choices yes, no, maybe, the answer "final_decision". With `ids`, only those items are
/// given, or where `without` all but those. A bad item is left out and counted.
Result<Corpus<ChoiceItem>> read_pubmedqa(ByteSource& source, std::string_view name,
                                         const ReadOptions& options,
                                         const std::set<std::string>* ids = nullptr,
                                         bool without = false);

/// Ids of a split: the names of a JSON object (test_ground_truth.json), a JSON array of strings, or
/// a line each. kInvalidInput where an id is no number or stands twice.
Result<std::set<std::string>> read_split_ids(std::string_view bytes, std::string_view name);

/// The official test split: `folder`/ori_pqal.json and `folder`/test_ground_truth.json (500 ids).
/// kInvalidInput where an id is not among the items.
Result<Corpus<ChoiceItem>> read_pubmedqa_test(Env& env, const std::string& folder,
                                              const ReadOptions& options = {});

/// What is not in it: the items to train on and to tune with.
Result<Corpus<ChoiceItem>> read_pubmedqa_rest(Env& env, const std::string& folder,
                                              const ReadOptions& options = {});

}  // namespace residency::eval::corpora
