#include "guard/content/content_training.h"

#include "guard/content/phrase_maker.h"

namespace residency::guard {
namespace {

constexpr std::size_t kLineBytesMin = 8;

/// "[a bit |]high {n:1-2}" as "a bit high 5".
std::string without_marks(std::string_view part) {
  std::string out;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '{') {
      while (i < part.size() && part[i] != '}') ++i;
      out += '5';
    } else if (part[i] == '<') {
      while (i < part.size() && part[i] != '>') ++i;
    } else if (part[i] != '[' && part[i] != ']') {
      out += part[i];
    }
  }
  return out;
}

}  // namespace

std::optional<Category> category_of(const GuardCase& one) {
  std::string_view name = one.policy;
  if (name.starts_with("content.")) name.remove_prefix(8);
  return category_named(name);
}

std::vector<LabelledText> ordinary_lines(std::string_view text) {
  std::vector<LabelledText> out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.size() < kLineBytesMin || line[0] == '#' || line[0] == '@') continue;
    // "p ", "f ", ...: what the line is about.
    if (line[1] == ' ') line.remove_prefix(2);
    for (std::size_t from = 0; from < line.size();) {
      const std::size_t to = std::min(line.find('|', from), line.size());
      LabelledText one;
      one.text = without_marks(line.substr(from, to - from));
      from = to + 1;
      if (one.text.size() >= kLineBytesMin) out.push_back(std::move(one));
    }
  }
  return out;
}

Result<ContentTraining> train_from_cases(const std::vector<GuardCase>& cases,
                                         const std::vector<LabelledText>& ordinary,
                                         const ContentTrainerOptions& options, int phrase_times) {
  std::vector<LabelledText> texts;
  for (const GuardCase& one : cases) {
    LabelledText text;
    text.text = one.text;
    if (one.harmful) {
      const auto category = category_of(one);
      if (!category)
        return invalid_argument(one.where + ": the classifier has no such policy: " + one.policy);
      text.labels.set(static_cast<std::size_t>(*category));
    }
    texts.push_back(std::move(text));
  }
  RESIDENCY_TRY(const auto phrases, make_phrases(options.seed, phrase_times));
  texts.insert(texts.end(), phrases.begin(), phrases.end());
  texts.insert(texts.end(), ordinary.begin(), ordinary.end());
  ContentTraining training = train_content(texts, options);
  training.held_out.resize(cases.size());
  return training;
}

}  // namespace residency::guard
