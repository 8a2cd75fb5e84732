// ContentModel: a linear classifier over hashed words, word pairs, letters and concepts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "guard/content/category.h"
#include "guard/content/concepts.h"

namespace residency::guard {

inline constexpr std::uint32_t kFeatureBits = 16;
inline constexpr std::uint32_t kFeatureBuckets = 1u << kFeatureBits;

/// A feature's bucket and its value.
struct Feature {
  std::uint32_t bucket = 0;
  float value = 0;
};

/// What the classifier sees of a segment; `hits` are the concepts of the whole text.
std::vector<Feature> features_of(const std::vector<Word>& words,
                                 const std::vector<ConceptHit>& hits, const Segment& segment);

class ContentModel {
 public:
  /// The shipped model, shared and never changed.
  static const ContentModel& embedded();
  /// kCorrupt where it is none.
  static Result<ContentModel> parse(std::string_view bytes);
  std::string serialise() const;

  /// Rounds weights (kCategoryCount for each bucket) to 8 bits with a scale for each category.
  static ContentModel from_weights(const std::vector<float>& weights, const CategoryScores& bias);

  /// The chance of each category.
  CategoryScores score(const std::vector<Feature>& features) const;
  /// What one feature adds to the logit of `category`.
  float weight(std::uint32_t bucket, Category category) const;

 private:
  CategoryScores bias_{};
  CategoryScores scale_{};
  std::vector<std::int8_t> weights_;
};

}  // namespace residency::guard
