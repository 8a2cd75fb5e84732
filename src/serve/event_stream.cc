#include "serve/event_stream.h"

#include <array>

namespace residency::serve {
namespace {

constexpr std::size_t kPreludeBytes = 12;
constexpr std::size_t kFrameBytesMin = 16;
constexpr std::uint8_t kText = 7;
/// Bytes of a value by its type; text and bytes say their own length.
constexpr std::array<std::size_t, 10> kValueBytes{0, 0, 1, 2, 4, 8, 0, 0, 8, 16};

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1) != 0 ? value >> 1 ^ 0xedb88320u : value >> 1;
    }
    table[i] = value;
  }
  return table;
}

void put_u32(std::string& into, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) into += static_cast<char>(value >> shift & 255);
}

std::uint32_t get_u32(std::string_view from, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(from[at + i]);
  return value;
}

Result<std::vector<std::pair<std::string, std::string>>> read_headers(std::string_view bytes) {
  const auto cut = [] { return corrupt("event stream: a header is cut short"); };
  std::vector<std::pair<std::string, std::string>> headers;
  while (!bytes.empty()) {
    const auto name_bytes = static_cast<std::uint8_t>(bytes[0]);
    if (name_bytes == 0 || bytes.size() < 2u + name_bytes) return cut();
    std::string name(bytes.substr(1, name_bytes));
    const auto type = static_cast<std::uint8_t>(bytes[1u + name_bytes]);
    bytes.remove_prefix(2u + name_bytes);
    if (type >= kValueBytes.size()) return corrupt("event stream: a header of no known type");
    std::size_t value_bytes = kValueBytes[type];
    if (type == 6 || type == kText) {
      if (bytes.size() < 2) return cut();
      value_bytes = static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[0])) << 8 |
                    static_cast<std::uint8_t>(bytes[1]);
      bytes.remove_prefix(2);
    }
    if (bytes.size() < value_bytes) return cut();
    if (type == kText) headers.emplace_back(std::move(name), bytes.substr(0, value_bytes));
    bytes.remove_prefix(value_bytes);
  }
  return headers;
}

}  // namespace

std::uint32_t crc32_of(std::string_view bytes, std::uint32_t seed) {
  static constexpr auto kTable = crc_table();
  std::uint32_t crc = ~seed;
  for (const char c : bytes) crc = kTable[(crc ^ static_cast<std::uint8_t>(c)) & 255] ^ crc >> 8;
  return ~crc;
}

std::string encode_event_frame(const EventFrame& frame) {
  std::string headers;
  for (const auto& [name, value] : frame.headers) {
    constexpr std::size_t kNameBytesMax = 255;
    constexpr std::size_t kValueBytesMax = 32'767;
    const std::string_view cut_name = std::string_view(name).substr(0, kNameBytesMax);
    const std::string_view cut_value = std::string_view(value).substr(0, kValueBytesMax);
    headers += static_cast<char>(cut_name.size());
    headers += cut_name;
    headers += static_cast<char>(kText);
    headers += static_cast<char>(cut_value.size() >> 8);
    headers += static_cast<char>(cut_value.size() & 255);
    headers += cut_value;
  }
  std::string bytes;
  const std::size_t total = kFrameBytesMin + headers.size() + frame.payload.size();
  bytes.reserve(total);
  put_u32(bytes, static_cast<std::uint32_t>(total));
  put_u32(bytes, static_cast<std::uint32_t>(headers.size()));
  put_u32(bytes, crc32_of(bytes));
  bytes += headers;
  bytes += frame.payload;
  put_u32(bytes, crc32_of(bytes));
  return bytes;
}

Result<std::optional<EventFrame>> take_event_frame(std::string& bytes) {
  if (bytes.size() < kPreludeBytes) return std::optional<EventFrame>();
  const std::size_t total = get_u32(bytes, 0);
  const std::size_t header_bytes = get_u32(bytes, 4);
  if (crc32_of(std::string_view(bytes).substr(0, 8)) != get_u32(bytes, 8)) {
    return corrupt("event stream: the prelude's checksum does not match");
  }
  if (total < kFrameBytesMin || total > kEventFrameBytesMax ||
      header_bytes > total - kFrameBytesMin) {
    return corrupt("event stream: a length is out of bounds");
  }
  if (bytes.size() < total) return std::optional<EventFrame>();
  const std::string_view frame = std::string_view(bytes).substr(0, total);
  if (crc32_of(frame.substr(0, total - 4)) != get_u32(frame, total - 4)) {
    return corrupt("event stream: the message's checksum does not match");
  }
  EventFrame made;
  RESIDENCY_TRY(made.headers, read_headers(frame.substr(kPreludeBytes, header_bytes)));
  made.payload = frame.substr(kPreludeBytes + header_bytes, total - kFrameBytesMin - header_bytes);
  bytes.erase(0, total);
  return std::optional<EventFrame>(std::move(made));
}

std::string encode_event(std::string_view name, const Json& payload, bool exception) {
  EventFrame frame;
  frame.headers = {{":message-type", exception ? "exception" : "event"},
                   {exception ? ":exception-type" : ":event-type", std::string(name)},
                   {":content-type", "application/json"}};
  frame.payload = dump_json(payload);
  return encode_event_frame(frame);
}

}  // namespace residency::serve
