#include "guard/content/content_model.h"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <cstring>

#include "base/embedded_data.h"

RESIDENCY_EMBEDDED(guard_classifier);

namespace residency::guard {
namespace {

constexpr std::string_view kMagic = "residency guard classifier 1\n";
constexpr std::size_t kConceptsMax = 128;
constexpr float kWordValue = 0.5F;
constexpr float kPairValue = 0.4F;
constexpr float kLettersValue = 0.12F;
constexpr float kConceptValue = 1.0F;
constexpr float kConceptPairValue = 0.7F;
constexpr std::size_t kLettersLength = 4;

std::uint64_t mix(std::uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return hash;
}

std::uint32_t bucket_of(std::uint64_t hash) {
  hash ^= hash >> 33;
  hash *= 0xFF51AFD7ED558CCDull;
  hash ^= hash >> 33;
  return static_cast<std::uint32_t>(hash & (kFeatureBuckets - 1));
}

constexpr std::uint64_t kSeed = 0xCBF29CE484222325ull;

}  // namespace

std::vector<Feature> features_of(const std::vector<Word>& words,
                                 const std::vector<ConceptHit>& hits, const Segment& segment) {
  std::vector<Feature> out;
  const auto add = [&](std::uint64_t hash, float value) {
    out.push_back({bucket_of(hash), value});
  };
  std::string_view before = "^";
  for (std::uint32_t i = segment.first; i < segment.last; ++i) {
    const Word& word = words[i];
    const bool number = word.text[0] >= '0' && word.text[0] <= '9';
    const std::string_view stem = number ? std::string_view("#") : std::string_view(word.stem);
    add(mix(mix(kSeed, "w"), stem), kWordValue);
    add(mix(mix(mix(mix(kSeed, "b"), before), " "), stem), kPairValue);
    before = stem;
    if (number || word.text.size() <= kLettersLength) continue;
    const std::string_view text = word.text;
    for (std::size_t k = 0; k + kLettersLength <= text.size(); ++k)
      add(mix(mix(kSeed, "c"), text.substr(k, kLettersLength)), kLettersValue);
  }
  add(mix(mix(mix(mix(kSeed, "b"), before), " "), "$"), kPairValue);
  std::bitset<kConceptsMax> seen;
  std::vector<ConceptId> ids;
  for (const ConceptHit& hit : hits) {
    if (hit.first < segment.first || hit.last > segment.last || hit.id >= kConceptsMax ||
        seen.test(hit.id))
      continue;
    seen.set(hit.id);
    ids.push_back(hit.id);
  }
  std::sort(ids.begin(), ids.end());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    add(mix(kSeed, "K") ^ (std::uint64_t{ids[i]} + 1) * 0x9E3779B97F4A7C15ull, kConceptValue);
    for (std::size_t k = i + 1; k < ids.size(); ++k)
      add(mix(kSeed, "P") ^ (std::uint64_t{ids[i]} * 1000 + ids[k] + 1) * 0x9E3779B97F4A7C15ull,
          kConceptPairValue);
  }
  return out;
}

ContentModel ContentModel::from_weights(const std::vector<float>& weights,
                                        const CategoryScores& bias) {
  ContentModel model;
  model.bias_ = bias;
  model.weights_.assign(std::size_t{kFeatureBuckets} * kCategoryCount, 0);
  for (std::size_t c = 0; c < kCategoryCount; ++c) {
    float most = 1e-6F;
    for (std::size_t i = c; i < weights.size(); i += kCategoryCount)
      most = std::max(most, std::fabs(weights[i]));
    model.scale_[c] = most / 127.0F;
    for (std::size_t i = c; i < weights.size(); i += kCategoryCount)
      model.weights_[i] = static_cast<std::int8_t>(std::lround(weights[i] / model.scale_[c]));
  }
  return model;
}

std::string ContentModel::serialise() const {
  std::string out(kMagic);
  const auto put = [&](const void* bytes, std::size_t count) {
    out.append(static_cast<const char*>(bytes), count);
  };
  put(bias_.data(), sizeof(float) * kCategoryCount);
  put(scale_.data(), sizeof(float) * kCategoryCount);
  put(weights_.data(), weights_.size());
  return out;
}

Result<ContentModel> ContentModel::parse(std::string_view bytes) {
  constexpr std::size_t kFloats = sizeof(float) * kCategoryCount;
  constexpr std::size_t kWeights = std::size_t{kFeatureBuckets} * kCategoryCount;
  if (!bytes.starts_with(kMagic) || bytes.size() != kMagic.size() + 2 * kFloats + kWeights)
    return corrupt("this is no classifier of the guardrails");
  bytes.remove_prefix(kMagic.size());
  ContentModel model;
  std::memcpy(model.bias_.data(), bytes.data(), kFloats);
  std::memcpy(model.scale_.data(), bytes.data() + kFloats, kFloats);
  for (std::size_t c = 0; c < kCategoryCount; ++c) {
    if (!std::isfinite(model.bias_[c]) || !std::isfinite(model.scale_[c]))
      return corrupt("the classifier of the guardrails holds what is no number");
  }
  model.weights_.resize(kWeights);
  std::memcpy(model.weights_.data(), bytes.data() + 2 * kFloats, kWeights);
  return model;
}

const ContentModel& ContentModel::embedded() {
  static const ContentModel kModel = [] {
    auto parsed = parse(embedded_guard_classifier());
    RESIDENCY_CHECK(parsed.ok());
    return std::move(parsed).value();
  }();
  return kModel;
}

float ContentModel::weight(std::uint32_t bucket, Category category) const {
  const auto c = static_cast<std::size_t>(category);
  return static_cast<float>(weights_[std::size_t{bucket} * kCategoryCount + c]) * scale_[c];
}

CategoryScores ContentModel::score(const std::vector<Feature>& features) const {
  CategoryScores sums{};
  for (const Feature& feature : features) {
    const std::int8_t* row = weights_.data() + std::size_t{feature.bucket} * kCategoryCount;
    for (std::size_t c = 0; c < kCategoryCount; ++c)
      sums[c] += feature.value * static_cast<float>(row[c]);
  }
  for (std::size_t c = 0; c < kCategoryCount; ++c)
    sums[c] = 1.0F / (1.0F + std::exp(-(bias_[c] + sums[c] * scale_[c])));
  return sums;
}

}  // namespace residency::guard
