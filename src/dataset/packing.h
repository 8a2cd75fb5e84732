// From examples to packed token sequences: what the trainer's steps are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataset/example.h"
#include "model/tokenizer.h"

namespace residency::dataset {

/// Sequences longer than this are refused whatever the options say.
inline constexpr std::size_t kSequenceTokensMax = 1u << 20;

/// One example as the model sees it. loss[i] is 1 where token i is to be predicted in training:
/// the completion and the token that ends the turn.
struct TokenizedExample {
  std::vector<std::int32_t> tokens;
  std::vector<std::uint8_t> loss;  // parallel to tokens
  std::string id;
};

/// What to do with an example of more than tokens_max tokens.
enum class TooLong : std::uint8_t {
  kDrop,       // leave it out
  kCutPrompt,  // cut the start of the last user message until it fits
};

/// What happened to the lengths of examples; nothing is cut or dropped without being counted here.
struct TruncationReport {
  TooLong too_long = TooLong::kDrop;  // the choice, set by the caller
  std::uint64_t examples = 0;         // seen
  std::uint64_t kept_whole = 0;
  std::uint64_t cut = 0;
  std::uint64_t dropped = 0;
  std::uint64_t prompt_tokens_cut = 0;  // over the cut examples
  std::uint64_t tokens = 0;             // kept
  std::uint64_t loss_tokens = 0;        // kept, with loss
  std::size_t longest_tokens = 0;       // before cutting or dropping

  /// {"examples":…,"cut":…,…}: deterministic.
  std::string to_json() const;
};

/// Renders and tokenises one example. Loss is on the completion alone, up to and with the token
/// that ends the turn; what a template writes after that token is left out. The boundary is where
/// the rendering without the answer ends; it must be a prefix of the rendering with it, else
/// kInvalidInput. An example too long is cut or dropped as `report.too_long` says: a dropped one
/// comes back with no tokens. An example whose completion alone is too long is always dropped.
Result<TokenizedExample> tokenize(const Example& example, const model::Tokenizer& tokenizer,
                                  std::size_t tokens_max, TruncationReport& report);

/// A bare text (Format::kText) in parts of at most tokens_max tokens: a BOS where the tokenizer
/// adds one, the text, the token that ends a turn; every token is a target once.
Result<std::vector<TokenizedExample>> tokenize_text(const Example& example,
                                                    const model::Tokenizer& tokenizer,
                                                    std::size_t tokens_max,
                                                    TruncationReport& report);

/// The example's text with the trained part marked, tokens separated: "[prompt…]" is untrained,
/// each trained token stands between ⟦ and ⟧. For people; it holds record text, so only to the
/// user's own terminal.
std::string preview(const TokenizedExample& example, const model::Tokenizer& tokenizer);

/// Several examples end to end, without padding. An example of n tokens takes n - 1 places: its
/// last token is only ever a target.
struct PackedSequence {
  std::vector<std::int32_t> tokens;         // inputs
  std::vector<std::int32_t> targets;        // the next token, or -1 where there is no loss
  std::vector<std::int32_t> positions;      // restart at 0 with each example
  std::vector<std::size_t> segment_starts;  // offsets of examples; first 0, last tokens.size()
  std::vector<std::size_t> examples;        // index of each segment's example
  Judgement judgement = Judgement::kNone;   // of the first segment's answer, where KTO asks
  std::vector<float> segment_weights;       // of each segment's loss; empty: all 1
  /// Training of a head (dataset/labelled_tokens.h): targets are labels of their own place, and
  /// where a text has any number of labels, these stand here, by segment.
  std::vector<std::vector<std::int32_t>> label_sets;
};

struct PackOptions {
  std::size_t tokens_max = 1024;  // places in a sequence
  std::uint64_t seed = 0;
  std::size_t window_examples = 1024;  // examples that are packed against each other
};

/// The order in which examples are seen in an epoch: a permutation of 0..count-1.
std::vector<std::size_t> epoch_order(std::size_t count, std::uint64_t seed, std::uint64_t epoch);

/// Which examples share a sequence, by index, in training order: each example with at least two
/// tokens is in exactly one. Windows of the epoch's order are packed first-fit-decreasing, then
/// the sequences are shuffled. `lengths` are token counts. kInvalidArgument where one needs more
/// than tokens_max places.
Result<std::vector<std::vector<std::size_t>>> pack_plan(const std::vector<std::size_t>& lengths,
                                                        const PackOptions& options,
                                                        std::uint64_t epoch);

/// Lays `members` of `examples` end to end. Members are indices within range.
PackedSequence pack_sequence(const std::vector<TokenizedExample>& examples,
                             const std::vector<std::size_t>& members);

/// pack_plan() and pack_sequence() over a set that fits in memory.
Result<std::vector<PackedSequence>> pack(const std::vector<TokenizedExample>& examples,
                                         const PackOptions& options, std::uint64_t epoch);

}  // namespace residency::dataset
