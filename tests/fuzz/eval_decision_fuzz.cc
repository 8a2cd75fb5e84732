// Any text as a decision with reasons: what is read is of the lists.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "eval/decision.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> decisions{"approve", "deny", "pend"};
  const std::set<std::string> reasons{"C1 not met", "C2 not documented"};
  const auto read = residency::eval::read_decision(text, decisions, reasons);
  if (!read) return 0;
  if (std::find(decisions.begin(), decisions.end(), read->front()) == decisions.end())
    __builtin_trap();
  for (std::size_t i = 1; i < read->size(); ++i) {
    if (reasons.count((*read)[i]) == 0) __builtin_trap();
  }
  return 0;
}
