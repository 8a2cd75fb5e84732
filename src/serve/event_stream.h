// Event streams: frames of application/vnd.amazon.eventstream, with their checksums.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace residency::serve {

/// IEEE 802.3's, as zlib has it.
std::uint32_t crc32_of(std::string_view bytes, std::uint32_t seed = 0);

struct EventFrame {
  std::vector<std::pair<std::string, std::string>> headers;  // text values; names of 1 to 255 bytes
  std::string payload;
};

inline constexpr std::size_t kEventFrameBytesMax = 16u << 20;

std::string encode_event_frame(const EventFrame& frame);

/// The frame at the front of `bytes`, which is cut off; none where it is not whole yet.
/// kCorrupt where a length or a checksum does not hold. Headers that are not text are left out.
Result<std::optional<EventFrame>> take_event_frame(std::string& bytes);

/// An event (":event-type" `name`) or, with `exception`, an exception, with a JSON payload.
std::string encode_event(std::string_view name, const Json& payload, bool exception = false);

}  // namespace residency::serve
