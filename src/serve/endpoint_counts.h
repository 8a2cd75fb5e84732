// EndpointCounts: what an endpoint has answered, and how fast.
#pragma once

#include <mutex>

#include "serve/answer_job.h"
#include "serve/endpoint.h"

namespace residency::serve {

/// Thread-safe.
class EndpointCounts {
 public:
  explicit EndpointCounts(int parallel) : parallel_(parallel) {}

  void accepted();
  void refused();
  void restarted();
  /// `arrived` and `first_text` of a request that has ended, and its outcome.
  void ended(const JobTimes& times, const Result<ChatAnswer>& outcome);
  EndpointStats stats() const;
  /// As Endpoint::retry_after_s.
  int retry_after_s() const;

 private:
  const int parallel_;
  mutable std::mutex mutex_;
  EndpointStats stats_;
  std::uint64_t under_way_ = 0;
};

}  // namespace residency::serve
