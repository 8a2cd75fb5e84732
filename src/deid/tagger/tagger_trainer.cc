#include "deid/tagger/tagger_trainer.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <unordered_map>

#include "deid/detect/detector.h"
#include "deid/tagger/augment.h"
#include "deid/tagger/tagger.h"

namespace residency::deid {
namespace {

constexpr float kRate = 0.12f;
constexpr float kDecay = 2e-6f;
/// A chain longer than this is cut; the gradient of its parts is the same but for one transition.
constexpr std::size_t kChainTokens = 120;
/// A feature seen less often is not learnt.
constexpr std::uint32_t kSeenMin = 3;
constexpr std::size_t kFeaturesMax = 1u << 20;
constexpr int kOwnWordDropPercent = 12;
constexpr int kListDropPercent = 6;
constexpr float kWeightMax = 8.0f;
/// Held-out examples are kinder than real notes, so no threshold falls below its group's floor. It
/// is high where the patterns are strong by themselves (dates, ages, telephones, numbers), lower
/// where only context tells (names, places).
constexpr std::array<float, kTagGroupCount> kThresholdFloors{
    0.4f, 0.4f, 0.4f, 0.45f, 0.3f, 0.4f, 0.9f, 0.9f, 0.9f, 0.9f, 0.5f, 0.8f, 0.8f};

/// A feature's weights while they are learnt.
struct Weights {
  TagScores value{};
  TagScores squares{};  // AdaGrad's sums
  bool kept = true;
};

/// The label of every token.
std::vector<std::size_t> gold_labels(const std::vector<TagToken>& tokens,
                                     const TagExample& example) {
  std::vector<std::size_t> labels(tokens.size(), 0);
  std::size_t at = 0;
  for (const GoldSpan& span : example.spans) {
    const auto group = tag_group(span.phi_class);
    if (!group) continue;
    while (at < tokens.size() && tokens[at].end <= span.begin) ++at;
    bool first = true;
    for (std::size_t i = at; i < tokens.size() && tokens[i].begin < span.end; ++i) {
      labels[i] = first ? begin_label(*group) : inside_label(*group);
      first = false;
    }
  }
  return labels;
}

class Trainer {
 public:
  Trainer(const std::vector<TagExample>& notes, const std::vector<std::string>& negatives,
          const TaggerTrainOptions& options)
      : notes_(notes), options_(options) {
    for (const std::string& text : negatives) negatives_.push_back({text, {}});
  }

  void count_features();
  Result<double> epoch(int number, Progress& progress);
  void prune();
  TaggerModel model() const;
  std::size_t features() const { return weights_.size(); }
  /// What one epoch reads, in order.
  template <class Take>
  void each_example(int epoch, Take take) const;
  const GenreMaker& maker() const { return maker_; }

 private:
  void learn(const TagExample& example, TagRandom& random);
  void learn_chain(const std::vector<TagToken>& tokens, const std::vector<std::size_t>& labels,
                   std::size_t begin, std::size_t end, TagRandom& random);
  void step(float& value, float& squares, float gradient) const {
    squares += gradient * gradient;
    value -= kRate * gradient / std::sqrt(squares + 1e-6f) + kDecay * value;
    value = std::clamp(value, -kWeightMax, kWeightMax);
  }

  const std::vector<TagExample>& notes_;
  std::vector<TagExample> negatives_;
  const TaggerTrainOptions& options_;
  GenreMaker maker_;
  std::unordered_map<std::uint64_t, std::uint32_t> index_;
  std::vector<std::uint64_t> hashes_;
  std::vector<Weights> weights_;
  TagTransitions transitions_{};
  TagTransitions transition_squares_{};
  double loss_ = 0;
  std::uint64_t tokens_ = 0;
};

template <class Take>
void Trainer::each_example(int epoch, Take take) const {
  TagRandom random(options_.seed * 0x9e3779b9u + static_cast<std::uint64_t>(epoch));
  const std::size_t genres = static_cast<std::size_t>(options_.genre_examples);
  const std::size_t negatives =
      negatives_.size() * static_cast<std::size_t>(options_.negative_copies);
  // 0 .. notes, genres, negatives in one shuffled order.
  std::vector<std::uint32_t> order(notes_.size() + genres + negatives);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  for (const std::uint32_t id : order) {
    if (id < notes_.size()) {
      take(augment(notes_[id], maker_, random), random);
    } else if (id < notes_.size() + genres) {
      TagExample example = maker_.make(random);
      // Half of them stand beside others, as lines of one text do.
      while (random.chance(50) && example.text.size() < 2000) {
        const TagExample more = maker_.make(random);
        example.text += random.chance(60) ? "\n" : random.chance(50) ? "\n\n" : " ";
        for (const GoldSpan& span : more.spans)
          example.spans.push_back(
              {span.begin + example.text.size(), span.end + example.text.size(), span.phi_class});
        example.text += more.text;
      }
      take(augment(example, maker_, random), random);
    } else {
      take(augment(negatives_[(id - notes_.size() - genres) % negatives_.size()], maker_, random),
           random);
    }
  }
}

void Trainer::count_features() {
  std::unordered_map<std::uint64_t, std::uint32_t> counts;
  std::vector<std::uint64_t> order;
  each_example(0, [&](const TagExample& example, TagRandom&) {
    const std::vector<TagToken> tokens = tag_tokens(example.text);
    TagFeatureSet features;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      tag_features(tokens, i, features);
      for (const std::uint64_t feature : features) {
        if (++counts[feature] == kSeenMin && order.size() < kFeaturesMax) order.push_back(feature);
      }
    }
  });
  hashes_ = std::move(order);
  weights_.resize(hashes_.size());
  index_.reserve(2 * hashes_.size());
  for (std::size_t i = 0; i < hashes_.size(); ++i)
    index_[hashes_[i]] = static_cast<std::uint32_t>(i);
}

void Trainer::learn_chain(const std::vector<TagToken>& tokens,
                          const std::vector<std::size_t>& labels, std::size_t begin,
                          std::size_t end, TagRandom& random) {
  const std::size_t n = end - begin;
  std::vector<std::array<Weights*, kTagFeatures>> rows(n);
  std::vector<TagScores> emissions(n);
  TagFeatureSet features;
  for (std::size_t i = 0; i < n; ++i) {
    tag_features(tokens, begin + i, features);
    const bool no_word = random.chance(kOwnWordDropPercent);
    const bool no_list = random.chance(kListDropPercent);
    emissions[i].fill(0);
    for (std::size_t f = 0; f < kTagFeatures; ++f) {
      rows[i][f] = nullptr;
      if ((no_word && is_own_word_feature(f)) || (no_list && is_list_feature(f))) continue;
      const auto found = index_.find(features[f]);
      if (found == index_.end() || !weights_[found->second].kept) continue;
      rows[i][f] = &weights_[found->second];
      for (std::size_t l = 0; l < kTagLanes; ++l) emissions[i][l] += rows[i][f]->value[l];
    }
  }
  TagTransitions expected{};
  const ChainMarginals sums = marginals(emissions, transitions_, &expected);
  double gold = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t label = labels[begin + i];
    gold += static_cast<double>(emissions[i][label]);
    if (i > 0) {
      gold += static_cast<double>(transitions_[labels[begin + i - 1]][label]);
      expected[labels[begin + i - 1]][label] -= 1;
    }
    TagScores gradient = sums.unary[i];
    gradient[label] -= 1;
    bool learns = false;
    for (std::size_t l = 0; l < kTagLabels; ++l) learns = learns || std::fabs(gradient[l]) > 1e-3f;
    if (!learns) continue;
    for (Weights* row : rows[i]) {
      if (row == nullptr) continue;
      for (std::size_t l = 0; l < kTagLanes; ++l) step(row->value[l], row->squares[l], gradient[l]);
    }
  }
  for (std::size_t p = 0; p < kTagLabels; ++p) {
    for (std::size_t l = 0; l < kTagLabels; ++l) {
      if (may_follow(p, l) && expected[p][l] != 0.0f)
        step(transitions_[p][l], transition_squares_[p][l], expected[p][l]);
    }
  }
  loss_ += sums.log_partition - gold;
  tokens_ += n;
}

void Trainer::learn(const TagExample& example, TagRandom& random) {
  const std::vector<TagToken> tokens = tag_tokens(example.text);
  const std::vector<std::size_t> labels = gold_labels(tokens, example);
  for (std::size_t begin = 0; begin < tokens.size();) {
    std::size_t end = std::min(begin + kChainTokens, tokens.size());
    while (end < tokens.size() && is_inside(labels[end])) ++end;
    learn_chain(tokens, labels, begin, end, random);
    begin = end;
  }
}

Result<double> Trainer::epoch(int number, Progress& progress) {
  loss_ = 0;
  tokens_ = 0;
  bool stop = false;
  each_example(number, [&](const TagExample& example, TagRandom& random) {
    stop = stop || progress.cancelled();
    if (!stop) learn(example, random);
  });
  if (stop) return cancelled("the tagger's training was cancelled");
  return loss_ / static_cast<double>(std::max<std::uint64_t>(tokens_, 1));
}

/// Keeps the features that weigh most and fit into the file's buckets.
void Trainer::prune() {
  std::vector<std::pair<float, std::uint32_t>> order(weights_.size());
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    float norm = 0;
    for (const float value : weights_[i].value) norm += value * value;
    order[i] = {-norm, static_cast<std::uint32_t>(i)};
  }
  std::sort(order.begin(), order.end());
  const std::size_t buckets = std::size_t{1} << options_.log2_buckets;
  std::vector<std::uint8_t> used(buckets, 0);
  for (const auto& [norm, id] : order) {
    std::uint8_t& in_bucket = used[(hashes_[id] >> 40) & (buckets - 1)];
    weights_[id].kept = in_bucket < kBucketSlots;
    if (weights_[id].kept) ++in_bucket;
  }
}

TaggerModel Trainer::model() const {
  TaggerModel model;
  model.log2_buckets = options_.log2_buckets;
  model.outside_bias = static_cast<float>(options_.outside_bias);
  model.scale = kWeightMax / 127;
  model.transitions = transitions_;
  const std::size_t slots = kBucketSlots << options_.log2_buckets;
  model.fingerprints.assign(slots, 0);
  model.rows.assign(slots, {});
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (!weights_[i].kept) continue;
    std::size_t slot = kBucketSlots * ((hashes_[i] >> 40) & ((slots / kBucketSlots) - 1));
    const std::uint16_t print = TaggerModel::fingerprint(hashes_[i]);
    while (model.fingerprints[slot] != 0) ++slot;
    model.fingerprints[slot] = print;
    for (std::size_t l = 0; l < kTagLabels; ++l)
      model.rows[slot][l] =
          static_cast<std::int8_t>(std::lround(weights_[i].value[l] / model.scale));
  }
  return model;
}

/// The lowest threshold of each group at which the held-out examples' spans are precise enough.
void fit_thresholds(TaggerModel& model, const std::vector<TagExample>& held_out, double precision) {
  model.thresholds.fill(0.0f);
  const Tagger tagger(std::make_shared<const TaggerModel>(model));
  std::array<std::vector<std::pair<double, bool>>, kTagGroupCount> found;
  for (const TagExample& example : held_out) {
    for (const Span& span : tagger.find(example.text)) {
      const bool right = std::any_of(
          example.spans.begin(), example.spans.end(),
          [&](const GoldSpan& gold) { return gold.begin < span.end && span.begin < gold.end; });
      found[*tag_group(span.phi_class)].emplace_back(span.score, right);
    }
  }
  for (std::size_t g = 0; g < kTagGroupCount; ++g) {
    auto& spans = found[g];
    std::sort(spans.begin(), spans.end(), std::greater<>());
    double threshold = 0.9;
    std::size_t right = 0;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      right += spans[i].second ? 1 : 0;
      if (static_cast<double>(right) >= precision * static_cast<double>(i + 1))
        threshold = spans[i].first;
    }
    model.thresholds[g] = std::max(static_cast<float>(threshold), kThresholdFloors[g]);
  }
}

/// Sentences in which the rules find nothing.
Result<std::vector<std::string>> clean_negatives(const std::vector<std::string>& texts) {
  RESIDENCY_TRY(auto detector, Detector::open(DetectorOptions{.tagger = false}));
  std::vector<std::string> clean;
  for (const std::string& text : texts) {
    std::string kept;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find(". ", begin), text.size() - 1) + 1;
      const std::string sentence = text.substr(begin, end - begin);
      RESIDENCY_TRY(const auto spans, detector->detect(sentence, nullptr));
      if (spans.empty()) kept += sentence + " ";
      begin = end;
    }
    if (!kept.empty()) clean.push_back(std::move(kept));
  }
  return clean;
}

}  // namespace

Result<void> TaggerTrainOptions::validate() const {
  if (epochs < 1 || epochs > 50) return invalid_argument("epochs must be 1 to 50");
  if (genre_examples < 0 || genre_examples > 10'000'000)
    return invalid_argument("genre examples must be 0 to 10000000");
  if (negative_copies < 0 || negative_copies > 100)
    return invalid_argument("copies of the negatives must be 0 to 100");
  if (log2_buckets < 4 || log2_buckets > 17)
    return invalid_argument("the log2 of the buckets must be 4 to 17");
  if (!(span_precision > 0 && span_precision <= 1))
    return invalid_argument("the precision must be above 0, at most 1");
  return {};
}

Result<TrainedTagger> train_tagger(const std::vector<TagExample>& notes,
                                   const std::vector<std::string>& negatives,
                                   const TaggerTrainOptions& options, Progress& progress) {
  RESIDENCY_TRY_VOID(options.validate());
  if (notes.empty()) return invalid_argument("the tagger's training needs notes");
  RESIDENCY_TRY(const auto clean, clean_negatives(negatives));
  std::vector<TagExample> learnt;
  std::vector<TagExample> held_out;
  for (std::size_t i = 0; i < notes.size(); ++i)
    (i % 20 == 19 ? held_out : learnt).push_back(notes[i]);
  Trainer trainer(learnt, clean, options);
  trainer.count_features();
  Json losses = Json::array();
  for (int number = 1; number <= options.epochs; ++number) {
    if (number == options.epochs) trainer.prune();
    RESIDENCY_TRY(const double loss, trainer.epoch(number, progress));
    losses.push_back(std::round(loss * 1e5) / 1e5);
  }
  TrainedTagger trained{trainer.model(), {}};
  TagRandom random(options.seed + 77);
  for (std::size_t i = 0; i < learnt.size() / 10 + 500; ++i)
    held_out.push_back(augment(trainer.maker().make(random), trainer.maker(), random));
  for (std::size_t i = 0; i < clean.size(); i += 7) held_out.push_back({clean[i], {}});
  fit_thresholds(trained.model, held_out, options.span_precision);
  trained.report = {{"seed", options.seed},      {"notes", notes.size()},
                    {"negatives", clean.size()}, {"genre_examples", options.genre_examples},
                    {"epochs", options.epochs},  {"features_seen", trainer.features()},
                    {"loss_per_token", losses}};
  trained.model.note = dump_json(trained.report);
  return trained;
}

}  // namespace residency::deid
