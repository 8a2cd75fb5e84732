#include "serve/meter.h"

#include "base/env.h"

namespace residency::serve {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kDayMs = 86'400'000;

std::string day_of(std::int64_t now_unix_ms) { return format_utc(now_unix_ms).substr(0, 10); }

std::int64_t tokens_of(const CallerUsage& usage) {
  return static_cast<std::int64_t>(usage.prompt_tokens + usage.completion_tokens);
}

void add(CallerUsage& into, const CallerUsage& more) {
  into.requests += more.requests;
  into.prompt_tokens += more.prompt_tokens;
  into.cached_tokens += more.cached_tokens;
  into.completion_tokens += more.completion_tokens;
}

}  // namespace

Json CallerLimits::to_json() const {
  return {{"requests_per_minute", requests_per_minute},
          {"tokens_per_minute", tokens_per_minute},
          {"tokens_per_day", tokens_per_day}};
}

Result<CallerLimits> CallerLimits::from_json(const Json& value) {
  CallerLimits limits;
  const auto read = [&](const char* key, std::int64_t& into) -> Result<void> {
    const Json& member = json_member(value, key);
    if (member.is_null()) return {};
    if (!member.is_number_integer() || member < 0) {
      return invalid_input(std::string("limits: must be a whole number from 0: ") + key);
    }
    into = member.get<std::int64_t>();
    return {};
  };
  RESIDENCY_TRY_VOID(read("requests_per_minute", limits.requests_per_minute));
  RESIDENCY_TRY_VOID(read("tokens_per_minute", limits.tokens_per_minute));
  RESIDENCY_TRY_VOID(read("tokens_per_day", limits.tokens_per_day));
  return limits;
}

void Meter::set_limits(const std::string& endpoint, const CallerLimits& limits) {
  const std::lock_guard lock(mutex_);
  limits_[endpoint] = limits;
}

std::optional<Meter::Refusal> Meter::admit(const std::string& endpoint, const std::string& caller,
                                           std::int64_t now_unix_ms) {
  const std::lock_guard lock(mutex_);
  const Key key{endpoint, caller};
  const auto found = limits_.find(endpoint);
  const CallerLimits limits = found == limits_.end() ? CallerLimits{} : found->second;
  Window& window = windows_[key];
  const std::int64_t minute = now_unix_ms / kMinuteMs;
  if (window.minute != minute) window = {minute, 0, 0};
  const std::int64_t minute_left_s = (kMinuteMs - now_unix_ms % kMinuteMs) / 1000 + 1;
  if (limits.requests_per_minute > 0 && window.requests >= limits.requests_per_minute) {
    return Refusal{resource_exhausted("the caller's requests this minute are at their bound of " +
                                      std::to_string(limits.requests_per_minute)),
                   minute_left_s};
  }
  if (limits.tokens_per_minute > 0 && window.tokens >= limits.tokens_per_minute) {
    return Refusal{resource_exhausted("the caller's tokens this minute are at their bound of " +
                                      std::to_string(limits.tokens_per_minute)),
                   minute_left_s};
  }
  std::int64_t today = 0;
  for (const auto* days : {&days_, &others_}) {
    const auto counted = days->find({key, day_of(now_unix_ms)});
    if (counted != days->end()) today += tokens_of(counted->second);
  }
  if (limits.tokens_per_day > 0 && today >= limits.tokens_per_day) {
    return Refusal{resource_exhausted("the caller's budget of tokens for today is used up: " +
                                      std::to_string(limits.tokens_per_day)),
                   (kDayMs - now_unix_ms % kDayMs) / 1000 + 1};
  }
  ++window.requests;
  return std::nullopt;
}

void Meter::used(const std::string& endpoint, const std::string& caller, const CallerUsage& usage,
                 std::int64_t now_unix_ms) {
  const std::lock_guard lock(mutex_);
  const Key key{endpoint, caller};
  add(days_[{key, day_of(now_unix_ms)}], usage);
  Window& window = windows_[key];
  const std::int64_t minute = now_unix_ms / kMinuteMs;
  if (window.minute != minute) window = {minute, 0, 0};
  window.tokens += tokens_of(usage);
}

std::vector<UsageLine> Meter::lines() const {
  const std::lock_guard lock(mutex_);
  std::vector<UsageLine> all;
  for (const auto& [key, usage] : days_) {
    all.push_back({key.first.first, key.first.second, key.second, usage});
  }
  return all;
}

void Meter::load(const std::vector<UsageLine>& lines) {
  const std::lock_guard lock(mutex_);
  for (const UsageLine& line : lines) {
    add(others_[{{line.endpoint, line.caller}, line.day}], line.usage);
  }
}

Json to_json(const UsageLine& line) {
  return {{"endpoint", line.endpoint},
          {"caller", line.caller},
          {"day", line.day},
          {"requests", line.usage.requests},
          {"prompt_tokens", line.usage.prompt_tokens},
          {"cached_tokens", line.usage.cached_tokens},
          {"completion_tokens", line.usage.completion_tokens}};
}

Result<UsageLine> usage_line_from_json(const Json& value) {
  UsageLine line{
      json_text(value, "endpoint"), json_text(value, "caller"), json_text(value, "day"), {}};
  if (line.endpoint.empty() || line.caller.empty() || line.day.size() != 10) {
    return invalid_input("usage: a line is not complete");
  }
  const auto count = [&](const char* key) {
    const std::int64_t number = json_integer(value, key);
    return static_cast<std::uint64_t>(number > 0 ? number : 0);
  };
  line.usage = {count("requests"), count("prompt_tokens"), count("cached_tokens"),
                count("completion_tokens")};
  return line;
}

}  // namespace residency::serve
