#include "deid/tagger/tag_sampler.h"

#include <algorithm>

#include "deid/tagger/augment.h"

namespace residency::deid {
namespace {

// Shares of what is drawn, in per cent; the rest are negatives.
constexpr int kWrittenPercent = 55;
constexpr int kSynthPercent = 12;
constexpr int kGenrePercent = 16;
// What is hidden of a token, or for a whole window, in per cent.
constexpr int kHideWord = 15;
constexpr int kHideParts = 6;
constexpr int kHideLists = 8;
constexpr int kHideRule = 6;
constexpr int kHideHeaders = 15;
constexpr int kHideRules = 8;
constexpr int kShortPercent = 8;

}  // namespace

std::vector<std::size_t> gold_labels(const std::vector<TagToken>& tokens,
                                     const std::vector<GoldSpan>& spans) {
  std::vector<std::size_t> labels(tokens.size(), 0);
  std::size_t at = 0;
  for (const GoldSpan& span : spans) {
    const auto group = tag_group(span.phi_class);
    if (!group) continue;
    while (at < tokens.size() && tokens[at].end <= span.begin) ++at;
    bool first = true;
    for (std::size_t i = at; i < tokens.size() && tokens[i].begin < span.end; ++i) {
      labels[i] = first ? begin_label(*group) : inside_label(*group);
      first = false;
    }
  }
  return labels;
}

TagExample TagSampler::example(TagRandom& random) const {
  if (notes_alone_) return augment(random.pick(texts_.notes), maker_, random);
  const int kind = static_cast<int>(random.below(100));
  if (kind < kWrittenPercent && !texts_.written.empty())
    return augment(random.pick(texts_.written), maker_, random);
  if (kind < kWrittenPercent + kSynthPercent)
    return augment(random.pick(texts_.notes), maker_, random);
  if (kind < kWrittenPercent + kSynthPercent + kGenrePercent || texts_.negatives.empty()) {
    TagExample example = maker_.make(random);
    // Most stand beside others, as lines of one text do.
    while (random.chance(75) && example.text.size() < 1500) {
      const TagExample more = maker_.make(random);
      example.text += random.chance(60) ? "\n" : random.chance(50) ? "\n\n" : " ";
      for (const GoldSpan& span : more.spans)
        example.spans.push_back(
            {span.begin + example.text.size(), span.end + example.text.size(), span.phi_class});
      example.text += more.text;
    }
    return augment(example, maker_, random);
  }
  return augment({random.pick(texts_.negatives), {}}, maker_, random);
}

Result<TagWindow> TagSampler::draw(TagRandom& random) const {
  const TagExample text = example(random);
  std::vector<Span> rules;
  if (!notes_alone_) {
    RESIDENCY_TRY(rules, detector_.rule_spans(text.text));
  }
  const std::vector<TagToken> tokens = tag_tokens(text.text);
  TagWindow window{tag_inputs(tokens, rules), gold_labels(tokens, text.spans)};
  // Some are short, as the values of a form or a table are that are read by themselves.
  const std::size_t most = random.chance(kShortPercent) ? 1 + random.below(12) : kWindowTokens;
  if (tokens.size() > most) {
    const std::size_t begin = random.below(tokens.size() - most + 1);
    const auto cut = [&](auto& values) {
      values.erase(values.begin() + static_cast<std::ptrdiff_t>(begin + most), values.end());
      values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(begin));
    };
    cut(window.inputs);
    cut(window.labels);
  }
  return window;
}

void add_window(const TagWindow& window, const TagVocabulary& vocabulary, TagRandom& random,
                TrainTokens& batch) {
  const bool no_headers = random.chance(kHideHeaders);
  const bool no_rules = random.chance(kHideRules);
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < window.inputs.size(); ++i) {
    const TagInput& input = window.inputs[i];
    rows.assign(input.rows.begin(), input.rows.begin() + input.fixed);
    const auto part = [&](std::uint8_t begin, std::uint8_t end, bool hidden) {
      if (!hidden) rows.insert(rows.end(), input.rows.begin() + begin, input.rows.begin() + end);
    };
    part(input.fixed, input.parts_end, random.chance(kHideParts));
    part(input.parts_end, input.header_end, no_headers);
    part(input.header_end, input.lists_end, random.chance(kHideLists));
    part(input.lists_end, input.rules_end, no_rules || random.chance(kHideRule));
    const std::uint32_t word = vocabulary.find(input.word);
    if (word != 0 && !random.chance(kHideWord)) rows.push_back(kVocabularyAt + word - 1);
    batch.add(static_cast<std::uint8_t>(window.labels[i]), rows);
  }
  rows.clear();
  for (std::size_t i = 0; i < kEncoderMargin; ++i) batch.add(TrainTokens::kGap, rows);
}

}  // namespace residency::deid
