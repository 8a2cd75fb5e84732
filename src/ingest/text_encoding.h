// Text from bytes in a declared encoding.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace residency::ingest {

enum class TextEncoding : unsigned char { kUtf8, kLatin1, kWindows1252 };

/// The encoding a charset name means (RFC 2978 names, any case); nothing for one not supported.
std::optional<TextEncoding> encoding_named(std::string_view charset);

/// The offset of the first byte that is not valid UTF-8 (surrogates and overlong forms are not);
/// text.size() where all is.
std::size_t valid_utf8_bytes(std::string_view text);

/// UTF-8 without a byte order mark; nothing where `bytes` is not in `encoding` or holds a NUL
/// (then `bad_at` is the offset).
std::optional<std::string> decode_text(std::string_view bytes, TextEncoding encoding,
                                       std::size_t& bad_at);

/// Appends one code point as UTF-8; U+FFFD for what is none.
void append_utf8(std::string& text, char32_t code_point);

}  // namespace residency::ingest
