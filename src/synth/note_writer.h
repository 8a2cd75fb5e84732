// NoteWriter: writes one note of a plan from the grammar, with its truth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synth/note_text.h"
#include "synth/plan.h"

namespace residency::synth {

/// An interaction that stands in the note: the drugs' spans and, where it is spelled out, the
/// sentence's.
struct InteractionMention {
  const Interaction* pair = nullptr;
  std::size_t first_start = 0, first_end = 0;
  std::size_t second_start = 0, second_end = 0;
  std::size_t sentence_start = 0, sentence_end = 0;  // equal where there is no sentence
};

struct WrittenNote {
  NoteText text;
  std::vector<InteractionMention> interactions;
};

/// Writes `note` of `encounter`.
WrittenNote write_note(const Tables& tables, const PatientPlan& plan, const Encounter& encounter,
                       const PlannedNote& note);

/// True where `name` is a slot that notes may use; a test holds the grammar's slots against it.
bool is_slot(std::string_view name);

}  // namespace residency::synth
