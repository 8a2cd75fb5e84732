#include "dataset/labelled_tokens.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

namespace residency::dataset {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// How good a border after the token that ends at `end` is: 0 is none.
int border_quality(std::string_view text, std::size_t end) {
  if (end == 0 || end > text.size()) return 0;
  if (text[end - 1] == '\n') return 3;
  const bool space_next = end < text.size() && is_space(text[end]);
  if (space_next && std::string_view(".!?;").find(text[end - 1]) != std::string_view::npos)
    return text[end - 1] == ';' ? 1 : 2;
  return space_next ? 1 : 0;
}

/// One text as training sees it.
struct LabelledTokens {
  std::vector<std::int32_t> tokens;
  std::vector<std::int32_t> targets;
  std::vector<std::int32_t> label_set;
  std::size_t example = 0;
};

class Labeller {
 public:
  Labeller(model::HeadKind kind, const std::vector<std::string>& labels,
           const model::Tokenizer& tokenizer, std::size_t tokens_max, TruncationReport& report)
      : kind_(kind),
        labels_(labels),
        tokenizer_(tokenizer),
        tokens_max_(tokens_max),
        report_(report) {
    for (std::size_t i = 0; i < labels.size(); ++i)
      numbers_[labels[i]] = static_cast<std::int32_t>(i);
  }

  Result<void> add(const Example& example, std::size_t index) {
    const std::string& text = example.messages.front().content;
    RESIDENCY_TRY(const TextTokens whole, text_tokens(text, tokenizer_));
    ++report_.examples;
    report_.longest_tokens = std::max(report_.longest_tokens, whole.tokens.size());
    ++(whole.tokens.size() <= tokens_max_ ? report_.kept_whole : report_.cut);
    return kind_ == model::HeadKind::kTags ? add_tags(example, index, text, whole)
                                           : add_labels(example, index, whole);
  }

  std::vector<LabelledTokens> take() { return std::move(all_); }

 private:
  Result<void> add_tags(const Example& example, std::size_t index, const std::string& text,
                        const TextTokens& whole) {
    for (const LabelledSpan& span : example.entities) {
      if (numbers_.count("B-" + span.type) == 0)
        return invalid_input(
            fmt::format("an entity's type is not one of the head's: example {}", index + 1));
    }
    const auto tags = token_tags(whole, example.entities, labels_);
    const auto borders = part_borders(whole, text, tokens_max_);
    for (std::size_t part = 0; part + 1 < borders.size(); ++part) {
      LabelledTokens made;
      made.example = index;
      for (std::size_t i = borders[part]; i < borders[part + 1]; ++i) {
        made.tokens.push_back(whole.tokens[i]);
        made.targets.push_back(tags[i]);
      }
      keep(std::move(made));
    }
    return {};
  }

  Result<void> add_labels(const Example& example, std::size_t index, const TextTokens& whole) {
    LabelledTokens made;
    made.example = index;
    made.tokens = whole.tokens;
    if (made.tokens.size() > tokens_max_) {
      report_.prompt_tokens_cut += made.tokens.size() - tokens_max_;
      made.tokens[tokens_max_ - 1] = made.tokens.back();
      made.tokens.resize(tokens_max_);
    }
    made.targets.assign(made.tokens.size(), -1);
    for (const std::string& label : example.labels) {
      const auto found = numbers_.find(label);
      if (found == numbers_.end())
        return invalid_input(
            fmt::format("a label is not one of the head's: example {}", index + 1));
      made.label_set.push_back(found->second);
    }
    const bool many = kind_ == model::HeadKind::kLabels;
    if (!many && made.label_set.size() != 1)
      return invalid_input(fmt::format("has not exactly one label: example {}", index + 1));
    made.targets.back() = many ? 0 : made.label_set.front();
    if (!many) made.label_set.clear();
    keep(std::move(made));
    return {};
  }

  void keep(LabelledTokens made) {
    report_.tokens += made.tokens.size();
    report_.loss_tokens += static_cast<std::uint64_t>(std::count_if(
        made.targets.begin(), made.targets.end(), [](std::int32_t target) { return target >= 0; }));
    all_.push_back(std::move(made));
  }

  model::HeadKind kind_;
  const std::vector<std::string>& labels_;
  const model::Tokenizer& tokenizer_;
  std::size_t tokens_max_;
  TruncationReport& report_;
  std::map<std::string, std::int32_t> numbers_;
  std::vector<LabelledTokens> all_;
};

}  // namespace

Result<TextTokens> text_tokens(std::string_view text, const model::Tokenizer& tokenizer) {
  TextTokens made;
  made.tokens = tokenizer.encode(text, tokenizer.add_bos(), false);
  std::size_t at = 0;
  for (std::size_t i = 0; i < made.tokens.size(); ++i) {
    const bool added = i == 0 && tokenizer.add_bos() && made.tokens[i] == tokenizer.bos();
    std::string piece = added ? "" : tokenizer.decode({made.tokens[i]}, false);
    std::string_view spelled = piece;
    // Tokenizers that mark the starts of words put a space before the first.
    if (!text.substr(at).starts_with(spelled) && spelled.starts_with(' ')) spelled.remove_prefix(1);
    if (!text.substr(at).starts_with(spelled))
      return invalid_input("the model's tokens do not spell the text they were made of");
    made.begins.push_back(at);
    at += spelled.size();
    made.ends.push_back(at);
  }
  if (at != text.size())
    return invalid_input("the model's tokens do not spell the text they were made of");
  if (tokenizer.end_of_turn() >= 0) {
    made.tokens.push_back(tokenizer.end_of_turn());
    made.begins.push_back(at);
    made.ends.push_back(at);
  }
  if (made.tokens.empty()) return invalid_input("the text has no tokens");
  return made;
}

std::vector<std::size_t> part_borders(const TextTokens& tokens, std::string_view text,
                                      std::size_t tokens_max) {
  std::vector<std::size_t> borders{0};
  const std::size_t count = tokens.tokens.size();
  while (count - borders.back() > tokens_max) {
    const std::size_t last = borders.back() + tokens_max;
    std::size_t best = last;
    int quality = 0;
    for (std::size_t border = last; border > borders.back() + tokens_max * 3 / 4; --border) {
      const int found = border_quality(text, tokens.ends[border - 1]);
      if (found <= quality) continue;
      quality = found;
      best = border;
    }
    borders.push_back(best);
  }
  borders.push_back(count);
  return borders;
}

Result<std::vector<std::string>> head_labels(const std::vector<Example>& examples,
                                             model::HeadKind kind) {
  std::set<std::string> found;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (examples[i].format != Format::kLabelled)
      return invalid_input(
          fmt::format("a head is trained on labelled texts (\"text\" with \"label\", \"labels\" or "
                      "\"entities\"): example {}",
                      i + 1));
    if (kind == model::HeadKind::kLabel && examples[i].labels.size() != 1)
      return invalid_input(fmt::format("has not exactly one label: example {}", i + 1));
    if (kind == model::HeadKind::kTags) {
      for (const LabelledSpan& span : examples[i].entities) found.insert(span.type);
    } else {
      found.insert(examples[i].labels.begin(), examples[i].labels.end());
    }
  }
  const std::vector<std::string> labels(found.begin(), found.end());
  if (labels.size() < (kind == model::HeadKind::kLabel ? 2u : 1u))
    return invalid_input(kind == model::HeadKind::kTags ? "the training set has no entities"
                                                        : "the training set has too few labels");
  return kind == model::HeadKind::kTags ? model::bio_tags(labels) : labels;
}

std::vector<std::int32_t> token_tags(const TextTokens& tokens,
                                     const std::vector<LabelledSpan>& entities,
                                     const std::vector<std::string>& tags) {
  std::map<std::string, std::int32_t> begins;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (tags[i].starts_with("B-")) begins[tags[i].substr(2)] = static_cast<std::int32_t>(i);
  }
  std::vector<std::int32_t> made(tokens.tokens.size(), 0);
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (tokens.begins[i] == tokens.ends[i]) made[i] = -1;
  }
  std::vector<const LabelledSpan*> order;
  for (const LabelledSpan& span : entities) order.push_back(&span);
  // The longest last: it writes over what it holds.
  std::stable_sort(order.begin(), order.end(), [](const LabelledSpan* a, const LabelledSpan* b) {
    return a->end - a->begin < b->end - b->begin;
  });
  for (const LabelledSpan* span : order) {
    const auto tag = begins.find(span->type);
    if (tag == begins.end()) continue;
    bool first = true;
    auto at = std::upper_bound(tokens.ends.begin(), tokens.ends.end(), span->begin);
    for (auto i = static_cast<std::size_t>(at - tokens.ends.begin()); i < made.size(); ++i) {
      if (tokens.begins[i] >= span->end) break;
      const std::size_t begin = std::max(tokens.begins[i], span->begin);
      const std::size_t end = std::min(tokens.ends[i], span->end);
      const bool most = 2 * (end - begin) >= tokens.ends[i] - tokens.begins[i];
      if (!most && !first) continue;
      made[i] = tag->second + (first ? 0 : 1);
      first = false;
    }
  }
  return made;
}

std::vector<LabelledSpan> tagged_spans(const TextTokens& tokens, std::string_view text,
                                       const std::vector<std::size_t>& tags_of_tokens,
                                       const std::vector<std::string>& tags) {
  std::vector<LabelledSpan> spans;
  bool open = false;
  for (std::size_t i = 0; i < tags_of_tokens.size() && i < tokens.tokens.size(); ++i) {
    const std::string& tag = tags[tags_of_tokens[i]];
    if (tag == "O" || tokens.begins[i] == tokens.ends[i]) {
      open = false;
      continue;
    }
    const bool goes_on = open && tag.starts_with("I-") && spans.back().type == tag.substr(2);
    if (goes_on) {
      spans.back().end = tokens.ends[i];
    } else {
      spans.push_back({tokens.begins[i], tokens.ends[i], tag.substr(2)});
    }
    open = true;
  }
  for (LabelledSpan& span : spans) {
    while (span.begin < span.end && is_space(text[span.begin])) ++span.begin;
    while (span.end > span.begin && is_space(text[span.end - 1])) --span.end;
  }
  std::erase_if(spans, [](const LabelledSpan& span) { return span.begin == span.end; });
  return spans;
}

Result<std::vector<PackedSequence>> pack_labelled(const std::vector<Example>& examples,
                                                  model::HeadKind kind,
                                                  const std::vector<std::string>& labels,
                                                  const model::Tokenizer& tokenizer,
                                                  const PackOptions& options,
                                                  TruncationReport& report) {
  Labeller labeller(kind, labels, tokenizer, options.tokens_max, report);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    RESIDENCY_TRY_VOID(labeller.add(examples[i], i));
  }
  const std::vector<LabelledTokens> texts = labeller.take();
  std::vector<std::size_t> lengths;
  for (const LabelledTokens& text : texts) lengths.push_back(text.tokens.size() + 1);
  RESIDENCY_TRY(const auto plan, pack_plan(lengths, options, 0));
  std::vector<PackedSequence> sequences;
  for (const auto& members : plan) {
    PackedSequence sequence;
    sequence.segment_starts.push_back(0);
    for (const std::size_t member : members) {
      const LabelledTokens& text = texts[member];
      for (std::size_t i = 0; i < text.tokens.size(); ++i) {
        sequence.tokens.push_back(text.tokens[i]);
        sequence.targets.push_back(text.targets[i]);
        sequence.positions.push_back(static_cast<std::int32_t>(i));
      }
      sequence.segment_starts.push_back(sequence.tokens.size());
      sequence.examples.push_back(text.example);
      if (kind == model::HeadKind::kLabels) sequence.label_sets.push_back(text.label_set);
    }
    sequences.push_back(std::move(sequence));
  }
  return sequences;
}

}  // namespace residency::dataset
