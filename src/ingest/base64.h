// Base64 (RFC 4648 section 4) as FHIR attachments carry it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace residency::ingest {

/// The bytes, or nothing where `text` is not base64. White space between characters is skipped
/// (senders wrap lines); padding must be right and nothing may follow it; the unused bits of the
/// last character must be zero.
std::optional<std::string> decode_base64(std::string_view text);

std::string encode_base64(std::string_view bytes);

}  // namespace residency::ingest
