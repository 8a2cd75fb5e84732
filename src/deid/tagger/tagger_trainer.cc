#include "deid/tagger/tagger_trainer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <thread>
#include <unordered_map>

#include "deid/detect/detector.h"
#include "deid/detect/known_finder.h"
#include "deid/tagger/encoder_training.h"
#include "deid/tagger/tag_sampler.h"
#include "deid/tagger/tagger.h"

namespace residency::deid {
namespace {

/// Halves of a step's texts, each drawn and differentiated by a thread of its own. Their number
/// is fixed, so that the bytes are the same on any number of cores.
constexpr std::size_t kParts = 2;
constexpr int kVocabularyWindows = 12000;
constexpr std::uint32_t kSeenMin = 4;
constexpr int kWarmup = 200;
/// No threshold falls below its group's floor, whatever the held-out notes allow. It is higher
/// for what is optional.
constexpr std::array<float, kTagGroupCount> kThresholdFloors{
    0.15f, 0.15f, 0.15f, 0.25f, 0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.25f, 0.3f, 0.4f};
/// No doubt rises above this.
constexpr float kDoubtMax = 0.3f;

bool is_name_or_number(std::size_t label) {
  if (label == 0) return false;
  switch (kTagGroups[group_of(label)]) {
    case PhiClass::kPatientName:
    case PhiClass::kRelativeName:
    case PhiClass::kClinicianName:
    case PhiClass::kCity:
    case PhiClass::kOtherId:
    case PhiClass::kPhone:
      return true;
    default:
      return false;
  }
}

/// The words that texts hold most often outside of names: a name is told by its parts and lists.
Result<TagVocabulary> count_words(const TagSampler& sampler, const TaggerTrainOptions& options,
                                  Progress& progress) {
  std::unordered_map<std::uint64_t, std::uint32_t> counts;
  TagRandom random(options.seed * 31 + 5);
  for (int i = 0; i < kVocabularyWindows; ++i) {
    if (progress.cancelled()) return cancelled("the tagger's training was cancelled");
    RESIDENCY_TRY(const TagWindow window, sampler.draw(random));
    for (std::size_t t = 0; t < window.inputs.size(); ++t) {
      if (!is_name_or_number(window.labels[t])) ++counts[window.inputs[t].word];
    }
  }
  std::vector<std::pair<std::uint32_t, std::uint64_t>> order;
  for (const auto& [hash, count] : counts) {
    if (count >= kSeenMin) order.emplace_back(count, hash);
  }
  std::sort(order.rbegin(), order.rend());
  if (order.size() > static_cast<std::size_t>(options.words))
    order.resize(static_cast<std::size_t>(options.words));
  std::vector<std::uint64_t> hashes;
  for (const auto& [count, hash] : order) hashes.push_back(hash);
  return TagVocabulary(std::move(hashes));
}

/// One thread's share of the steps.
class Part {
 public:
  Part(const TagSampler& sampler, const TagVocabulary& vocabulary, std::size_t tokens,
       std::uint64_t seed)
      : sampler_(sampler), vocabulary_(vocabulary), tokens_(tokens), random_(seed) {}

  Result<void> run(const EncoderWeights& weights, EncoderGradients& gradients) {
    batch_.clear();
    while (batch_.size() < tokens_) {
      RESIDENCY_TRY(const TagWindow window, sampler_.draw(random_));
      add_window(window, vocabulary_, random_, batch_);
    }
    add_gradients(weights, batch_, 1.0f / static_cast<float>(kParts * tokens_), random_.next(),
                  gradients);
    return {};
  }

 private:
  const TagSampler& sampler_;
  const TagVocabulary& vocabulary_;
  std::size_t tokens_;
  TagRandom random_;
  TrainTokens batch_;
};

float rate_at(int step, const TaggerTrainOptions& options) {
  const double warm = std::min(1.0, (step + 1.0) / kWarmup);
  const double left = 1.0 - static_cast<double>(step) / options.steps;
  return static_cast<float>(options.rate * warm * (0.02 + 0.98 * left));
}

/// The network, and the loss of each tenth of the steps.
Result<EncoderWeights> learn(const TagSampler& sampler, const TagVocabulary& vocabulary,
                             const TaggerTrainOptions& options, Json& losses, Progress& progress) {
  const auto words = static_cast<std::uint32_t>(vocabulary.hashes().size());
  TagRandom random(options.seed);
  EncoderWeights weights = initial_weights(words, random);
  EncoderOptimiser optimiser(words);
  std::vector<EncoderGradients> gradients(kParts, EncoderGradients(words));
  std::vector<Part> parts;
  for (std::size_t p = 0; p < kParts; ++p)
    parts.emplace_back(sampler, vocabulary, static_cast<std::size_t>(options.step_tokens) / kParts,
                       options.seed * 1000 + 17 * p + 1);
  double loss = 0;
  std::uint64_t tokens = 0;
  const int tenth = std::max(1, options.steps / 10);
  for (int step = 0; step < options.steps; ++step) {
    if (progress.cancelled()) return cancelled("the tagger's training was cancelled");
    std::array<Result<void>, kParts> results{Result<void>{}, Result<void>{}};
    {
      std::vector<std::jthread> threads;
      for (std::size_t p = 0; p < kParts; ++p)
        threads.emplace_back([&, p] { results[p] = parts[p].run(weights, gradients[p]); });
    }
    for (const Result<void>& result : results) RESIDENCY_TRY_VOID(result);
    for (const EncoderGradients& part : gradients) {
      loss += part.loss;
      tokens += part.tokens;
    }
    optimiser.step(weights, gradients, rate_at(step, options));
    const double mean = loss / static_cast<double>(std::max<std::uint64_t>(tokens, 1));
    progress.update(static_cast<std::uint64_t>(step) + 1, static_cast<std::uint64_t>(options.steps),
                    "steps", fmt::format("loss {:.4f}", mean));
    if ((step + 1) % tenth == 0) {
      losses.push_back(std::round(mean * 1e5) / 1e5);
      loss = 0;
      tokens = 0;
    }
  }
  return weights;
}

/// What was found, or a word of a weak rule's: how sure the model is, how much of it identifies.
struct Judged {
  float score;
  std::size_t right;
  std::size_t wrong;
};

Judged judge(float score, std::size_t begin, std::size_t end, const std::vector<GoldSpan>& gold) {
  Judged judged{score, 0, 0};
  for (const GoldSpan& g : gold) {
    const std::size_t from = std::max(begin, g.begin);
    const std::size_t to = std::min(end, g.end);
    if (from < to) judged.right += to - from;
  }
  judged.wrong = end - begin - std::min(end - begin, judged.right);
  return judged;
}

/// The lowest score at which what is found is right often enough.
float threshold_of(std::vector<Judged>& found, double precision) {
  std::sort(found.begin(), found.end(),
            [](const Judged& a, const Judged& b) { return a.score > b.score; });
  float threshold = 0.9f;
  double right = 0, all = 0;
  for (const Judged& span : found) {
    right += static_cast<double>(span.right);
    all += static_cast<double>(span.right + span.wrong);
    if (right >= precision * all) threshold = span.score;
  }
  return threshold;
}

/// The highest doubt at which the words left out hold at most `loss` identifying characters.
float doubt_of(std::vector<Judged>& words, double loss) {
  std::sort(words.begin(), words.end(),
            [](const Judged& a, const Judged& b) { return a.score < b.score; });
  float doubt = 0;
  double lost = 0;
  for (const Judged& word : words) {
    lost += static_cast<double>(word.right);
    if (lost > loss) break;
    doubt = std::min(word.score, kDoubtMax);
  }
  return doubt;
}

/// Thresholds of each group for what no rule found, and one doubt for what weak rules found.
Result<void> fit(TaggerModel& model, const std::vector<TagExample>& held_out,
                 const Detector& detector, const TaggerTrainOptions& options) {
  model.thresholds.fill(0.0f);
  const Tagger tagger(std::make_shared<const TaggerModel>(model));
  std::array<std::vector<Judged>, kTagGroupCount> found;
  std::vector<Judged> weak;
  double gold_bytes = 0;
  for (const TagExample& example : held_out) {
    std::vector<Span> rules;
    if (!options.notes_alone) {
      RESIDENCY_TRY(rules, detector.rule_spans(example.text));
    }
    const TagReading reading = tagger.read(example.text, rules);
    for (const GoldSpan& gold : example.spans)
      gold_bytes += static_cast<double>(gold.end - gold.begin);
    for (const Span& span : reading.spans) {
      const bool by_rule = std::any_of(rules.begin(), rules.end(), [&](const Span& rule) {
        return rule.begin <= span.begin && span.end <= rule.end;
      });
      if (!by_rule)
        found[*tag_group(span.phi_class)].push_back(
            judge(static_cast<float>(span.score), span.begin, span.end, example.spans));
    }
    std::size_t at = 0;
    for (const Span& rule : rules) {
      // Names are never doubted, and would keep the doubt low.
      if ((rule.reason != Reason::kDictionary && rule.reason != Reason::kContext) ||
          is_name_class(rule.phi_class))
        continue;
      while (at < reading.tokens.size() && reading.tokens[at].end <= rule.begin) ++at;
      for (std::size_t i = at; i < reading.tokens.size() && reading.tokens[i].begin < rule.end; ++i)
        weak.push_back(judge(reading.identify[i], reading.tokens[i].begin, reading.tokens[i].end,
                             example.spans));
    }
  }
  for (std::size_t g = 0; g < kTagGroupCount; ++g)
    model.thresholds[g] =
        std::max(threshold_of(found[g], options.span_precision), kThresholdFloors[g]);
  model.doubt = doubt_of(weak, options.doubt_loss * gold_bytes);
  return {};
}

/// Sentences in which the rules find nothing.
Result<std::vector<std::string>> clean_negatives(const std::vector<std::string>& texts,
                                                 const Detector& detector) {
  std::vector<std::string> clean;
  for (const std::string& text : texts) {
    std::string kept;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find(". ", begin), text.size() - 1) + 1;
      const std::string sentence = text.substr(begin, end - begin);
      RESIDENCY_TRY(const auto spans, detector.detect(sentence, nullptr));
      if (spans.empty()) kept += sentence + " ";
      begin = end;
    }
    if (!kept.empty()) clean.push_back(std::move(kept));
  }
  return clean;
}

Json as_json(const std::array<float, kTagGroupCount>& values) {
  Json json = Json::object();
  for (std::size_t g = 0; g < kTagGroupCount; ++g)
    json[std::string(phi_class_name(kTagGroups[g]))] =
        std::round(static_cast<double>(values[g]) * 1000) / 1000;
  return json;
}

}  // namespace

Result<void> TaggerTrainOptions::validate() const {
  if (steps < 1 || steps > 1'000'000) return invalid_argument("steps must be 1 to 1000000");
  if (step_tokens < 64 || step_tokens > 65536)
    return invalid_argument("the tokens of a step must be 64 to 65536");
  if (!(rate > 0 && rate <= 0.1)) return invalid_argument("the rate must be above 0, at most 0.1");
  if (words < 0 || words > static_cast<int>(kVocabularyMax))
    return invalid_argument(fmt::format("words must be 0 to {}", kVocabularyMax));
  if (!(span_precision > 0 && span_precision <= 1))
    return invalid_argument("the precision must be above 0, at most 1");
  if (!(doubt_loss >= 0 && doubt_loss <= 1))
    return invalid_argument("the share that doubts may cost must be 0 to 1");
  return {};
}

Result<TrainedTagger> train_tagger(const TaggerTexts& texts, const TaggerTrainOptions& options,
                                   Progress& progress) {
  RESIDENCY_TRY_VOID(options.validate());
  if (texts.notes.empty()) return invalid_argument("the tagger's training needs notes");
  RESIDENCY_TRY(const auto detector, Detector::open(DetectorOptions{.tagger = false}));
  TaggerTexts learnt;
  RESIDENCY_TRY(learnt.negatives, clean_negatives(texts.negatives, *detector));
  std::vector<TagExample> held_out;
  for (std::size_t i = 0; i < texts.written.size(); ++i)
    (i % 8 == 7 ? held_out : learnt.written).push_back(texts.written[i]);
  for (std::size_t i = 0; i < texts.notes.size(); ++i)
    (i % 20 == 19 && texts.written.empty() ? held_out : learnt.notes).push_back(texts.notes[i]);
  const TagSampler sampler(learnt, *detector, options.notes_alone);
  TrainedTagger trained;
  RESIDENCY_TRY(trained.model.vocabulary, count_words(sampler, options, progress));
  Json losses = Json::array();
  RESIDENCY_TRY(trained.model.weights,
                learn(sampler, trained.model.vocabulary, options, losses, progress));
  trained.model.outside_bias = static_cast<float>(options.outside_bias);
  RESIDENCY_TRY_VOID(fit(trained.model, held_out, *detector, options));
  trained.report = {{"seed", options.seed},
                    {"steps", options.steps},
                    {"step_tokens", options.step_tokens},
                    {"written_notes", learnt.written.size()},
                    {"synthetic_notes", learnt.notes.size()},
                    {"held_out_notes", held_out.size()},
                    {"negatives", learnt.negatives.size()},
                    {"words", trained.model.vocabulary.hashes().size()},
                    {"losses", losses},
                    {"thresholds", as_json(trained.model.thresholds)},
                    {"doubt", std::round(static_cast<double>(trained.model.doubt) * 1000) / 1000}};
  trained.model.note = dump_json(trained.report);
  return trained;
}

}  // namespace residency::deid
