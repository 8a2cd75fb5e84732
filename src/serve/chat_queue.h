// ChatQueue: the bounded queue in front of an endpoint's workers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "serve/chat.h"
#include "serve/endpoint.h"

namespace residency::serve {

using Clock = std::chrono::steady_clock;

/// One request that waits or is being answered.
struct ChatJob {
  ChatRequest request;
  std::stop_token stop;
  std::shared_ptr<ChatObserver> observer;
  Clock::time_point arrived;
  Clock::time_point deadline;
};

/// Thread-safe, first come first served.
class ChatQueue {
 public:
  /// At most `waiting_max` requests wait beside those that `workers` workers answer.
  ChatQueue(std::size_t waiting_max, std::size_t workers) : jobs_max_(waiting_max + workers) {}

  enum class Pushed : std::uint8_t { kTaken, kFull, kClosed };
  Pushed push(ChatJob job);
  /// Waits for a request; empty once the queue is closed and nothing waits.
  std::optional<ChatJob> pop();
  /// The worker that popped last is free again.
  void release();
  /// Takes no more; what waits is still popped.
  void close();

  std::size_t depth() const;
  std::size_t running() const;

 private:
  const std::size_t jobs_max_;  // waiting and running
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ChatJob> jobs_;
  std::size_t running_ = 0;
  bool closed_ = false;
};

}  // namespace residency::serve
