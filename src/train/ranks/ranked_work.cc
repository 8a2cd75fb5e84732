#include "train/ranks/ranked_work.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace residency::train {
namespace {

/// Floats of a gradient that are gathered at a time, from each rank.
constexpr std::size_t kPieceFloats = 1u << 20;

}  // namespace

Result<std::vector<double>> RankedWork::end_round(const Result<double>& mine, bool& stop) {
  const std::array<double, 3> own{mine.ok() ? *mine : 0.0, stop ? 1.0 : 0.0, mine.ok() ? 0.0 : 1.0};
  RESIDENCY_TRY(const auto all, group_->gather(std::span<const double>(own)));
  if (!mine.ok()) return mine.error();
  std::vector<double> values;
  for (std::size_t rank = 0; rank * own.size() < all.size(); ++rank) {
    const double* said = all.data() + rank * own.size();
    values.push_back(said[0]);
    stop = stop || said[1] != 0;
    if (said[2] != 0) return io_error(fmt::format("rank {} failed; its own output says why", rank));
  }
  return values;
}

Result<std::vector<double>> RankedWork::gradients(
    std::size_t count, const std::function<Result<double>(std::size_t, std::span<float>)>& compute,
    std::span<float> gradient, bool& stop) {
  std::vector<double> losses(count);
  if (alone()) {
    for (std::size_t i = 0; i < count; ++i) {
      RESIDENCY_TRY(losses[i], compute(i, gradient));
    }
    return losses;
  }
  const auto size = static_cast<std::size_t>(group_->size());
  for (std::size_t first = 0; first < count; first += size) {
    const std::size_t mine = first + static_cast<std::size_t>(group_->rank());
    own_.assign(gradient.size(), 0.0f);
    Result<double> loss = 0.0;
    if (mine < count) loss = compute(mine, own_);
    RESIDENCY_TRY(const auto said, end_round(loss, stop));
    const std::size_t items = std::min(size, count - first);
    std::copy_n(said.begin(), items, losses.begin() + static_cast<std::ptrdiff_t>(first));
    for (std::size_t at = 0; at < gradient.size(); at += kPieceFloats) {
      const std::size_t floats = std::min(kPieceFloats, gradient.size() - at);
      RESIDENCY_TRY(const auto all,
                    group_->gather(std::span<const float>(own_).subspan(at, floats)));
      for (std::size_t item = 0; item < items; ++item) {
        const float* from = all.data() + item * floats;
        for (std::size_t i = 0; i < floats; ++i) gradient[at + i] += from[i];
      }
    }
  }
  return losses;
}

Result<std::vector<double>> RankedWork::values(
    std::size_t count, const std::function<Result<double>(std::size_t)>& compute) {
  std::vector<double> values(count);
  const auto size = static_cast<std::size_t>(alone() ? 1 : group_->size());
  for (std::size_t first = 0; first < count; first += size) {
    const std::size_t mine = first + (alone() ? 0 : static_cast<std::size_t>(group_->rank()));
    Result<double> value = 0.0;
    if (mine < count) value = compute(mine);
    if (alone()) {
      RESIDENCY_TRY(values[first], value);
      continue;
    }
    bool stop = false;
    RESIDENCY_TRY(const auto said, end_round(value, stop));
    const std::size_t items = std::min(size, count - first);
    std::copy_n(said.begin(), items, values.begin() + static_cast<std::ptrdiff_t>(first));
  }
  return values;
}

}  // namespace residency::train
