// Stopwatch: adds the seconds of its life to a sum. Wall time, for reports only.
#pragma once

#include <chrono>

namespace residency::train {

class Stopwatch {
 public:
  explicit Stopwatch(double& sum_s) : sum_s_(sum_s), began_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    sum_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& sum_s_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace residency::train
