// How long work tells how far it is, and learns that it should stop.
#pragma once

#include <cstdint>
#include <string_view>

namespace residency {

/// Takes a stage's progress. The command line draws a bar with rate and ETA, a worker process
/// writes it to its pipe. Calls are cheap: the implementation limits how often it shows them.
class Progress {
 public:
  virtual ~Progress() = default;
  /// `done` of `total` (0: unknown) `unit`s; `note` is fixed text and numbers, never record text.
  virtual void update(std::uint64_t done, std::uint64_t total, std::string_view unit,
                      std::string_view note) = 0;
  /// True once the work should end at the next safe point (it then returns kCancelled).
  virtual bool cancelled() const { return false; }
};

/// Drops everything.
class NoProgress final : public Progress {
 public:
  void update(std::uint64_t, std::uint64_t, std::string_view, std::string_view) override {}
};

}  // namespace residency
