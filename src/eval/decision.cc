#include "eval/decision.h"

#include "eval/answer_reader.h"

namespace residency::eval {

std::optional<std::vector<std::string>> read_decision(std::string_view text,
                                                      const std::vector<std::string>& decisions,
                                                      const std::set<std::string>& reasons) {
  const auto decision = read_label(text, decisions);
  if (!decision) return std::nullopt;
  std::vector<std::string> read{*decision};
  for (const std::string& reason : reasons) {
    if (read_label(text, {reason})) read.push_back(reason);
  }
  return read;
}

}  // namespace residency::eval
