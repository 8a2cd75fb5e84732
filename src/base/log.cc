#include "base/log.h"

#include <cctype>
#include <cstdlib>
#include <memory>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/env.h"
#include "base/json.h"

namespace residency {
namespace {

spdlog::level::level_enum threshold() {
  const char* wanted = std::getenv("RESIDENCY_LOG");
  if (wanted == nullptr) return spdlog::level::warn;
  return std::string_view(wanted) == "debug" ? spdlog::level::debug : spdlog::level::info;
}

spdlog::logger& logger() {
  static const std::unique_ptr<spdlog::logger> instance = [] {
    auto made = std::make_unique<spdlog::logger>("residency",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(threshold());
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

Label::Label(std::string_view text) {
  constexpr std::size_t kLabelBytesMax = 128;
  text_.assign(text.substr(0, kLabelBytesMax));
  for (char& c : text_) {
    const bool safe = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' ||
                      c == ':' || c == '/' || c == '-';
    if (!safe) c = '-';
  }
}

void log(LogLevel level, FixedMessage room, FixedMessage message,
         std::initializer_list<LogField> fields) {
  const auto spd = spdlog_level(level);
  if (!logger().should_log(spd)) return;
  Json line{{"ts", format_utc(Env::posix().now_unix_ms())},
            {"level", std::string(spdlog::level::to_string_view(spd).data())},
            {"room", room.text()},
            {"message", message.text()}};
  for (const LogField& field : fields) {
    std::visit(
        [&](const auto& value) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Label>) {
            line[std::string(field.name)] = value.text();
          } else {
            line[std::string(field.name)] = value;
          }
        },
        field.value);
  }
  logger().log(spd, dump_json(line));
}

}  // namespace residency
