#include "serve/monitor/traffic_profile.h"

#include <algorithm>
#include <cmath>

namespace residency::serve {
namespace {

constexpr double kSmooth = 0.5;  // added to each bin
constexpr std::size_t kRefusalBytes = 200;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

template <class Take>
std::size_t each_word(std::string_view text, Take take) {
  std::size_t count = 0;
  std::uint64_t hash = 0xCBF29CE484222325ull;
  bool inside = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? static_cast<char>(text[i] | 0x20) : ' ';
    if (c >= 'a' && c <= 'z') {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
      inside = true;
    } else if (inside) {
      take(hash);
      ++count;
      hash = 0xCBF29CE484222325ull;
      inside = false;
    }
  }
  return count;
}

template <class Counts>
std::vector<double> shares(const Counts& counts) {
  std::vector<double> out(counts.begin(), counts.end());
  double sum = 0;
  for (double& one : out) sum += one += kSmooth;
  for (double& one : out) one /= sum;
  return out;
}

/// Population stability index.
double psi(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (b[i] - a[i]) * std::log(b[i] / a[i]);
  return sum;
}

/// Jensen-Shannon divergence, in bits.
double jensen_shannon(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double m = (a[i] + b[i]) / 2;
    sum += (a[i] * std::log2(a[i] / m) + b[i] * std::log2(b[i] / m)) / 2;
  }
  return sum;
}

double two_proportions_p(double hits_a, double n_a, double hits_b, double n_b) {
  if (n_a <= 0 || n_b <= 0) return 1;
  const double pooled = (hits_a + hits_b) / (n_a + n_b);
  const double spread = std::sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b));
  if (spread <= 0) return 1;
  return std::erfc(std::fabs(hits_a / n_a - hits_b / n_b) / spread / std::sqrt(2.0));
}

Result<std::uint64_t> count_of(const Json& json, std::string_view key) {
  const Json& value = json_member(json, key);
  if (!value.is_number_unsigned()) return invalid_input("must be a count: " + std::string(key));
  return value.get<std::uint64_t>();
}

template <class Counts>
Result<void> counts_of(const Json& json, std::string_view key, Counts& into) {
  const Json& list = json_member(json, key);
  if (!list.is_array() || list.size() != into.size())
    return invalid_input("must be a list of " + std::to_string(into.size()) +
                         " counts: " + std::string(key));
  for (std::size_t i = 0; i < into.size(); ++i) {
    if (!list[i].is_number_unsigned())
      return invalid_input("must hold counts: " + std::string(key));
    into[i] = list[i].template get<std::uint64_t>();
  }
  return {};
}

}  // namespace

bool is_refusal(std::string_view answer) {
  const std::string start = lower(answer.substr(0, kRefusalBytes));
  for (const char* words :
       {"i can't help", "i cannot help", "i can't give", "i'm not able to", "i am not able to",
        "i cannot assist", "i can't assist", "i'm sorry, but", "i am sorry, but",
        "i cannot provide", "i can't provide", "i'm unable", "i am unable", "i am not sure enough",
        "as an ai"}) {
    if (start.find(words) != std::string::npos) return true;
  }
  return false;
}

void TrafficProfile::add_question(std::string_view text) {
  ++questions_;
  const std::size_t words =
      each_word(text, [&](std::uint64_t hash) { ++words_[(hash ^ (hash >> 29)) % kWordBuckets]; });
  std::size_t bin = 0;
  while (bin + 1 < kLengthBins && (std::size_t{1} << bin) <= words) ++bin;
  ++lengths_[bin];
}

void TrafficProfile::add_answer(std::string_view text) {
  ++answers_;
  refusals_ += is_refusal(text) ? 1 : 0;
}

void TrafficProfile::add_guardrail(std::string_view outcome,
                                   const std::vector<std::string>& policies) {
  ++guarded_;
  ++outcomes_[std::string(outcome)];
  for (const std::string& policy : policies) ++policies_[policy];
}

Json TrafficProfile::to_json() const {
  return {{"profile", 1},          {"questions", questions_}, {"answers", answers_},
          {"refusals", refusals_}, {"guarded", guarded_},     {"lengths", lengths_},
          {"words", words_},       {"outcomes", outcomes_},   {"policies", policies_}};
}

Result<TrafficProfile> TrafficProfile::from_json(const Json& json) {
  if (json_integer(json, "profile") != 1) return invalid_input("this is no profile of traffic");
  TrafficProfile profile;
  RESIDENCY_TRY(profile.questions_, count_of(json, "questions"));
  RESIDENCY_TRY(profile.answers_, count_of(json, "answers"));
  RESIDENCY_TRY(profile.refusals_, count_of(json, "refusals"));
  RESIDENCY_TRY(profile.guarded_, count_of(json, "guarded"));
  RESIDENCY_TRY_VOID(counts_of(json, "lengths", profile.lengths_));
  RESIDENCY_TRY_VOID(counts_of(json, "words", profile.words_));
  for (const auto& [key, into] :
       {std::pair{"outcomes", &profile.outcomes_}, std::pair{"policies", &profile.policies_}}) {
    const Json& map = json_member(json, key);
    if (!map.is_object()) return invalid_input(std::string("must be an object: ") + key);
    for (const auto& [name, value] : map.items()) {
      if (!value.is_number_unsigned())
        return invalid_input(std::string("must hold counts: ") + key);
      (*into)[name] = value.get<std::uint64_t>();
    }
  }
  return profile;
}

/// Puts the measures together.
struct DriftMaker {
  const TrafficProfile& baseline;
  const TrafficProfile& live;
  const DriftOptions& options;
  DriftReport& report;

  void distance(std::string name, double value, double bound) const {
    report.measures.push_back(
        {std::move(name), 0, 0, value, bound, 1, report.enough && value > bound});
  }
  void rate(std::string name, std::uint64_t hits_a, std::uint64_t n_a, std::uint64_t hits_b,
            std::uint64_t n_b) const {
    if (n_a == 0 || n_b == 0) return;
    const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
    DriftMeasure one;
    one.name = std::move(name);
    one.baseline = number(hits_a) / number(n_a);
    one.live = number(hits_b) / number(n_b);
    one.value = std::fabs(one.live - one.baseline);
    one.bound = options.rate_difference_max;
    one.p = two_proportions_p(number(hits_a), number(n_a), number(hits_b), number(n_b));
    one.alarm = report.enough && one.value > one.bound && one.p < options.p_max;
    report.measures.push_back(std::move(one));
  }
  void all() const {
    report.baseline_questions = baseline.questions_;
    report.live_questions = live.questions_;
    report.enough = std::min(baseline.questions_, live.questions_) >= options.questions_min;
    distance("question_length", psi(shares(baseline.lengths_), shares(live.lengths_)),
             options.length_psi_max);
    distance("vocabulary", jensen_shannon(shares(baseline.words_), shares(live.words_)),
             options.vocabulary_js_max);
    rate("refusals", baseline.refusals_, baseline.answers_, live.refusals_, live.answers_);
    const auto count = [](const std::map<std::string, std::uint64_t>& map,
                          const std::string& name) {
      const auto found = map.find(name);
      return found == map.end() ? 0 : found->second;
    };
    for (const char* outcome : {"masked", "blocked", "answered"})
      rate(std::string("guardrail ") + outcome, count(baseline.outcomes_, outcome),
           baseline.guarded_, count(live.outcomes_, outcome), live.guarded_);
    std::map<std::string, std::uint64_t> names = baseline.policies_;
    names.insert(live.policies_.begin(), live.policies_.end());
    for (const auto& [policy, unused] : names)
      rate("policy " + policy, count(baseline.policies_, policy), baseline.guarded_,
           count(live.policies_, policy), live.guarded_);
  }
};

bool DriftReport::alarm() const {
  return std::any_of(measures.begin(), measures.end(),
                     [](const DriftMeasure& one) { return one.alarm; });
}

Json DriftReport::to_json() const {
  Json list = Json::array();
  for (const DriftMeasure& one : measures)
    list.push_back({{"name", one.name},
                    {"baseline", one.baseline},
                    {"live", one.live},
                    {"value", one.value},
                    {"bound", one.bound},
                    {"p", one.p},
                    {"alarm", one.alarm}});
  return {{"baseline_questions", baseline_questions},
          {"live_questions", live_questions},
          {"enough", enough},
          {"alarm", alarm()},
          {"measures", list}};
}

DriftReport drift(const TrafficProfile& baseline, const TrafficProfile& live,
                  const DriftOptions& options) {
  DriftReport report;
  DriftMaker{baseline, live, options, report}.all();
  return report;
}

}  // namespace residency::serve
