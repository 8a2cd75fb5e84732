#include "infer/text_stream.h"

#include <algorithm>
#include <cstdint>

namespace residency::infer {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

enum class Scan { kWhole, kUnfinished, kInvalid };

struct CodePoint {
  Scan scan;
  std::size_t bytes;
};

/// Looks at the code point at the front of `text` (Unicode 15, table 3-7: no surrogates, no
/// overlong forms, nothing past U+10FFFF). An invalid one is as long as its valid beginning.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) return {Scan::kWhole, 1};
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0) return {Scan::kInvalid, 1};
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {Scan::kUnfinished, i};
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xbf;
    if (i == 1) {
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    }
    if (byte(i) < low || byte(i) > high) return {Scan::kInvalid, i};
  }
  return {Scan::kWhole, length};
}

}  // namespace

std::string Utf8Assembler::push(std::string_view bytes) {
  held_.append(bytes);
  std::string text;
  std::string_view left = held_;
  while (!left.empty()) {
    const auto [scan, length] = first_code_point(left);
    if (scan == Scan::kUnfinished) break;
    text.append(scan == Scan::kWhole ? left.substr(0, length) : kReplacement);
    left.remove_prefix(length);
  }
  held_ = std::string(left);
  return text;
}

std::string Utf8Assembler::finish() {
  if (held_.empty()) return "";
  held_.clear();
  return std::string(kReplacement);
}

std::string StopMatcher::push(std::string_view text) {
  if (stopped_) return "";
  held_.append(text);
  std::size_t first = std::string::npos;
  for (const auto& stop : stops_) {
    const std::size_t at = held_.find(stop);
    if (at >= first) continue;
    first = at;
    stopped_by_ = stop;
  }
  if (first != std::string::npos) {
    stopped_ = true;
    std::string before = held_.substr(0, first);
    held_.clear();
    return before;
  }
  std::size_t kept = 0;
  for (const auto& stop : stops_) {
    for (std::size_t n = std::min(stop.size() - 1, held_.size()); n > kept; --n) {
      if (std::string_view(held_).substr(held_.size() - n) == std::string_view(stop).substr(0, n)) {
        kept = n;
      }
    }
  }
  // A stop string may begin inside a code point only if it is not valid itself; still, only whole
  // ones are given out.
  std::size_t give = held_.size() - kept;
  while (give > 0 && give < held_.size() &&
         (static_cast<std::uint8_t>(held_[give]) & 0xc0) == 0x80) {
    --give;
  }
  std::string out = held_.substr(0, give);
  held_.erase(0, give);
  return out;
}

std::string StopMatcher::finish() {
  std::string out;
  std::swap(out, held_);
  return out;
}

}  // namespace residency::infer
