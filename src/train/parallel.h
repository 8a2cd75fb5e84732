// Parallel loops over independent tasks.
#pragma once

#include <cstdint>
#include <functional>

namespace residency::train {

/// Threads that parallel_for, oneDNN and libtorch share; 0 means one for each core this process
/// may use. It is a setting of the process, as OpenMP's is.
void set_threads(std::int64_t count);
std::int64_t thread_count();

/// Calls body(task, thread) for every task in [0, tasks), thread in [0, thread_count()). Tasks are
/// handed out in order as threads come free, so they must not depend on which thread runs them.
/// The body must not throw.
void parallel_for(std::int64_t tasks, const std::function<void(std::int64_t, std::int64_t)>& body);

/// The same over ranges of at most `grain` indices of [0, count): body(begin, end).
void parallel_ranges(std::int64_t count, std::int64_t grain,
                     const std::function<void(std::int64_t, std::int64_t)>& body);

}  // namespace residency::train
