#include "eval/corpora/example_making.h"

namespace residency::eval::corpora {

dataset::Example labelled_example(std::string id, std::string text) {
  dataset::Example example;
  example.id = std::move(id);
  example.format = dataset::Format::kLabelled;
  example.messages.push_back({"user", std::move(text)});
  return example;
}

void keep_example(dataset::Example example, CorpusExamples& made) {
  const auto checked = dataset::check_example(example);
  if (checked.ok()) {
    made.examples.push_back(std::move(example));
    return;
  }
  ++made.notes.bad;
  if (made.notes.problems.size() < ReadNotes::kProblemsMax)
    made.notes.problems.push_back(checked.error().message());
}

}  // namespace residency::eval::corpora
