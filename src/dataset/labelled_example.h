// Labelled texts as JSON lines: {"text":…,"label":"urgent"}, {"text":…,"labels":["I10","E11.9"]} or
// {"text":…,"entities":[{"start":0,"end":4,"type":"drug"}]}, each with "id", "patient", "category".
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "dataset/example.h"

namespace residency::dataset {

inline constexpr std::size_t kEntitiesMax = 65'536;

/// True where the line is a labelled text: it has "text", and "label", "labels" or "entities".
bool is_labelled(const Json& line);

/// Starts and ends count code points, end exclusive. kInvalidInput names the field.
Result<Example> labelled_from_json(const Json& line);

/// The form that labelled_from_json() reads.
std::string labelled_json_line(const Example& example);

/// A bare text for continued pre-training: {"text":…} with "id", "patient", "category".
bool is_text_line(const Json& line);
Result<Example> text_from_json(const Json& line);
std::string text_json_line(const Example& example);

/// kInvalidInput where there is not exactly one message, the user's, with text, or an entity lies
/// outside of it, cuts a code point or has no type.
Result<void> check_labelled(const Example& example);

}  // namespace residency::dataset
