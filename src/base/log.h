// The process log. What may be logged is limited by type: fixed messages, numbers and Labels, so
// record text has no way in.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace residency {

/// A short identifier that is safe to log: at most 128 of [A-Za-z0-9_.:/-]; anything else becomes
/// "-". Do not make one from record text.
class Label {
 public:
  explicit Label(std::string_view text);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// A message that is a string literal.
class FixedMessage {
 public:
  consteval FixedMessage(const char* literal) : text_(literal) {}  // NOLINT: implicit
  const char* text() const { return text_; }

 private:
  const char* text_;
};

struct LogField {
  std::string_view name;
  std::variant<std::int64_t, double, bool, Label> value;
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// Writes one line of JSON to standard error: {"ts":…,"level":…,"room":…,"message":…,fields…}.
/// Debug lines are written only when RESIDENCY_LOG=debug; info only when RESIDENCY_LOG is set.
void log(LogLevel level, FixedMessage room, FixedMessage message,
         std::initializer_list<LogField> fields = {});

}  // namespace residency
