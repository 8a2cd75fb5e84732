// Finding: one place that a rail of the policy found, and what is done about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace residency::guard {

/// From the mildest to the strongest; of several the strongest decides.
enum class Action : std::uint8_t {
  kOff,     // the rail does not run
  kDetect,  // it is told and nothing else happens
  kWarn,    // a line with the warning is put after the answer
  kMask,    // the span is replaced
  kBlock,   // the policy's message stands instead
  kAnswer,  // the operator's fixed text for the matter stands instead (crisis, emergency)
};

std::string_view action_name(Action action);

/// Never holds text of the conversation, but for `note`, which names table entries (drugs, codes).
struct Finding {
  std::string policy;  // "content.violence", "phi", "dose", ...
  std::string name;    // within the policy: a category, a topic, a class of PHI, a regex
  std::size_t begin = 0;
  std::size_t end = 0;  // bytes of the text that was looked at
  double score = 1;     // 0 to 1
  Action action = Action::kDetect;
  bool dry_run = false;  // told only: nothing was done
  std::string note;      // for people: "metformin: 5000 mg is above 1275 mg at once"
  std::size_t turn = 0;  // of the input: which turn
};

}  // namespace residency::guard
