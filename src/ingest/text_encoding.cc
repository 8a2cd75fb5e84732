#include "ingest/text_encoding.h"

#include <array>

namespace residency::ingest {
namespace {

// Windows-1252 0x80 to 0x9f; 0 where undefined. Source: the WHATWG encoding standard's index,
// which agrees with Microsoft's code page but for the undefined ones.
constexpr std::array<char32_t, 32> kWindows1252High{
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// The length of the well-formed sequence at text[i] (Unicode 15, table 3-7), 0 where there is none.
std::size_t sequence_bytes(std::string_view text, std::size_t i) {
  const auto at = [&](std::size_t k) {
    return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u;
  };
  const auto tail = [&](std::size_t k) { return (at(k) & 0xc0u) == 0x80u; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    if (lead == 0xe0 && at(1) < 0xa0) return 0;
    if (lead == 0xed && at(1) > 0x9f) return 0;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (lead == 0xf0 && at(1) < 0x90) return 0;
    if (lead == 0xf4 && at(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

std::optional<TextEncoding> encoding_named(std::string_view charset) {
  const std::string name = lower(charset);
  if (name.empty() || name == "utf-8" || name == "utf8" || name == "us-ascii" || name == "ascii") {
    return TextEncoding::kUtf8;
  }
  if (name == "iso-8859-1" || name == "latin1" || name == "latin-1") return TextEncoding::kLatin1;
  if (name == "windows-1252" || name == "cp1252") return TextEncoding::kWindows1252;
  return std::nullopt;
}

std::size_t valid_utf8_bytes(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t length = sequence_bytes(text, i);
    if (length == 0) return i;
    i += length;
  }
  return i;
}

void append_utf8(std::string& text, char32_t code_point) {
  if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff)) code_point = 0xfffd;
  const auto put = [&](char32_t byte) {
    text.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
  };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
    put(0x80 | (code_point & 63));
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 63));
    put(0x80 | (code_point & 63));
  } else {
    put(0xf0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 63));
    put(0x80 | (code_point >> 6 & 63));
    put(0x80 | (code_point & 63));
  }
}

std::optional<std::string> decode_text(std::string_view bytes, TextEncoding encoding,
                                       std::size_t& bad_at) {
  bad_at = bytes.find('\0');
  if (bad_at != std::string_view::npos) return std::nullopt;
  if (encoding == TextEncoding::kUtf8) {
    bad_at = valid_utf8_bytes(bytes);
    if (bad_at != bytes.size()) return std::nullopt;
    if (bytes.substr(0, 3) == "\xef\xbb\xbf") bytes.remove_prefix(3);
    return std::string(bytes);
  }
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    char32_t code_point = byte;
    if (encoding == TextEncoding::kWindows1252 && byte >= 0x80 && byte <= 0x9f) {
      code_point = kWindows1252High[byte - 0x80];
      if (code_point == 0) {
        bad_at = i;
        return std::nullopt;
      }
    }
    append_utf8(text, code_point);
  }
  return text;
}

}  // namespace residency::ingest
