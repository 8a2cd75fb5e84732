// LabelHead: a linear layer over the last norm's output that says labels in place of tokens.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::model {

/// What a head says of a text.
enum class HeadKind : std::uint8_t {
  kTags,   // a BIO tag of every token: "O", "B-X", "I-X"
  kLabel,  // one label of the text, read at its last token
  kLabels  // any number of labels of the text, each on its own, read at its last token
};

/// "tags", "label", "labels".
std::string_view head_kind_name(HeadKind kind);
/// kInvalidInput for another name.
Result<HeadKind> head_kind_named(std::string_view name);

struct LabelHead {
  HeadKind kind = HeadKind::kLabel;
  bool bidirectional = true;        // tokens see what follows them, in every block
  std::vector<std::string> labels;  // for tags: the tags
  std::int64_t width = 0;           // the model's embedding length
  std::vector<float> weight;        // [labels, width] row-major
  std::vector<float> bias;          // [labels]

  /// Log-probabilities of the labels (kTags, kLabel), or of each label being there (kLabels), for
  /// one token's `hidden` of `width` values.
  std::vector<float> log_scores(std::span<const float> hidden) const;
};

inline constexpr std::size_t kHeadLabelsMax = 100'000;
inline constexpr std::string_view kHeadFile = "head.safetensors";

/// The bytes of a safetensors file: "weight" and "bias" with the rest as metadata. Deterministic.
Result<std::string> write_label_head(const LabelHead& head);
/// kCorrupt or kInvalidInput where the bytes are not what write_label_head() gives.
Result<LabelHead> read_label_head(std::string bytes, const std::string& name);

/// "O" and the B- and I- tags of `types`, in their order. Source of the form: Ramshaw and Marcus,
/// Text Chunking using Transformation-Based Learning, 1995.
std::vector<std::string> bio_tags(const std::vector<std::string>& types);

/// The best sequence of tags in which I-X follows only B-X or I-X (Viterbi 1967). `log_scores` is
/// [tokens, tags] row-major; the result are indices into `tags`.
std::vector<std::size_t> best_tags(const std::vector<std::string>& tags,
                                   std::span<const float> log_scores);

}  // namespace residency::model
