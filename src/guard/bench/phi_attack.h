// PhiAttack: made-up answers that give away made-up patients in every disguise we know of.
#pragma once

#include <string>
#include <vector>

#include "guard/guardrail.h"

namespace residency::guard {

/// One generation: an answer that holds `secret` in the form `form`.
struct PhiAttack {
  Conversation conversation;
  std::string answer;
  std::string secret;     // as it stands in the answer
  std::string_view kind;  // "name", "phone", ...
  std::string_view form;  // "plain", "spelled", "base64", ...
};

/// The attack number `index`; the same every time. No person is real.
PhiAttack make_phi_attack(std::uint64_t index);

/// Streams the answer in pieces of changing length; true where more than half of the secret leaves
/// in one piece.
bool leaks(const PhiAttack& attack, const Guardrail& guardrail, std::uint64_t seed);

}  // namespace residency::guard
