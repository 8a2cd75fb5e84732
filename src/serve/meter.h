// Meter: limits and budgets of callers, and what they have used.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace residency::serve {

/// What one endpoint lets each caller do; 0 for no bound.
struct CallerLimits {
  std::int64_t requests_per_minute = 0;
  std::int64_t tokens_per_minute = 0;  // prompt and completion together
  std::int64_t tokens_per_day = 0;     // the budget, from midnight to midnight UTC

  Json to_json() const;
  /// kInvalidInput for anything but whole numbers from 0.
  static Result<CallerLimits> from_json(const Json& value);
};

struct CallerUsage {
  std::uint64_t requests = 0;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t cached_tokens = 0;
  std::uint64_t completion_tokens = 0;

  bool operator==(const CallerUsage&) const = default;
};

/// One line of what was used: an endpoint, a caller, a day.
struct UsageLine {
  std::string endpoint;
  std::string caller;
  std::string day;  // YYYY-MM-DD, UTC
  CallerUsage usage;

  bool operator==(const UsageLine&) const = default;
};

/// Thread-safe. Knows names and numbers only.
class Meter {
 public:
  void set_limits(const std::string& endpoint, const CallerLimits& limits);

  struct Refusal {
    Error error;
    std::int64_t retry_after_s;
  };
  /// Counts a request; a refusal where a limit is reached.
  std::optional<Refusal> admit(const std::string& endpoint, const std::string& caller,
                               std::int64_t now_unix_ms);
  void used(const std::string& endpoint, const std::string& caller, const CallerUsage& usage,
            std::int64_t now_unix_ms);

  /// All that was counted, sorted by endpoint, caller and day.
  std::vector<UsageLine> lines() const;
  /// What others have counted: it weighs on budgets, and is not among lines().
  void load(const std::vector<UsageLine>& lines);

 private:
  struct Window {
    std::int64_t minute = -1;
    std::int64_t requests = 0;
    std::int64_t tokens = 0;
  };
  using Key = std::pair<std::string, std::string>;  // endpoint, caller

  mutable std::mutex mutex_;
  std::map<std::string, CallerLimits> limits_;
  std::map<Key, Window> windows_;
  using Days = std::map<std::pair<Key, std::string>, CallerUsage>;  // and the day
  Days days_;
  Days others_;
};

Json to_json(const UsageLine& line);
Result<UsageLine> usage_line_from_json(const Json& value);

}  // namespace residency::serve
