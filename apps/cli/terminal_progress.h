// A progress bar with rate and ETA on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "base/progress.h"

namespace residency::cli {

/// Writes to standard error. On a terminal one line is redrawn; elsewhere a line is written at
/// most every ten seconds and at the end. Ctrl-C (SIGINT) or SIGTERM makes cancelled() true; a
/// second one ends the process.
class TerminalProgress final : public Progress {
 public:
  explicit TerminalProgress(bool quiet);
  ~TerminalProgress() override;

  /// Starts a new bar under this title ("3/9 deid").
  void title(std::string title);
  /// Ends the line that is being redrawn.
  void clear();

  void update(std::uint64_t done, std::uint64_t total, std::string_view unit,
              std::string_view note) override;
  bool cancelled() const override;

 private:
  using Clock = std::chrono::steady_clock;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  std::string title_;
  Clock::time_point started_;
  std::uint64_t first_done_ = 0;
  bool first_ = true;
  Clock::time_point shown_;
};

/// "1m 05s", "3.2s", "2h 10m"
std::string format_duration(double seconds);

}  // namespace residency::cli
