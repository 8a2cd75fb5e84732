#include "deid/tagger/tagger.h"

#include <algorithm>

namespace residency::deid {
namespace {

/// A block ends at a blank line, at a line's end past the first bound, anywhere at the second.
constexpr std::size_t kBlockTokens = 160;
constexpr std::size_t kBlockTokensMax = 400;
/// Tokens around a span that its probability is summed over.
constexpr std::size_t kWindow = 4;

std::size_t block_end(const std::vector<TagToken>& tokens, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < tokens.size() && end - begin < kBlockTokensMax) {
    if (tokens[end].gap == 4) break;
    if (end - begin >= kBlockTokens && tokens[end].gap == 3) break;
    ++end;
  }
  return end;
}

bool is_text(const TagToken& token) { return token.shape < 127; }

}  // namespace

Result<Tagger> Tagger::embedded() {
  const auto& model = TaggerModel::embedded();
  if (!model.ok()) return model.error();
  // The embedded model outlives every tagger.
  return Tagger(std::shared_ptr<const TaggerModel>(std::shared_ptr<void>(), &model.value()));
}

void Tagger::reach(const TaggerReach& reach) {
  outside_bias_ = model_->outside_bias + static_cast<float>(reach.bias);
  thresholds_ = model_->thresholds;
  for (const auto& [phi_class, threshold] : reach.thresholds) {
    if (const auto group = tag_group(phi_class))
      thresholds_[*group] = static_cast<float>(threshold);
  }
}

std::vector<Span> Tagger::find(std::string_view text) const {
  std::vector<Span> spans;
  const std::vector<TagToken> tokens = tag_tokens(text);
  std::vector<TagScores> emissions;
  TagFeatureSet features;
  for (std::size_t begin = 0; begin < tokens.size();) {
    const std::size_t end = block_end(tokens, begin);
    emissions.resize(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      tag_features(tokens, i, features);
      emissions[i - begin] = model_->emissions(features);
    }
    const auto path = viterbi(emissions, model_->transitions, outside_bias_);
    for (std::size_t i = 0; i < path.size();) {
      if (path[i] == 0) {
        ++i;
        continue;
      }
      std::size_t stop = i + 1;
      while (stop < path.size() && is_inside(path[stop])) ++stop;
      const std::size_t left = i - std::min(i, kWindow);
      const std::size_t right = std::min(stop + kWindow, path.size());
      const ChainMarginals sums =
          marginals({emissions.begin() + static_cast<std::ptrdiff_t>(left),
                     emissions.begin() + static_cast<std::ptrdiff_t>(right)},
                    model_->transitions);
      double probability = 0;
      bool any_text = false;
      for (std::size_t k = i; k < stop; ++k) {
        probability += 1.0 - static_cast<double>(sums.unary[k - left][0]);
        any_text = any_text || is_text(tokens[begin + k]);
      }
      probability /= static_cast<double>(stop - i);
      const std::size_t group = group_of(path[i]);
      if (any_text && probability >= static_cast<double>(thresholds_[group])) {
        spans.push_back({tokens[begin + i].begin, tokens[begin + stop - 1].end, kTagGroups[group],
                         std::clamp(probability, 0.0, 1.0), Reason::kModel, "tagger"});
      }
      i = stop;
    }
    begin = end;
  }
  return spans;
}

}  // namespace residency::deid
