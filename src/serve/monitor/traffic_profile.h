// TrafficProfile: what questions and answers look like in numbers, without any of their text, and
// how far one profile has drifted from another.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace residency::serve {

class TrafficProfile {
 public:
  static constexpr std::size_t kLengthBins = 16;         // powers of two of words
  static constexpr std::size_t kWordBuckets = 1u << 12;  // hashed words

  void add_question(std::string_view text);
  void add_answer(std::string_view text);
  /// Of one exchange: "pass", "masked", "blocked", "answered", and the policies that found
  /// anything.
  void add_guardrail(std::string_view outcome, const std::vector<std::string>& policies);

  std::uint64_t questions() const { return questions_; }
  std::uint64_t answers() const { return answers_; }
  Json to_json() const;
  /// kInvalidInput, naming the field.
  static Result<TrafficProfile> from_json(const Json& json);

 private:
  friend struct DriftMaker;
  std::uint64_t questions_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t refusals_ = 0;
  std::uint64_t guarded_ = 0;
  std::array<std::uint64_t, kLengthBins> lengths_{};
  std::vector<std::uint64_t> words_ = std::vector<std::uint64_t>(kWordBuckets, 0);
  std::map<std::string, std::uint64_t> outcomes_;
  std::map<std::string, std::uint64_t> policies_;
};

/// One measure; `alarm` where it is beyond its bound.
struct DriftMeasure {
  std::string name;
  double baseline = 0;
  double live = 0;
  double value = 0;  // distance: PSI, Jensen-Shannon in bits, or the difference of rates
  double bound = 0;
  double p = 1;  // of a difference of rates (two proportions, two-sided)
  bool alarm = false;
};

struct DriftOptions {
  double length_psi_max = 0.2;  // the usual bound of the population stability index
  double vocabulary_js_max = 0.1;
  double rate_difference_max = 0.05;
  double p_max = 0.01;
  std::uint64_t questions_min = 50;  // fewer say nothing
};

struct DriftReport {
  std::uint64_t baseline_questions = 0;
  std::uint64_t live_questions = 0;
  bool enough = false;
  std::vector<DriftMeasure> measures;

  bool alarm() const;
  Json to_json() const;
};

DriftReport drift(const TrafficProfile& baseline, const TrafficProfile& live,
                  const DriftOptions& options = {});

/// "I can't help with that": the usual words of a refusal.
bool is_refusal(std::string_view answer);

}  // namespace residency::serve
