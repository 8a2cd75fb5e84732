#include "guard/content/content_trainer.h"

#include <algorithm>
#include <cmath>

#include "guard/content/split_mix.h"

namespace residency::guard {
namespace {

constexpr std::size_t kParts = 5;
constexpr std::uint64_t kDropOneIn = 8;
constexpr std::size_t kDropWordsMin = 5;

struct Example {
  std::vector<Feature> features;
  std::bitset<kCategoryCount> labels;
  std::size_t source = 0;  // place in the given texts
};

std::vector<Feature> features_of_words(const std::vector<Word>& words) {
  return features_of(words, ConceptTable::embedded().find(words),
                     {0, static_cast<std::uint32_t>(words.size())});
}

std::vector<Example> examples_of(const std::vector<LabelledText>& texts,
                                 const ContentTrainerOptions& options) {
  std::vector<Example> examples;
  SplitMix random(options.seed);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const GuardText text(texts[i].text);
    if (text.words().empty()) continue;
    examples.push_back({features_of_words(text.words()), texts[i].labels, i});
    for (int n = 0; n < options.variants && text.words().size() >= kDropWordsMin; ++n) {
      std::vector<Word> fewer;
      for (const Word& word : text.words()) {
        if (random.below(kDropOneIn) != 0) fewer.push_back(word);
      }
      if (!fewer.empty()) examples.push_back({features_of_words(fewer), texts[i].labels, i});
    }
  }
  return examples;
}

/// Logistic regression, one against the rest, AdaGrad.
ContentModel fit(const std::vector<Example>& examples, const ContentTrainerOptions& options,
                 std::size_t left_out) {
  const std::size_t size = std::size_t{kFeatureBuckets} * kCategoryCount;
  std::vector<float> weights(size, 0);
  std::vector<float> squares(size, 1e-3F);
  CategoryScores bias{};
  bias.fill(-1.0F);
  CategoryScores bias_squares{};
  bias_squares.fill(1e-1F);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (left_out >= kParts || examples[i].source % kParts != left_out) order.push_back(i);
  }
  SplitMix random(options.seed + 17);
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    for (const std::size_t at : order) {
      const Example& example = examples[at];
      CategoryScores sums = bias;
      for (const Feature& feature : example.features) {
        for (std::size_t c = 0; c < kCategoryCount; ++c)
          sums[c] += feature.value * weights[std::size_t{feature.bucket} * kCategoryCount + c];
      }
      for (std::size_t c = 0; c < kCategoryCount; ++c) {
        const bool positive = example.labels.test(c);
        const float weight = positive || example.labels.none() ? 1.0F : options.other_weight;
        const float chance = 1.0F / (1.0F + std::exp(-sums[c]));
        const float slope = weight * (chance - (positive ? 1.0F : 0.0F));
        if (std::fabs(slope) < 1e-3F) continue;
        bias_squares[c] += slope * slope;
        bias[c] -= options.rate * slope / std::sqrt(bias_squares[c]);
        for (const Feature& feature : example.features) {
          const std::size_t w = std::size_t{feature.bucket} * kCategoryCount + c;
          const float gradient = slope * feature.value + options.decay * weights[w];
          squares[w] += gradient * gradient;
          weights[w] -= options.rate * gradient / std::sqrt(squares[w]);
        }
      }
    }
  }
  return ContentModel::from_weights(weights, bias);
}

}  // namespace

ContentTraining train_content(const std::vector<LabelledText>& texts,
                              const ContentTrainerOptions& options) {
  const std::vector<Example> examples = examples_of(texts, options);
  ContentTraining training{fit(examples, options, kParts), {}};
  training.held_out.resize(texts.size());
  for (std::size_t part = 0; part < kParts; ++part) {
    const ContentModel model = fit(examples, options, part);
    std::size_t last = texts.size();
    for (const Example& example : examples) {
      // The first example of a text is the text itself.
      if (example.source % kParts != part || example.source == last) continue;
      last = example.source;
      training.held_out[example.source] = model.score(example.features);
    }
  }
  return training;
}

}  // namespace residency::guard
