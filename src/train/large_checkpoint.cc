#include "train/large_checkpoint.h"

#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <utility>

namespace residency::train {
namespace {

constexpr const char* kState = "train.checkpoint";
constexpr std::size_t kPiecesMax = 64;

std::string piece_name(int slot, std::size_t number) {
  return fmt::format("train.checkpoint.{}.{}", slot, number);
}

/// The slot and the pieces' number stand where small checkpoints have their optimiser.
std::string placed(int slot, std::size_t pieces) { return fmt::format("{} {}", slot, pieces); }

}  // namespace

Result<void> LargeCheckpoint::save(TrainState& state, const Optimiser& optimiser,
                                   std::string_view key) {
  const int slot = 1 - slot_;
  std::vector<std::string_view> pieces = optimiser.state_views();
  const std::string whole = pieces.empty() ? optimiser.state() : std::string();
  if (pieces.empty()) pieces.emplace_back(whole);
  pieces.insert(pieces.begin(), {reinterpret_cast<const char*>(state.values.data()),
                                 state.values.size() * sizeof(float)});
  for (std::size_t i = 0; i < pieces.size(); ++i)
    RESIDENCY_TRY_VOID(store_.put(piece_name(slot, i), pieces[i]));
  std::vector<float> values = std::exchange(state.values, {});
  state.optimiser = placed(slot, pieces.size());
  auto saved = store_.put(kState, encode_checkpoint(state, key));
  state.values = std::move(values);
  state.optimiser.clear();
  RESIDENCY_TRY_VOID(std::move(saved));
  for (std::size_t i = 0; i < pieces.size(); ++i)
    RESIDENCY_TRY_VOID(store_.remove(piece_name(slot_, i)));
  slot_ = slot;
  return {};
}

Result<std::optional<TrainState>> LargeCheckpoint::load(Optimiser& optimiser, std::string_view key,
                                                        std::int64_t values) {
  RESIDENCY_TRY(const auto saved, store_.get(kState));
  if (!saved) return std::optional<TrainState>();
  RESIDENCY_TRY(TrainState state, decode_checkpoint(*saved, key, 0));
  std::size_t pieces = 0;
  if (std::sscanf(state.optimiser.c_str(), "%d %zu", &slot_, &pieces) != 2 || slot_ < 0 ||
      slot_ > 1 || pieces < 2 || pieces > kPiecesMax)
    return corrupt("the training checkpoint names no pieces");
  std::string rest;
  for (std::size_t i = 0; i < pieces; ++i) {
    RESIDENCY_TRY(const auto piece, store_.get(piece_name(slot_, i)));
    if (!piece) return corrupt("the training checkpoint lacks a piece");
    if (i > 0) {
      rest += *piece;
      continue;
    }
    if (piece->size() != static_cast<std::size_t>(values) * sizeof(float))
      return failed_precondition("the training checkpoint is of a model of another size");
    state.values.resize(static_cast<std::size_t>(values));
    std::memcpy(state.values.data(), piece->data(), piece->size());
  }
  RESIDENCY_TRY_VOID(optimiser.set_state(rest));
  state.optimiser.clear();
  return std::optional<TrainState>(std::move(state));
}

}  // namespace residency::train
