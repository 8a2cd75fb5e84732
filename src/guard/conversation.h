// Conversation: what was said before the text that is looked at, and what the answer may rest on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace residency::guard {

/// Who asks: what is an everyday question for one is an emergency for the other.
enum class Mode : std::uint8_t { kClinician, kPatient };

constexpr std::string_view mode_name(Mode mode) {
  return mode == Mode::kClinician ? "clinician" : "patient";
}

enum class Direction : std::uint8_t { kInput, kOutput };

struct Turn {
  std::string role;  // "system", "user", "assistant"
  std::string text;
};

struct Conversation {
  std::vector<Turn> turns;
  /// Texts the answer must rest on (a note, passages found); grounding and contradiction look here.
  std::vector<std::string> sources;
  /// What was asked, for relevance; the last user's turn where empty.
  std::string query;

  std::string_view question() const {
    if (!query.empty()) return query;
    for (auto turn = turns.rbegin(); turn != turns.rend(); ++turn) {
      if (turn->role == "user") return turn->text;
    }
    return {};
  }
};

}  // namespace residency::guard
