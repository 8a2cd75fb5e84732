#include "synth/note_writer.h"

#include "synth/note_sink.h"

namespace residency::synth {
namespace {

const NoteSink::SlotTable& slot_tables() {
  static const NoteSink::SlotTable all = [] {
    NoteSink::SlotTable joined = NoteSink::person_slots();
    for (const auto* table :
         {&NoteSink::id_slots(), &NoteSink::clinical_slots(), &NoteSink::list_slots()}) {
      joined.insert(table->begin(), table->end());
    }
    return joined;
  }();
  return all;
}

NoteStyle make_style(const PlannedNote& note, Random& random) {
  NoteStyle style;
  style.day = random.chance(85) ? static_cast<int>(random.below(kDayStylesCommon))
                                : static_cast<int>(random.below(kDayStyles));
  style.header = static_cast<int>(random.below(6));
  style.list = static_cast<int>(random.below(6));
  style.upper = random.chance(6);
  style.terse = note.kind == NoteKind::kTriage || random.chance(35);
  if (random.chance(22)) style.columns = random.chance(50) ? 72 : 80;
  style.scanned = random.chance(2);
  return style;
}

// Replaces some letters and digits by what a scanner reads for them.
void scan(NoteText& text, Random& random) {
  constexpr std::string_view right = "lO0S5Iec";
  constexpr std::string_view wrong = "10O5S1ce";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto at = right.find(text.text()[i]);
    if (at != std::string_view::npos && random.below(1000) < 12) text.replace_ascii(i, wrong[at]);
  }
}

}  // namespace

bool is_slot(std::string_view name) { return slot_tables().contains(name); }

NoteSink::NoteSink(const Tables& tables, const PatientPlan& plan, const Encounter& encounter,
                   const PlannedNote& note)
    : tables_(tables),
      plan_(plan),
      encounter_(encounter),
      note_(note),
      random_(note.stream),
      style_(make_style(note, random_)),
      out_(written_.text) {
  const auto& imaging = encounter.conditions.front()->imaging;
  if (!imaging.empty()) imaging_ = &random_.pick(imaging);
}

// Where an optional part before was left out, its space is not doubled.
void NoteSink::text(std::string_view text) {
  const bool spaced = text.size() > 1 ? text[0] == ' ' && text[1] != ' ' : text == " ";
  if (spaced && out_.size() > 0 && out_.last() == ' ') text.remove_prefix(1);
  out_.put(text);
}

void NoteSink::slot(std::string_view name, std::string_view argument) {
  const auto found = slot_tables().find(name);
  if (found != slot_tables().end()) (this->*found->second)(argument);
}

void NoteSink::expand(const Template& parts) { tables_.grammar.expand(parts, random_, *this); }

WrittenNote NoteSink::write() {
  static constexpr std::string_view rules[] = {"note_admission", "note_progress", "note_discharge",
                                               "note_radiology", "note_triage",   "note_operative"};
  tables_.grammar.expand(rules[static_cast<std::size_t>(note_.kind)], random_, *this);
  finish();
  return std::move(written_);
}

std::size_t NoteSink::first_drug_mention(std::string_view code, std::size_t& end) const {
  for (const EntitySpan& entity : out_.entities()) {
    if (entity.type == "DRUG" && entity.code == code) {
      end = entity.end;
      return entity.start;
    }
  }
  return std::string::npos;
}

void NoteSink::finish() {
  out_.finish();
  for (const PlannedInteraction& planned : encounter_.interactions) {
    const std::string_view first = encounter_.medications[planned.first].drug->rxnorm;
    const std::string_view second = encounter_.medications[planned.second].drug->rxnorm;
    bool spelled_out = false;
    for (const InteractionMention& mention : written_.interactions) {
      spelled_out = spelled_out || mention.pair == planned.pair;
    }
    InteractionMention mention{planned.pair, 0, 0, 0, 0, 0, 0};
    mention.first_start = first_drug_mention(first, mention.first_end);
    mention.second_start = first_drug_mention(second, mention.second_end);
    if (!spelled_out && mention.first_start != std::string::npos &&
        mention.second_start != std::string::npos) {
      written_.interactions.push_back(mention);
    }
  }
  if (style_.columns > 0) out_.wrap(style_.columns);
  if (style_.upper) out_.upper_case();
  if (style_.scanned) scan(out_, random_);
}

WrittenNote write_note(const Tables& tables, const PatientPlan& plan, const Encounter& encounter,
                       const PlannedNote& note) {
  return NoteSink(tables, plan, encounter, note).write();
}

}  // namespace residency::synth
