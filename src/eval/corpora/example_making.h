// Steps that all conversions of corpora to examples share.
#pragma once

#include <string>

#include "eval/corpora/examples.h"

namespace residency::eval::corpora {

/// An example that is `text` alone.
dataset::Example labelled_example(std::string id, std::string text);

/// Adds what check_example() accepts; the rest is counted.
void keep_example(dataset::Example example, CorpusExamples& made);

}  // namespace residency::eval::corpora
