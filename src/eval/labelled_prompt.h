// Labelled texts for models without a head: what they are asked, and how their answers are read.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/example.h"
#include "eval/eval_options.h"

namespace residency::eval {

/// The labels that count as gold for the task: the example's own, or those of its entities.
std::vector<std::string> gold_labels(const dataset::Example& item, EvalTask task);

/// entity_label() of each.
std::vector<std::string> entity_labels(const std::vector<dataset::LabelledSpan>& spans);

/// The right answer to labelled_prompt(), as a model without a head would write it.
std::string labelled_answer(const dataset::Example& item, EvalTask task);

/// The instruction, then the text. Our own instruction names the labels, or the types and the form
/// of an answer: "TYPE: words" on a line for each entity, or "none".
std::string labelled_prompt(const dataset::Example& item, const EvalOptions& options,
                            const std::set<std::string>& labels);

/// The entities that lines "TYPE: words" name: every place at which the words stand in the text as
/// whole words, without regard to ASCII case. Nothing where no line has that form and the answer is
/// not "none". Marks, numbers and quotes around a line's parts are passed over.
std::optional<std::vector<dataset::LabelledSpan>> read_entities(std::string_view answer,
                                                                std::string_view text,
                                                                const std::set<std::string>& types);

}  // namespace residency::eval
