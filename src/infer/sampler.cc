#include "infer/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <fmt/format.h>
#include <limits>

namespace residency::infer {
namespace {

constexpr std::size_t kStopsMax = 16;
constexpr std::size_t kStopBytesMax = 1024;
constexpr std::size_t kGrammarBytesMax = 64u << 10;
constexpr int kGrammarDepthMax = 64;

/// llama.cpp's grammar parser recurses once per open parenthesis.
Result<void> check_grammar(const std::string& grammar) {
  if (grammar.size() > kGrammarBytesMax) {
    return invalid_argument(fmt::format("grammar is longer than {} bytes", kGrammarBytesMax));
  }
  if (grammar.find('\0') != std::string::npos) return invalid_argument("grammar holds a NUL byte");
  int depth = 0;
  for (const char c : grammar) {
    depth += c == '(' ? 1 : 0;
    depth -= c == ')' && depth > 0 ? 1 : 0;
    if (depth > kGrammarDepthMax) {
      return invalid_argument(fmt::format("grammar nests deeper than {}", kGrammarDepthMax));
    }
  }
  return {};
}

}  // namespace

Result<void> check_sampling(const SamplingOptions& options) {
  if (options.tokens_max < 1 || options.tokens_max > 1 << 20) {
    return invalid_argument(
        fmt::format("tokens_max is not from 1 to 1048576: {}", options.tokens_max));
  }
  if (!(options.temperature >= 0 && options.temperature <= 100)) {
    return invalid_argument(
        fmt::format("temperature is not from 0 to 100: {}", options.temperature));
  }
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    return invalid_argument(fmt::format("top_p is not above 0 and at most 1: {}", options.top_p));
  }
  if (options.top_k < 0) {
    return invalid_argument(fmt::format("top_k is negative: {}", options.top_k));
  }
  if (options.stop.size() > kStopsMax) {
    return invalid_argument(
        fmt::format("more than {} stop strings: {}", kStopsMax, options.stop.size()));
  }
  for (const auto& stop : options.stop) {
    if (stop.empty() || stop.size() > kStopBytesMax) {
      return invalid_argument(
          fmt::format("stop string is not 1 to {} bytes: {}", kStopBytesMax, stop.size()));
    }
  }
  return check_grammar(options.grammar);
}

Result<Sampler> Sampler::make(const SamplingOptions& options, const llama_vocab* vocabulary) {
  RESIDENCY_TRY_VOID(check_sampling(options));
  Sampler sampler;
  sampler.temperature_ = options.temperature;
  sampler.top_p_ = options.top_p;
  sampler.top_k_ = options.top_k;
  sampler.state_ = options.seed;
  if (options.grammar.empty()) return sampler;
  try {
    sampler.grammar_.reset(llama_sampler_init_grammar(vocabulary, options.grammar.c_str(), "root"));
  } catch (const std::exception&) {
    sampler.grammar_.reset();
  }
  if (sampler.grammar_ == nullptr) {
    return invalid_argument("grammar is not valid GBNF with a rule named root");
  }
  return sampler;
}

namespace {

/// The lowest index of the largest number; -1 where there is none. Compilers make vector
/// instructions of the lanes, which std::max_element's order does not let them.
std::int32_t index_of_largest(const float* values, std::int32_t count) {
  constexpr std::int32_t kLanes = 16;
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  std::array<float, kLanes> lanes;
  lanes.fill(kLowest);
  std::int32_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::int32_t j = 0; j < kLanes; ++j) {
      const auto lane = static_cast<std::size_t>(j);
      lanes[lane] = values[i + j] > lanes[lane] ? values[i + j] : lanes[lane];
    }
  }
  float largest = kLowest;
  for (const float lane : lanes) largest = lane > largest ? lane : largest;
  for (; i < count; ++i) largest = values[i] > largest ? values[i] : largest;
  if (largest == kLowest) return -1;
  return static_cast<std::int32_t>(std::find(values, values + count, largest) - values);
}

}  // namespace

Result<std::int32_t> Sampler::next(const float* logits, std::int32_t vocabulary) {
  if (temperature_ <= 0 && grammar_ == nullptr) {
    const std::int32_t largest = index_of_largest(logits, vocabulary);
    if (largest < 0) return internal_error("model gave no finite logit");
    return largest;
  }
  std::vector<float> values(logits, logits + vocabulary);
  const auto finite = [](float value) { return std::isfinite(value); };
  if (std::none_of(values.begin(), values.end(), finite)) {
    return internal_error("model gave no finite logit");
  }
  for (auto& value : values) {
    if (std::isnan(value)) value = -std::numeric_limits<float>::infinity();
  }
  try {
    // Drawing first and asking the grammar about one token costs a thousandth of masking all. A
    // second, fresh draw from the masked logits leaves the masked distribution unchanged:
    // p + (1 - allowed) * p / allowed = p / allowed.
    auto token = pick(values);
    if (grammar_ == nullptr) return token;
    if (!grammar_allows(token)) {
      mask_by_grammar(values);
      if (std::none_of(values.begin(), values.end(), finite)) {
        return invalid_input("grammar allows no further token");
      }
      token = pick(values);
    }
    llama_sampler_accept(grammar_.get(), token);
    return token;
  } catch (const std::exception&) {
    return invalid_input("grammar cannot go on after the last token");
  }
}

std::int32_t Sampler::pick(const std::vector<float>& logits) {
  if (temperature_ > 0) return draw(logits);
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::int32_t Sampler::draw(const std::vector<float>& logits) {
  candidates_.clear();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (std::isfinite(logits[i])) candidates_.push_back({logits[i], static_cast<int>(i)});
  }
  const auto larger = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  };
  std::size_t kept = candidates_.size();
  if (top_k_ > 0) kept = std::min(kept, static_cast<std::size_t>(top_k_));
  std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(kept),
                    candidates_.end(), larger);
  candidates_.resize(kept);

  std::vector<double> weights;
  weights.reserve(kept);
  double total = 0;
  for (const auto& candidate : candidates_) {
    const double distance = static_cast<double>(candidate.logit) - candidates_.front().logit;
    weights.push_back(std::exp(distance / temperature_));
    total += weights.back();
  }
  double nucleus = 0;
  std::size_t used = 0;
  while (used < kept && (used == 0 || nucleus < static_cast<double>(top_p_) * total)) {
    nucleus += weights[used++];
  }
  double left = uniform() * nucleus;
  for (std::size_t i = 0; i + 1 < used; ++i) {
    left -= weights[i];
    if (left < 0) return candidates_[i].token;
  }
  return candidates_[used - 1].token;
}

bool Sampler::grammar_allows(std::int32_t token) const {
  llama_token_data one{token, 1.0f, 0.0f};
  llama_token_data_array array{&one, 1, -1, false};
  llama_sampler_apply(grammar_.get(), &array);
  return std::isfinite(one.logit);
}

void Sampler::mask_by_grammar(std::vector<float>& logits) const {
  std::vector<llama_token_data> data;
  data.reserve(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    data.push_back({static_cast<llama_token>(i), logits[i], 0.0f});
  }
  llama_token_data_array array{data.data(), data.size(), -1, false};
  llama_sampler_apply(grammar_.get(), &array);
  for (const auto& entry : data) logits[static_cast<std::size_t>(entry.id)] = entry.logit;
}

double Sampler::uniform() {
  // SplitMix64: Steele, Lea and Flood, OOPSLA 2014.
  state_ += 0x9e3779b97f4a7c15ull;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-53;
}

}  // namespace residency::infer
