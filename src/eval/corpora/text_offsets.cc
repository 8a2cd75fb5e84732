#include "eval/corpora/text_offsets.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace residency::eval::corpora {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Bytes of the UTF-8 character at the start of `text`; 1 where it is none.
std::size_t character_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (length > text.size() || lead >= 0xF8) return 1;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 1;
  }
  return length;
}

}  // namespace

TextOffsets::TextOffsets(std::string_view text, OffsetUnit unit) : size_(text.size()) {
  if (std::all_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    return;
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_bytes(text.substr(at));
    starts_.push_back(at);
    if (unit == OffsetUnit::kUtf16 && length == 4) starts_.push_back(kInside);
    at += length;
  }
  size_ = starts_.size();
  starts_.push_back(text.size());
}

std::optional<std::size_t> TextOffsets::byte_at(std::uint64_t offset) const {
  if (offset > size_) return std::nullopt;
  if (starts_.empty()) return static_cast<std::size_t>(offset);
  const std::size_t byte = starts_[static_cast<std::size_t>(offset)];
  return byte == kInside ? std::nullopt : std::optional(byte);
}

std::optional<ByteRange> TextOffsets::range(std::uint64_t begin, std::uint64_t end) const {
  const auto from = byte_at(begin);
  const auto to = byte_at(end);
  if (!from || !to || *from >= *to) return std::nullopt;
  return ByteRange{*from, *to};
}

bool same_words(std::string_view a, std::string_view b, bool any_case) {
  const auto skip = [](std::string_view text, std::size_t at) {
    while (at < text.size() && is_space(text[at])) ++at;
    return at;
  };
  std::size_t i = skip(a, 0);
  std::size_t j = skip(b, 0);
  while (i < a.size() && j < b.size()) {
    if (a[i] != b[j] && !(any_case && lower(a[i]) == lower(b[j]))) return false;
    i = skip(a, i + 1);
    j = skip(b, j + 1);
  }
  return i == a.size() && j == b.size();
}

std::string covered_text(std::string_view text, const std::vector<ByteRange>& parts) {
  std::string covered;
  for (const ByteRange& part : parts) {
    if (!covered.empty()) covered.push_back(' ');
    covered.append(text.substr(part.begin, part.end - part.begin));
  }
  return covered;
}

bool order_parts(std::vector<ByteRange>& parts) {
  std::sort(parts.begin(), parts.end());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].begin < parts[i - 1].end) return false;
  }
  return !parts.empty();
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  return number;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const auto at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

std::optional<std::vector<std::pair<std::uint64_t, std::uint64_t>>> parse_ranges(
    std::string_view text, char between) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const std::string_view piece : split(text, ';')) {
    const auto ends = split(piece, between);
    if (ends.size() != 2) return std::nullopt;
    const auto begin = parse_number(ends[0]);
    const auto end = parse_number(ends[1]);
    if (!begin || !end) return std::nullopt;
    ranges.emplace_back(*begin, *end);
  }
  return ranges;
}

}  // namespace residency::eval::corpora
