#include "eval/labelled_prompt.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "eval/answer_reader.h"
#include "eval/entity_counts.h"

namespace residency::eval {
namespace {

using dataset::LabelledSpan;

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string made(text);
  std::transform(made.begin(), made.end(), made.begin(), to_lower);
  return made;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string_view trimmed(std::string_view text, std::string_view marks) {
  const auto begin = text.find_first_not_of(marks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(marks) - begin + 1);
}

void add_places(std::string_view words, const std::string& text, const std::string& type,
                std::set<LabelledSpan>& spans) {
  const std::string wanted = lower(words);
  for (std::size_t at = text.find(wanted); at != std::string::npos;
       at = text.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    if (at > 0 && is_word(text[at - 1]) && is_word(text[at])) continue;
    if (end < text.size() && is_word(text[end]) && is_word(text[end - 1])) continue;
    spans.insert({at, end, type});
  }
}

std::string own_instruction(EvalTask task, const std::set<std::string>& labels) {
  if (task == EvalTask::kEntities) {
    return fmt::format(
        "List every {} named in the text below, each on a line of its own as \"TYPE: words as they "
        "stand in the text\". Types: {}. Answer \"none\" where there is none.",
        fmt::join(labels, " and "), fmt::join(labels, ", "));
  }
  if (task == EvalTask::kCodeF1)
    return "List the ICD-10-CM codes of the text below, with commas between.";
  return fmt::format("Which of these describes the text below: {}? Answer with one of them alone.",
                     fmt::join(labels, ", "));
}

}  // namespace

std::vector<std::string> gold_labels(const dataset::Example& item, EvalTask task) {
  if (task == EvalTask::kGeneration) return {item.messages.back().content};
  return task == EvalTask::kEntities ? entity_labels(item.entities) : item.labels;
}

std::string labelled_answer(const dataset::Example& item, EvalTask task) {
  if (task != EvalTask::kEntities) return fmt::format("{}", fmt::join(item.labels, ", "));
  if (item.entities.empty()) return "none";
  std::string answer;
  std::set<std::string> lines;  // words that are named again say nothing new
  for (const LabelledSpan& span : item.entities) {
    const std::string line = fmt::format(
        "{}: {}\n", span.type,
        squeeze(item.messages.front().content.substr(span.begin, span.end - span.begin)));
    if (lines.insert(line).second) answer += line;
  }
  answer.pop_back();
  return answer;
}

std::vector<std::string> entity_labels(const std::vector<LabelledSpan>& spans) {
  std::vector<std::string> labels;
  for (const LabelledSpan& span : spans) labels.push_back(entity_label(span));
  return labels;
}

std::string labelled_prompt(const dataset::Example& item, const EvalOptions& options,
                            const std::set<std::string>& labels) {
  const std::string instruction =
      options.instruction.empty() ? own_instruction(options.task, labels) : options.instruction;
  return instruction + "\n\n" + item.messages.front().content;
}

std::optional<std::vector<LabelledSpan>> read_entities(std::string_view answer,
                                                       std::string_view text,
                                                       const std::set<std::string>& types) {
  constexpr std::string_view kMarks = " \t\r*-\"'`.,;()[]0123456789";
  const std::string lowered = lower(text);
  std::set<LabelledSpan> spans;
  bool readable = lower(trimmed(squeeze(answer), kMarks)) == "none";
  while (!answer.empty()) {
    const auto end = answer.find('\n');
    const std::string_view line = answer.substr(0, end);
    answer.remove_prefix(end == std::string_view::npos ? answer.size() : end + 1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string name = lower(trimmed(line.substr(0, colon), kMarks));
    const std::string_view words = trimmed(line.substr(colon + 1), " \t\r*\"'`.,;");
    const auto type = std::find_if(types.begin(), types.end(),
                                   [&](const std::string& known) { return lower(known) == name; });
    if (type == types.end() || words.empty()) continue;
    readable = true;
    add_places(words, lowered, *type, spans);
  }
  if (!readable) return std::nullopt;
  return std::vector<LabelledSpan>(spans.begin(), spans.end());
}

}  // namespace residency::eval
