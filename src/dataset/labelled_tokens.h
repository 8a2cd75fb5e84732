// Labelled texts to tokens with the labels that a head is to say of them, and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dataset/packing.h"
#include "model/label_head.h"
#include "model/tokenizer.h"

namespace residency::dataset {

/// A text's tokens and the bytes [begin, end) that each stands for; a token that the tokenizer adds
/// stands for none.
struct TextTokens {
  std::vector<std::int32_t> tokens;
  std::vector<std::size_t> begins;
  std::vector<std::size_t> ends;
};

/// Without a chat template: a BOS where the tokenizer adds one, the text, the token that ends a
/// turn. kInvalidInput where the tokens don't spell the text.
Result<TextTokens> text_tokens(std::string_view text, const model::Tokenizer& tokenizer);

/// A long text in parts of at most `tokens_max` tokens, cut at line ends, ends of sentences or
/// spaces where there are any in a part's last quarter; each part ends as the whole does. Borders
/// are indices of tokens: part i holds [borders[i], borders[i + 1]).
std::vector<std::size_t> part_borders(const TextTokens& tokens, std::string_view text,
                                      std::size_t tokens_max);

/// The labels that a head of `kind` needs for the examples: sorted labels, or the BIO tags of the
/// sorted types. kInvalidInput naming the example by number where it has not what the kind asks
/// for (exactly one label), or there are fewer than two labels.
Result<std::vector<std::string>> head_labels(const std::vector<Example>& examples,
                                             model::HeadKind kind);

/// Each token's tag, as an index into `tags`: that of the entity which holds most of it; of
/// entities that overlap the longest counts. -1 for tokens of no bytes.
std::vector<std::int32_t> token_tags(const TextTokens& tokens,
                                     const std::vector<LabelledSpan>& entities,
                                     const std::vector<std::string>& tags);

/// The entities that tags of tokens spell, without white space at their ends.
std::vector<LabelledSpan> tagged_spans(const TextTokens& tokens, std::string_view text,
                                       const std::vector<std::size_t>& tags_of_tokens,
                                       const std::vector<std::string>& tags);

/// Packed sequences of labelled examples. Targets are indices into `labels` at their own place. A
/// text too long for a sequence is parted for tags and cut at its end otherwise (report.cut). A
/// label that is not among `labels` is kInvalidInput.
Result<std::vector<PackedSequence>> pack_labelled(const std::vector<Example>& examples,
                                                  model::HeadKind kind,
                                                  const std::vector<std::string>& labels,
                                                  const model::Tokenizer& tokenizer,
                                                  const PackOptions& options,
                                                  TruncationReport& report);

}  // namespace residency::dataset
