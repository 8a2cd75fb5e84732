// The lines of the truth files, one JSON object each, without their newline.
#pragma once

#include <string>

#include "synth/note_writer.h"

namespace residency::synth {

/// {"note_id","document","patient","spans":[{"start","end","class","text"}]}; offsets in bytes.
std::string phi_line(const PatientPlan& plan, const PlannedNote& note, const WrittenNote& written);
/// As phi_line(), spans with "type", "text", "system", "code", "assertion".
std::string entities_line(const PatientPlan& plan, const PlannedNote& note,
                          const WrittenNote& written);
/// {"note_id","document","patient","encounter","note_type","codes":[{"code","display"}]}.
std::string codes_line(const PatientPlan& plan, const Encounter& encounter,
                       const PlannedNote& note);
/// {"note_id","document","first":{...},"second":{...},"type","sentence":{...}?}; "" for no mention.
std::string interaction_line(const PlannedNote& note, const WrittenNote& written,
                             const InteractionMention& mention);
/// How many codes `note` documents.
std::size_t code_count(const Encounter& encounter, const PlannedNote& note);

/// A CSV field of RFC 4180, quoted where it must be.
std::string csv_field(std::string_view text);
std::string_view patients_csv_head();
std::string patients_csv_row(const PatientPlan& plan);
std::string_view notes_csv_head();
std::string notes_csv_row(const PatientPlan& plan, const Encounter& encounter,
                          const PlannedNote& note, const WrittenNote& written);

}  // namespace residency::synth
