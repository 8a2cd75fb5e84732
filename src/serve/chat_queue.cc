#include "serve/chat_queue.h"

#include <utility>

namespace residency::serve {

ChatQueue::Pushed ChatQueue::push(ChatJob job) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Pushed::kClosed;
    if (jobs_.size() + running_ >= jobs_max_) return Pushed::kFull;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return Pushed::kTaken;
}

std::optional<ChatJob> ChatQueue::pop() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || !jobs_.empty(); });
  if (jobs_.empty()) return std::nullopt;
  ChatJob job = std::move(jobs_.front());
  jobs_.pop_front();
  ++running_;
  return job;
}

void ChatQueue::release() {
  const std::lock_guard lock(mutex_);
  --running_;
}

void ChatQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

std::size_t ChatQueue::depth() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

std::size_t ChatQueue::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

}  // namespace residency::serve
