#include "deid/tagger/tag_chain.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

namespace residency::deid {
namespace {

constexpr float kNever = -1e30f;
/// Predecessors this far below the best one cannot win any more: weights are bounded.
constexpr float kBeam = 60.0f;

/// exp(transition), 0 where the pair is illegal.
TagTransitions weights_of(const TagTransitions& transitions) {
  TagTransitions weights{};
  for (std::size_t p = 0; p < kTagLabels; ++p) {
    for (std::size_t l = 0; l < kTagLabels; ++l)
      weights[p][l] = may_follow(p, l) ? portable_exp(transitions[p][l]) : 0.0f;
  }
  return weights;
}

/// exp(emission - the token's highest) for each label; returns the highest.
float exponentials(const TagScores& scores, TagScores& out) {
  float top = scores[0];
  for (std::size_t l = 1; l < kTagLabels; ++l) top = std::max(top, scores[l]);
  out.fill(0);
  for (std::size_t l = 0; l < kTagLabels; ++l) out[l] = portable_exp(scores[l] - top);
  return top;
}

float normalise(TagScores& scores) {
  float sum = 0;
  for (std::size_t l = 0; l < kTagLabels; ++l) sum += scores[l];
  sum = std::max(sum, std::numeric_limits<float>::min());
  for (std::size_t l = 0; l < kTagLabels; ++l) scores[l] /= sum;
  return sum;
}

}  // namespace

float portable_exp(float x) {
  if (x < -80.0f) return 0.0f;
  x = std::min(x, 80.0f);
  const float scaled = x * 1.44269504f;
  const float whole = static_cast<float>(static_cast<int>(scaled + (scaled < 0 ? -0.5f : 0.5f)));
  const float r = (scaled - whole) * 0.69314718f;
  const float e =
      1.0f + r * (1.0f + r * (0.5f + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120)))));
  const auto bits = static_cast<std::uint32_t>(static_cast<int>(whole) + 127) << 23;
  float power = 0;
  std::memcpy(&power, &bits, sizeof power);
  return e * power;
}

double portable_log(double x) {
  // x = m * 2^k with m in [1, 2); log m by the series of artanh.
  int exponent = 0;
  while (x >= 2) {
    x /= 2;
    ++exponent;
  }
  while (x < 1 && x > 0) {
    x *= 2;
    --exponent;
  }
  const double z = (x - 1) / (x + 1);
  double term = z;
  double sum = 0;
  for (int i = 1; i < 30; i += 2) {
    sum += term / i;
    term *= z * z;
  }
  return 2 * sum + exponent * 0.6931471805599453;
}

std::vector<std::size_t> viterbi(const std::vector<TagScores>& emissions,
                                 const TagTransitions& transitions, float outside_bias) {
  const std::size_t n = emissions.size();
  std::vector<std::size_t> path(n, 0);
  if (n == 0) return path;
  std::vector<std::array<std::uint8_t, kTagLanes>> from(n);
  TagScores score;
  score.fill(kNever);
  for (std::size_t l = 0; l < kTagLabels; ++l) {
    if (!is_inside(l)) score[l] = emissions[0][l] + (l == 0 ? outside_bias : 0.0f);
  }
  for (std::size_t i = 1; i < n; ++i) {
    TagScores next;
    next.fill(kNever);
    const float best = *std::max_element(score.begin(), score.begin() + kTagLabels);
    auto& back = from[i];
    back.fill(0);
    for (std::size_t p = 0; p < kTagLabels; ++p) {
      if (score[p] < best - kBeam) continue;
      const auto offer = [&](std::size_t l) {
        const float value = score[p] + transitions[p][l];
        if (value > next[l]) {
          next[l] = value;
          back[l] = static_cast<std::uint8_t>(p);
        }
      };
      offer(0);
      for (std::size_t l = 1; l < kTagLabels; l += 2) offer(l);
      if (p != 0) offer(inside_label(group_of(p)));
    }
    for (std::size_t l = 0; l < kTagLabels; ++l) {
      if (next[l] > kNever) next[l] += emissions[i][l];
    }
    next[0] += outside_bias;
    score = next;
  }
  std::size_t label = static_cast<std::size_t>(
      std::max_element(score.begin(), score.begin() + kTagLabels) - score.begin());
  for (std::size_t i = n; i-- > 0;) {
    path[i] = label;
    label = from[i][label];
  }
  return path;
}

ChainMarginals marginals(const std::vector<TagScores>& emissions, const TagTransitions& transitions,
                         TagTransitions* pairs) {
  const std::size_t n = emissions.size();
  ChainMarginals out;
  out.unary.resize(n);
  if (n == 0) return out;
  const TagTransitions weights = weights_of(transitions);
  std::vector<TagScores> emitted(n), forward(n);
  std::vector<float> scale(n);
  for (std::size_t i = 0; i < n; ++i) {
    out.log_partition += exponentials(emissions[i], emitted[i]);
    TagScores& f = forward[i];
    f.fill(0);
    if (i == 0) {
      for (std::size_t l = 0; l < kTagLabels; ++l) f[l] = is_inside(l) ? 0.0f : emitted[0][l];
    } else {
      for (std::size_t p = 0; p < kTagLabels; ++p) {
        const float mass = forward[i - 1][p];
        if (mass == 0.0f) continue;
        for (std::size_t l = 0; l < kTagLanes; ++l) f[l] += mass * weights[p][l];
      }
      for (std::size_t l = 0; l < kTagLanes; ++l) f[l] *= emitted[i][l];
    }
    scale[i] = normalise(f);
    out.log_partition += portable_log(scale[i]);
  }
  TagScores backward;
  backward.fill(1.0f);
  for (std::size_t i = n; i-- > 0;) {
    TagScores& unary = out.unary[i];
    for (std::size_t l = 0; l < kTagLanes; ++l) unary[l] = forward[i][l] * backward[l];
    normalise(unary);
    if (i == 0) break;
    TagScores right;
    for (std::size_t l = 0; l < kTagLanes; ++l) right[l] = emitted[i][l] * backward[l] / scale[i];
    TagScores next{};
    for (std::size_t p = 0; p < kTagLabels; ++p) {
      float sum = 0;
      for (std::size_t l = 0; l < kTagLanes; ++l) {
        const float flow = weights[p][l] * right[l];
        if (pairs != nullptr) (*pairs)[p][l] += forward[i - 1][p] * flow;
        sum += flow;
      }
      next[p] = sum;
    }
    backward = next;
  }
  return out;
}

}  // namespace residency::deid
