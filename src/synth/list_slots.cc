#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "synth/note_sink.h"

namespace residency::synth {
namespace {

constexpr std::string_view kLoinc = "http://loinc.org";

// What stands before item `index` of `count` in list style `style`.
std::string before_item(int style, std::size_t index) {
  switch (style) {
    case 0:
      return fmt::format("{}. ", index + 1);
    case 1:
      return "- ";
    case 2:
      return fmt::format("{}) ", index + 1);
    case 3:
      return "* ";
    case 4:
      return fmt::format("#{} ", index + 1);
    default:
      return index == 0 ? "" : "; ";
  }
}

constexpr int kRunOn = 5;  // the list style that stays on one line

}  // namespace

const NoteSink::SlotTable& NoteSink::list_slots() {
  static const SlotTable table{
      {"problems", &NoteSink::problems}, {"problem_plans", &NoteSink::problem_plans},
      {"meds", &NoteSink::medications},  {"labs", &NoteSink::labs},
      {"findings", &NoteSink::findings}, {"symptoms", &NoteSink::symptoms}};
  return table;
}

// Every diagnosis that the note documents.
void NoteSink::problems(std::string_view argument) {
  const int style = argument == "inline" ? kRunOn : style_.list;
  if (style != kRunOn && out_.last() != '\n') out_.put("\n");
  for (std::size_t i = 0; i < note_.conditions.size(); ++i) {
    condition_ = note_.conditions[i];
    out_.put(before_item(style, i));
    const std::size_t start = out_.size();
    problem("");
    if (style != kRunOn || i == 0) out_.capitalise_at(start);
    if (style != kRunOn) out_.put("\n");
  }
  if (style == kRunOn) out_.put(".\n");
  condition_ = note_.conditions.front();
}

// Every diagnosis with what is done about it.
void NoteSink::problem_plans(std::string_view) {
  const int style = style_.list;
  if (out_.last() != '\n' && style != kRunOn) out_.put("\n");
  for (std::size_t i = 0; i < note_.conditions.size(); ++i) {
    condition_ = note_.conditions[i];
    out_.put(style == kRunOn && i > 0 ? " " : before_item(style, i));
    const std::size_t start = out_.size();
    problem("");
    out_.capitalise_at(start);
    static constexpr std::string_view joints[] = {" - ",  ": ",       ", ",
                                                  " -> ", ". Plan: ", " -- will "};
    const std::size_t joint = style_.terse ? random_.below(4) : random_.below(5);
    out_.put(joints[joint]);
    plan_item("");
    out_.put(".");
    if (style != kRunOn) out_.put("\n");
  }
  if (style == kRunOn) out_.put("\n");
  condition_ = note_.conditions.front();
}

// {meds} {meds:home} {meds:inline}
void NoteSink::medications(std::string_view argument) {
  std::vector<const Medication*> list;
  for (const Medication& medication : encounter_.medications) {
    if (argument != "home" || medication.home) list.push_back(&medication);
  }
  if (list.empty()) return out_.put(random_.chance(50) ? "None.\n" : "none\n");
  const int style = argument == "inline" ? kRunOn : (style_.list + 1) % 6;
  if (style != kRunOn && out_.last() != '\n') out_.put("\n");
  for (std::size_t i = 0; i < list.size(); ++i) {
    out_.put(style == kRunOn && i > 0 ? ", " : before_item(style, i));
    put_medication(*list[i]);
    if (style != kRunOn) out_.put("\n");
  }
  if (style == kRunOn) out_.put(".\n");
}

void NoteSink::put_lab(const LabResult& result, int style) {
  const std::string& name =
      random_.chance(45) ? result.lab->names.front() : random_.pick(result.lab->names);
  out_.put_entity(name, "LAB", std::string(kLoinc), result.lab->loinc);
  out_.put(style == 1 ? ": " : style == 2 ? " of " : style == 3 ? "\t" : " ");
  out_.put_entity(result.value, "LAB_VALUE");
  if (style != 0) {
    out_.put(" ");
    out_.put(result.lab->unit);
  }
  if (result.abnormal && style == 3) out_.put(random_.chance(50) ? "\t*" : "\tABN");
  if (result.abnormal && style == 1 && random_.chance(40)) {
    out_.put(std::stod(result.value) > result.lab->high ? " (H)" : " (L)");
  }
}

// {labs} all, {labs:key} the abnormal ones and a few others, in one line
void NoteSink::labs(std::string_view argument) {
  std::vector<const LabResult*> list;
  for (const LabResult& result : encounter_.labs) {
    if (argument != "key" || result.abnormal || random_.chance(25)) list.push_back(&result);
  }
  if (list.empty()) return out_.put(random_.chance(50) ? "unremarkable" : "none today");
  if (argument == "key" && list.size() > 4) list.resize(4);
  const int style = argument == "key" ? (random_.chance(50) ? 0 : 2) : random_.between(0, 3);
  const bool table = style == 3;
  if (table && out_.last() != '\n') out_.put("\n");
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out_.put(table ? "\n" : ", ");
    put_lab(*list[i], style);
  }
  if (!table && argument != "key") out_.put(".");
}

// One or two findings of every diagnosis the note documents.
void NoteSink::findings(std::string_view) {
  for (const std::size_t index : note_.conditions) {
    condition_ = index;
    if (out_.last() != ' ' && out_.last() != '\n') out_.put(" ");
    finding("");
    if (!style_.terse && random_.chance(40)) {
      if (out_.last() != ' ') out_.put(" ");
      finding("");
    }
  }
  condition_ = note_.conditions.front();
}

void NoteSink::symptoms(std::string_view) {
  for (std::size_t i = 0; i < note_.conditions.size() && i < 2; ++i) {
    condition_ = note_.conditions[i];
    if (i > 0) out_.put(random_.chance(50) ? ", also " : " and ");
    symptom("");
  }
  condition_ = note_.conditions.front();
}

}  // namespace residency::synth
