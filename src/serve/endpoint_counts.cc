#include "serve/endpoint_counts.h"

#include <algorithm>
#include <cmath>

namespace residency::serve {
namespace {

constexpr double kRetryAfterMaxS = 60;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::uint64_t positive(int count) { return static_cast<std::uint64_t>(std::max(count, 0)); }

}  // namespace

void EndpointCounts::accepted() {
  const std::lock_guard lock(mutex_);
  ++stats_.requests;
  ++under_way_;
}

void EndpointCounts::refused() {
  const std::lock_guard lock(mutex_);
  ++stats_.refused;
}

void EndpointCounts::restarted() {
  const std::lock_guard lock(mutex_);
  ++stats_.restarts;
}

void EndpointCounts::ended(const JobTimes& times, const Result<ChatAnswer>& outcome) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  --under_way_;
  stats_.seconds_generating += seconds_between(times.arrived, now);
  if (times.first_text) {
    ++stats_.first_texts;
    stats_.seconds_first_text += seconds_between(times.arrived, *times.first_text);
  }
  if (!outcome.ok()) {
    const bool late = outcome.error().code() == ErrorCode::kResourceExhausted;
    ++(late ? stats_.timeouts : stats_.errors);
    return;
  }
  stats_.prompt_tokens += positive(outcome->prompt_tokens);
  stats_.cached_tokens += positive(outcome->cached_tokens);
  stats_.completion_tokens += positive(outcome->completion_tokens);
  stats_.spans_filtered += outcome->spans_filtered;
  switch (outcome->finish) {
    case ChatFinish::kCancelled:
      ++stats_.cancelled;
      break;
    case ChatFinish::kTimeout:
      ++stats_.timeouts;
      break;
    case ChatFinish::kContentFilter:
      ++stats_.answers_blocked;
      ++stats_.answered;
      break;
    default:
      ++stats_.answered;
  }
}

EndpointStats EndpointCounts::stats() const {
  const std::lock_guard lock(mutex_);
  EndpointStats now = stats_;
  now.running = std::min<std::uint64_t>(under_way_, static_cast<std::uint64_t>(parallel_));
  now.queue_depth = under_way_ - now.running;
  return now;
}

int EndpointCounts::retry_after_s() const {
  const EndpointStats now = stats();
  const auto ended = static_cast<double>(now.answered + now.cancelled + now.timeouts);
  const double pace_s = ended > 0 ? now.seconds_generating / ended : 1;
  const double wait_s = pace_s * static_cast<double>(now.queue_depth + now.running) / parallel_;
  return static_cast<int>(std::clamp(std::ceil(wait_s), 1.0, kRetryAfterMaxS));
}

}  // namespace residency::serve
