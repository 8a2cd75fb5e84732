// The items of a test set, read and sampled.
#pragma once

#include <vector>

#include "base/line_io.h"
#include "base/result.h"
#include "dataset/example.h"
#include "eval/eval_options.h"

namespace residency::eval {

/// A test set has at most this many items.
inline constexpr std::size_t kItemsMax = 1'000'000;

/// Errors name the line and the field.
Result<std::vector<dataset::Example>> read_items(LineSource& test);

/// At most options.items_max of them: those with the smallest keyed hashes of their ids, in the
/// set's order.
std::vector<dataset::Example> sample_items(std::vector<dataset::Example> items,
                                           const EvalOptions& options);

}  // namespace residency::eval
