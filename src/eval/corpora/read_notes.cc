#include "eval/corpora/read_notes.h"

namespace residency::eval::corpora {

std::string describe(const Place& place, std::string_view field, std::string_view what) {
  std::string text = place.file + ":" + std::to_string(place.line) + ": field '";
  text.append(field).append("': ").append(what);
  return text;
}

Error bad_field(const Place& place, std::string_view field, std::string_view what) {
  return invalid_input(describe(place, field, what));
}

Result<void> note_bad(ReadNotes& notes, const ReadOptions& options, const Place& place,
                      std::string_view field, std::string_view what) {
  if (options.strict) return bad_field(place, field, what);
  ++notes.bad;
  if (notes.problems.size() < ReadNotes::kProblemsMax) {
    notes.problems.push_back(describe(place, field, what));
  }
  return {};
}

}  // namespace residency::eval::corpora
