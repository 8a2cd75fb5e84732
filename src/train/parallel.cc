#include "train/parallel.h"

#include <algorithm>
#ifdef _OPENMP
#include <omp.h>
#endif

namespace residency::train {

#ifdef _OPENMP

void set_threads(std::int64_t count) {
  omp_set_num_threads(count > 0 ? static_cast<int>(count) : omp_get_num_procs());
}

std::int64_t thread_count() { return omp_get_max_threads(); }

void parallel_for(std::int64_t tasks, const std::function<void(std::int64_t, std::int64_t)>& body) {
#pragma omp parallel for schedule(dynamic, 1)
  for (std::int64_t task = 0; task < tasks; ++task) body(task, omp_get_thread_num());
}

#else

void set_threads(std::int64_t) {}

std::int64_t thread_count() { return 1; }

void parallel_for(std::int64_t tasks, const std::function<void(std::int64_t, std::int64_t)>& body) {
  for (std::int64_t task = 0; task < tasks; ++task) body(task, 0);
}

#endif

void parallel_ranges(std::int64_t count, std::int64_t grain,
                     const std::function<void(std::int64_t, std::int64_t)>& body) {
  parallel_for((count + grain - 1) / grain, [&](std::int64_t task, std::int64_t) {
    body(task * grain, std::min(count, (task + 1) * grain));
  });
}

}  // namespace residency::train
