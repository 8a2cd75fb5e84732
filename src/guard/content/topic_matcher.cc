#include "guard/content/topic_matcher.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace residency::guard {
namespace {

constexpr double kNameWeight = 1.5;
constexpr double kDefinitionWeight = 0.8;
constexpr double kPrefixWeight = 0.8;  // "invest" for "investment"
constexpr std::size_t kPrefixLength = 5;
constexpr double kEnough = 2.0;  // so much of the topic's words makes a text surely about it

bool is_common(const std::string& stem) {
  static const std::unordered_set<std::string> kCommon = [] {
    std::unordered_set<std::string> stems;
    for (const char* word :
         {"the",         "a",         "an",       "and",      "or",      "of",        "to",
          "in",          "on",        "at",       "for",      "with",    "by",        "is",
          "are",         "was",       "be",       "been",     "has",     "have",      "do",
          "does",        "did",       "i",        "you",      "my",      "me",        "we",
          "it",          "this",      "that",     "these",    "which",   "what",      "who",
          "how",         "when",      "where",    "why",      "should",  "can",       "could",
          "would",       "will",      "may",      "please",   "tell",    "give",      "best",
          "good",        "any",       "some",     "from",     "as",      "not",       "no",
          "if",          "so",        "than",     "their",    "your",    "our",       "his",
          "her",         "he",        "she",      "they",     "about",   "such",      "other",
          "more",        "most",      "also",     "into",     "there",   "question",  "questions",
          "ask",         "asking",    "request",  "requests", "provide", "providing", "discuss",
          "information", "content",   "topic",    "user",     "users",   "anything",  "related",
          "regarding",   "including", "want",     "need",     "help",    "get",       "make",
          "s",           "patient",   "patients", "doctor",   "advice",  "advise"})
      stems.insert(stem_of(word));
    return stems;
  }();
  return kCommon.contains(stem);
}

void add(const std::string& text, double weight, std::unordered_map<std::string, double>& weights) {
  const GuardText guard_text(text);
  for (const Word& word : guard_text.words()) {
    if (is_common(word.stem)) continue;
    double& now = weights[word.stem];
    now = std::max(now, weight);
  }
}

double length_of(const std::unordered_map<std::string, double>& weights) {
  double sum = 0;
  for (const auto& [stem, weight] : weights) sum += weight * weight;
  return std::sqrt(sum);
}

}  // namespace

TopicMatcher::TopicMatcher(const Topic& topic) {
  add(topic.definition, kDefinitionWeight, weights_);
  for (const std::string& example : topic.examples) {
    add(example, 1.0, weights_);
    Weights weights;
    add(example, 1.0, weights);
    if (!weights.empty()) examples_.push_back(std::move(weights));
  }
  add(topic.name, kNameWeight, weights_);
}

double TopicMatcher::score(const std::vector<Word>& words, const Segment& segment) const {
  Weights text;
  for (std::uint32_t i = segment.first; i < segment.last; ++i) {
    if (!is_common(words[i].stem)) text[words[i].stem] = 1.0;
  }
  if (text.empty()) return 0;
  double best = 0;
  for (const Weights& example : examples_) {
    double dot = 0;
    for (const auto& [stem, weight] : example) dot += text.contains(stem) ? weight : 0;
    best = std::max(best, dot / (length_of(example) * length_of(text)));
  }
  double named = 0;
  double share = 0;
  for (const auto& [stem, unused] : text) {
    const auto found = weights_.find(stem);
    double weight = found == weights_.end() ? 0 : found->second;
    if (weight == 0 && stem.size() >= kPrefixLength) {
      for (const auto& [key, value] : weights_) {
        if (key.size() >= kPrefixLength &&
            key.compare(0, kPrefixLength, stem, 0, kPrefixLength) == 0)
          weight = std::max(weight, value * kPrefixWeight);
      }
    }
    named += weight;
    share += weight > 0 ? 1 : 0;
  }
  share /= static_cast<double>(text.size());
  return std::max(best, std::min(1.0, share * 1.2) * std::min(1.0, named / kEnough));
}

}  // namespace residency::guard
