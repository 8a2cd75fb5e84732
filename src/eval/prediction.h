// Prediction: what a model answered to one test item, and how it was read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::eval {

/// `prediction` is model output on clean text: it is kept in the encrypted artifact, never shown
/// in an error or a log.
struct Prediction {
  std::string id;
  std::string category;
  std::map<std::string, std::string> groups;  // dataset::Example::groups
  std::vector<std::string> labels;            // gold; for generation the gold text
  std::string prediction;                     // the text, or the chosen choice
  std::vector<std::string> parsed;            // labels read out of it
  bool readable = false;                      // the parser found an answer
  bool asked = true;                          // false: the prompt did not fit the model's context
  bool correct = false;                       // parsed equals labels, as sets
  double score = 0;                           // of this item alone: F1 over its labels, or 1 and 0
  std::vector<double> logprobs;               // of the choices, in order (multiple choice)
  std::vector<std::string> ranked;  // the likeliest labels first, or codes as they were written
  std::uint64_t unknown_codes = 0;  // of `parsed`, that the table of codes does not have
};

/// One line of JSON.
std::string to_json_line(const Prediction& prediction);
/// kInvalidInput, naming the field, where the line is not what to_json_line() wrote.
Result<Prediction> prediction_from_json_line(std::string_view line);

}  // namespace residency::eval
