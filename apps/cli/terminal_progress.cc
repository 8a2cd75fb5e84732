#include "cli/terminal_progress.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

namespace residency::cli {
namespace {

constexpr auto kRedrawInterval = std::chrono::milliseconds(100);
constexpr auto kLineInterval = std::chrono::seconds(10);
constexpr int kBarWidth = 24;

// A signal handler can reach nothing but a lock-free flag of static storage.
std::atomic<int> stops_asked{0};
extern "C" void on_interrupt(int) {
  if (stops_asked.fetch_add(1) > 0) ::_exit(130);
}

std::string bar(double share) {
  const int full = static_cast<int>(std::lround(share * kBarWidth));
  std::string text(static_cast<std::size_t>(full), '#');
  text.append(static_cast<std::size_t>(kBarWidth - full), '.');
  return text;
}

}  // namespace

std::string format_duration(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f}s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  return fmt::format("{}h {:02}m", whole / 3600, whole % 3600 / 60);
}

TerminalProgress::TerminalProgress(bool quiet)
    : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1), started_(Clock::now()) {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

TerminalProgress::~TerminalProgress() { clear(); }

void TerminalProgress::title(std::string title) {
  clear();
  title_ = std::move(title);
  started_ = Clock::now();
  shown_ = terminal_ ? Clock::time_point{} : started_;
  first_ = true;
}

void TerminalProgress::clear() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
  drawn_ = false;
}

void TerminalProgress::update(std::uint64_t done, std::uint64_t total, std::string_view unit,
                              std::string_view note) {
  if (quiet_) return;
  const auto now = Clock::now();
  if (first_) {
    // What was done before a resumed job began is no part of its rate; the real count starts when
    // the job knows its total.
    first_ = total == 0 && done == 0;
    first_done_ = done;
    started_ = now;
  }
  const auto interval =
      terminal_ ? Clock::duration(kRedrawInterval) : Clock::duration(kLineInterval);
  if (now - shown_ < interval) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const double rate =
      seconds > 0 ? static_cast<double>(done - std::min(done, first_done_)) / seconds : 0;
  std::string line = title_ + "  ";
  if (total > 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    line += terminal_ ? fmt::format("[{}] {:3.0f}%  ", bar(share), share * 100)
                      : fmt::format("{:.0f}%  ", share * 100);
    line += fmt::format("{}/{} {}", done, total, unit);
  } else {
    line += fmt::format("{} {}", done, unit);
  }
  if (rate > 0) line += fmt::format("  {:.{}f}/s", rate, rate < 10 ? 2 : 0);
  if (rate > 0 && total > done) {
    line += "  ETA " + format_duration(static_cast<double>(total - done) / rate);
  }
  if (!note.empty()) line += fmt::format("  {}", note);
  if (terminal_) {
    fmt::print(stderr, "\r\033[K{}", line);
    std::fflush(stderr);
    drawn_ = true;
  } else {
    fmt::print(stderr, "{}\n", line);
  }
}

bool TerminalProgress::cancelled() const { return stops_asked.load() > 0; }

}  // namespace residency::cli
