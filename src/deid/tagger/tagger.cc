#include "deid/tagger/tagger.h"

#include <algorithm>

namespace residency::deid {
namespace {

/// Tokens that are scored at a time, without what the network sees to either side.
constexpr std::size_t kStretch = 1024;
/// How far the shipped model leans to recall beyond what its thresholds were fitted to.
constexpr float kLeanBias = -0.7f;
constexpr float kLeanShare = 0.6f;

bool is_text(const TagToken& token) { return token.shape < 127; }

bool is_place_or_work(PhiClass phi_class) {
  switch (phi_class) {
    case PhiClass::kStreet:
    case PhiClass::kCity:
    case PhiClass::kCounty:
    case PhiClass::kEmployer:
    case PhiClass::kHospital:
    case PhiClass::kWard:
    case PhiClass::kProfession:
      return true;
    default:
      return false;
  }
}

/// The first token that ends after `begin`.
std::size_t token_after(const std::vector<TagToken>& tokens, std::size_t begin) {
  return static_cast<std::size_t>(
      std::partition_point(tokens.begin(), tokens.end(),
                           [&](const TagToken& token) { return token.end <= begin; }) -
      tokens.begin());
}

}  // namespace

Result<Tagger> Tagger::embedded() {
  const auto& model = TaggerModel::embedded();
  if (!model.ok()) return model.error();
  // The embedded model outlives every tagger.
  Tagger tagger(std::shared_ptr<const TaggerModel>(std::shared_ptr<void>(), &model.value()));
  tagger.lean_bias_ = kLeanBias;
  tagger.lean_share_ = kLeanShare;
  tagger.reach({});
  return tagger;
}

void Tagger::reach(const TaggerReach& reach) {
  outside_bias_ = model_->outside_bias + static_cast<float>(reach.bias) + lean_bias_;
  thresholds_ = model_->thresholds;
  for (float& threshold : thresholds_) threshold *= lean_share_;
  for (const auto& [phi_class, threshold] : reach.thresholds) {
    if (const auto group = tag_group(phi_class))
      thresholds_[*group] = static_cast<float>(threshold);
  }
}

TagReading Tagger::read(std::string_view text, const std::vector<Span>& rules) const {
  TagReading reading;
  reading.tokens = tag_tokens(text);
  const std::vector<TagToken>& tokens = reading.tokens;
  const std::vector<TagInput> inputs = tag_inputs(tokens, rules);
  std::vector<float>& identify = reading.identify;
  identify.resize(tokens.size());
  for (std::size_t begin = 0; begin < tokens.size(); begin += kStretch) {
    const std::size_t end = std::min(begin + kStretch, tokens.size());
    const std::size_t from = begin - std::min(begin, kEncoderReach);
    std::vector<TagScores> scores =
        model_->scores(inputs, from, std::min(end + kEncoderReach, tokens.size()));
    scores.resize(end - from);
    scores.erase(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(begin - from));
    const auto path = viterbi(scores, outside_bias_);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      softmax(scores[i]);
      identify[begin + i] = 1.0f - scores[i][0];
    }
    for (std::size_t i = 0; i < path.size();) {
      if (path[i] == 0) {
        ++i;
        continue;
      }
      std::size_t stop = i + 1;
      while (stop < path.size() && is_inside(path[stop])) ++stop;
      float sum = 0;
      bool any_text = false;
      for (std::size_t k = i; k < stop; ++k) {
        sum += identify[begin + k];
        any_text = any_text || is_text(tokens[begin + k]);
      }
      const float probability = sum / static_cast<float>(stop - i);
      const std::size_t group = group_of(path[i]);
      if (any_text && probability >= thresholds_[group]) {
        reading.spans.push_back(
            {tokens[begin + i].begin, tokens[begin + stop - 1].end, kTagGroups[group],
             std::clamp(static_cast<double>(probability), 0.0, 1.0), Reason::kModel, "tagger"});
      }
      i = stop;
    }
  }
  return reading;
}

bool Tagger::is_weak(const Span& span) {
  return (span.reason == Reason::kDictionary || span.reason == Reason::kContext) &&
         is_place_or_work(span.phi_class);
}

void Tagger::doubt(const TagReading& reading, std::vector<Span>& spans) const {
  const std::vector<TagToken>& tokens = reading.tokens;
  std::erase_if(spans, [&](Span& span) {
    if (!is_weak(span)) return false;
    const auto doubted = [&](std::size_t i) {
      return !is_text(tokens[i]) || reading.identify[i] < model_->doubt;
    };
    std::size_t first = token_after(tokens, span.begin);
    std::size_t last = first;
    while (last < tokens.size() && tokens[last].begin < span.end) ++last;
    if (first == last) return false;
    const std::size_t all = last - first;
    while (first < last && doubted(first)) ++first;
    while (last > first && doubted(last - 1)) --last;
    if (first == last) return true;
    if (last - first == all) return false;
    span.begin = std::max<std::size_t>(span.begin, tokens[first].begin);
    span.end = std::min<std::size_t>(span.end, tokens[last - 1].end);
    return false;
  });
}

}  // namespace residency::deid
