#include "cli/download.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <memory>

#include "base/env.h"

namespace residency::cli {
namespace {

constexpr std::uint64_t kBytesMax = 8ull << 30;
constexpr long kConnectSeconds = 20;
constexpr long kSlowBytesPerSecond = 100;
constexpr long kSlowSeconds = 60;
constexpr long kRedirectsMax = 10;

struct Sink {
  WritableFile* file;
  std::uint64_t bytes = 0;
  bool failed = false;
};

std::size_t on_bytes(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto* sink = static_cast<Sink*>(user);
  const std::size_t length = size * count;
  sink->bytes += length;
  if (sink->bytes > kBytesMax || !sink->file->append({bytes, length}).ok()) {
    sink->failed = true;
    return 0;
  }
  return length;
}

int on_progress(void* user, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
  const auto& done = *static_cast<const std::function<bool(std::uint64_t, std::uint64_t)>*>(user);
  return done && !done(static_cast<std::uint64_t>(now), static_cast<std::uint64_t>(total)) ? 1 : 0;
}

std::string host_of(const std::string& url) {
  const auto begin = url.find("://");
  if (begin == std::string::npos) return url.substr(0, 64);
  const auto from = begin + 3;
  return url.substr(from, url.find('/', from) - from);
}

}  // namespace

Result<void> download(const std::string& url, const std::string& path,
                      const std::function<bool(std::uint64_t, std::uint64_t)>& done) {
  Env& env = Env::posix();
  const std::string aside = path + ".part";
  RESIDENCY_TRY(const auto file, env.create(aside));
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 &curl_easy_cleanup);
  if (curl == nullptr) return internal_error("libcurl cannot start");
  Sink sink{file.get()};
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_MAXREDIRS, kRedirectsMax);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, kSlowBytesPerSecond);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, kSlowSeconds);
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "residency");
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, on_bytes);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &sink);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA,
                   const_cast<void*>(static_cast<const void*>(&done)));
  const CURLcode code = curl_easy_perform(curl.get());
  const auto closed = file->close();
  if (code != CURLE_OK || !closed.ok()) {
    (void)env.remove(aside).ok();
    if (code == CURLE_ABORTED_BY_CALLBACK) return cancelled("download stopped");
    return io_error(
        fmt::format("nothing comes from {}: {}", host_of(url),
                    sink.failed ? "the file cannot be written" : curl_easy_strerror(code)));
  }
  return env.rename(aside, path);
}

}  // namespace residency::cli
