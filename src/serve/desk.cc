#include "serve/desk.h"

#include <algorithm>

namespace residency::serve {

Desk::Desk(std::size_t threads) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    lanes_.push_back(std::make_unique<Lane>());
    Lane& lane = *lanes_.back();
    lane.thread = std::thread([&lane] { run(lane); });
  }
}

Desk::~Desk() {
  for (const auto& lane : lanes_) {
    {
      const std::lock_guard lock(lane->mutex);
      lane->closed = true;
    }
    lane->changed.notify_all();
  }
  for (const auto& lane : lanes_) lane->thread.join();
}

void Desk::post(std::size_t key, std::function<void()> work) {
  Lane& lane = *lanes_[key % lanes_.size()];
  {
    const std::lock_guard lock(lane.mutex);
    lane.works.push_back(std::move(work));
  }
  lane.changed.notify_one();
}

void Desk::run(Lane& lane) {
  std::deque<std::function<void()>> taken;
  while (true) {
    {
      std::unique_lock lock(lane.mutex);
      lane.changed.wait(lock, [&] { return lane.closed || !lane.works.empty(); });
      if (lane.works.empty()) return;
      taken.swap(lane.works);
    }
    for (auto& work : taken) work();
    taken.clear();
  }
}

}  // namespace residency::serve
