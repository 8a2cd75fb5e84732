#include "deid/tagger/tag_chain.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace residency::deid {
namespace {

constexpr float kNever = -1e30f;

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

float portable_log(float x) {
  // x = m * 2^k with m in [1, 2); log m by the series of artanh.
  std::uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  const int exponent = static_cast<int>((bits >> 23) & 0xFF) - 127;
  bits = (bits & 0x7FFFFFu) | 0x3F800000u;
  float m = 0;
  std::memcpy(&m, &bits, sizeof m);
  const float z = (m - 1) / (m + 1);
  const float zz = z * z;
  const float series =
      z * (1.0f + zz * (1.0f / 3 + zz * (1.0f / 5 + zz * (1.0f / 7 + zz * (1.0f / 9)))));
  return 2 * series + static_cast<float>(exponent) * 0.69314718f;
}

float softmax(TagScores& scores) {
  float top = scores[0];
  for (std::size_t l = 1; l < kTagLabels; ++l) top = std::max(top, scores[l]);
  float sum = 0;
  for (std::size_t l = 0; l < kTagLabels; ++l) {
    scores[l] = portable_exp(scores[l] - top);
    sum += scores[l];
  }
  for (std::size_t l = 0; l < kTagLabels; ++l) scores[l] /= sum;
  return top + portable_log(sum);
}

std::vector<std::size_t> viterbi(const std::vector<TagScores>& scores, float outside_bias) {
  const std::size_t n = scores.size();
  std::vector<std::size_t> path(n, 0);
  if (n == 0) return path;
  // An outside or a beginning label follows any, an inside label only its group's two.
  std::vector<std::array<std::uint8_t, kTagLanes>> from(n);
  TagScores sums;
  sums.fill(kNever);
  for (std::size_t l = 0; l < kTagLabels; ++l) {
    if (!is_inside(l)) sums[l] = scores[0][l] + (l == 0 ? outside_bias : 0.0f);
  }
  for (std::size_t i = 1; i < n; ++i) {
    const auto best = static_cast<std::uint8_t>(
        std::max_element(sums.begin(), sums.begin() + kTagLabels) - sums.begin());
    TagScores next;
    next[0] = sums[best] + scores[i][0] + outside_bias;
    from[i][0] = best;
    for (std::size_t g = 0; g < kTagGroupCount; ++g) {
      const std::size_t begin = begin_label(g);
      const std::size_t inside = inside_label(g);
      const std::size_t before = sums[begin] >= sums[inside] ? begin : inside;
      next[begin] = sums[best] + scores[i][begin];
      from[i][begin] = best;
      next[inside] = sums[before] + scores[i][inside];
      from[i][inside] = static_cast<std::uint8_t>(before);
    }
    // Sums stay small however long the text is.
    const float top = sums[best];
    for (std::size_t l = 0; l < kTagLabels; ++l) sums[l] = next[l] - top;
  }
  auto label = static_cast<std::size_t>(std::max_element(sums.begin(), sums.begin() + kTagLabels) -
                                        sums.begin());
  for (std::size_t i = n; i-- > 0;) {
    path[i] = label;
    label = from[i][label];
  }
  return path;
}

}  // namespace residency::deid
