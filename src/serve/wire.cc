#include "serve/wire.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

namespace residency::serve {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kReadBytes = 64u << 10;

}  // namespace

Wire::~Wire() { ::close(descriptor_); }

bool Wire::send(const Json& message) {
  std::string bytes(kLengthBytes, '\0');
  bytes += dump_json(message);
  const auto length = static_cast<std::uint32_t>(bytes.size() - kLengthBytes);
  std::memcpy(bytes.data(), &length, kLengthBytes);
  const std::lock_guard lock(mutex_);
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t written =
        ::send(descriptor_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    sent += static_cast<std::size_t>(written);
  }
  return true;
}

bool Wire::read(char* into, std::size_t bytes) {
  while (bytes > 0) {
    if (taken_ == buffer_.size()) {
      buffer_.resize(kReadBytes);
      taken_ = 0;
      ssize_t got = -1;
      do {
        got = ::recv(descriptor_, buffer_.data(), buffer_.size(), 0);
      } while (got < 0 && errno == EINTR);
      buffer_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
      if (got <= 0) return false;
    }
    const std::size_t now = std::min(bytes, buffer_.size() - taken_);
    std::memcpy(into, buffer_.data() + taken_, now);
    taken_ += now;
    into += now;
    bytes -= now;
  }
  return true;
}

Result<std::optional<Json>> Wire::receive() {
  std::uint32_t length = 0;
  std::array<char, kLengthBytes> head{};
  if (!read(head.data(), head.size())) return std::optional<Json>();
  std::memcpy(&length, head.data(), head.size());
  if (length > kWireBytesMax) return corrupt("wire: a message is too long");
  std::string text(length, '\0');
  if (!read(text.data(), text.size())) return std::optional<Json>();
  RESIDENCY_TRY(Json message, parse_json(text));
  return std::optional<Json>(std::move(message));
}

void Wire::finish() { ::shutdown(descriptor_, SHUT_WR); }

void Wire::close() { ::shutdown(descriptor_, SHUT_RDWR); }

}  // namespace residency::serve
