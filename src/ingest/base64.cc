#include "ingest/base64.h"

#include <cstdint>

namespace residency::ingest {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int held = 0;  // characters of the current group of four
  int padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    if (c == '=') {
      if (++padding > 2) return std::nullopt;
      continue;
    }
    const int value = value_of(c);
    if (value < 0 || padding > 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (++held == 4) {
      bytes.push_back(static_cast<char>(bits >> 16 & 255));
      bytes.push_back(static_cast<char>(bits >> 8 & 255));
      bytes.push_back(static_cast<char>(bits & 255));
      held = 0;
      bits = 0;
    }
  }
  if (held == 0) return padding == 0 ? std::optional(bytes) : std::nullopt;
  if (held + padding != 4) return std::nullopt;
  if (held == 2) {
    if ((bits & 15) != 0) return std::nullopt;
    bytes.push_back(static_cast<char>(bits >> 4 & 255));
    return bytes;
  }
  if (held != 3 || (bits & 3) != 0) return std::nullopt;
  bytes.push_back(static_cast<char>(bits >> 10 & 255));
  bytes.push_back(static_cast<char>(bits >> 2 & 255));
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    text.push_back(kAlphabet[bits >> 18 & 63]);
    text.push_back(kAlphabet[bits >> 12 & 63]);
    text.push_back(count > 1 ? kAlphabet[bits >> 6 & 63] : '=');
    text.push_back(count > 2 ? kAlphabet[bits & 63] : '=');
  }
  return text;
}

}  // namespace residency::ingest
