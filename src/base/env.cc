#include "base/env.h"

#include <ctime>
#include <fmt/format.h>

namespace residency {

Result<std::string> Env::read_file(const std::string& path, std::uint64_t bytes_max) {
  RESIDENCY_TRY(auto file, open_read(path));
  if (file->size() > bytes_max) {
    return resource_exhausted(fmt::format("file is larger than {} bytes: {}", bytes_max, path));
  }
  return file->read_at(0, file->size());
}

Result<void> Env::write_file_atomic(const std::string& path, std::string_view bytes) {
  const std::string aside = path + ".part";
  const auto write = [&]() -> Result<void> {
    RESIDENCY_TRY(auto file, create(aside));
    RESIDENCY_TRY_VOID(file->append(bytes));
    RESIDENCY_TRY_VOID(file->sync());
    RESIDENCY_TRY_VOID(file->close());
    RESIDENCY_TRY_VOID(rename(aside, path));
    const auto slash = path.find_last_of('/');
    return sync_directory(slash == std::string::npos ? "." : path.substr(0, slash + 1));
  };
  auto written = write();
  if (!written.ok() && exists(aside)) {
    (void)remove(aside);  // the first error is the one to report
  }
  return written;
}

std::string format_utc(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     unix_ms % 1000);
}

}  // namespace residency
