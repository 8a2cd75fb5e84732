// Desk: a few threads that do small pieces of work in order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace residency::serve {

/// Work of one key is done in its order; works of different keys may be done at once. Destroying it
/// does what was posted first.
class Desk {
 public:
  explicit Desk(std::size_t threads);
  ~Desk();
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  void post(std::size_t key, std::function<void()> work);

 private:
  struct Lane {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> works;
    bool closed = false;
    std::thread thread;
  };
  static void run(Lane& lane);

  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace residency::serve
