#include "train/tracking/tensorboard_events.h"

#include <array>
#include <bit>

namespace residency::train {
namespace {

// Protocol buffers: a field is its number and wire type in a varint, then the value.
constexpr unsigned kVarint = 0, kDouble = 1, kBytes = 2, kFloat = 5;

void put_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

template <class Bits>
void put_fixed(std::string& to, Bits bits) {
  for (std::size_t i = 0; i < sizeof(Bits); ++i) to += static_cast<char>(bits >> (8 * i));
}

void put_key(std::string& to, unsigned field, unsigned wire) { put_varint(to, field << 3 | wire); }

void put_bytes(std::string& to, unsigned field, std::string_view bytes) {
  put_key(to, field, kBytes);
  put_varint(to, bytes.size());
  to += bytes;
}

/// Event { double wall_time = 1; int64 step = 2; ... }
std::string event(double unix_s, std::int64_t step) {
  std::string bytes;
  put_key(bytes, 1, kDouble);
  put_fixed(bytes, std::bit_cast<std::uint64_t>(unix_s));
  put_key(bytes, 2, kVarint);
  put_varint(bytes, static_cast<std::uint64_t>(step));
  return bytes;
}

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}

/// A CRC as TFRecord stores it: turned by 15 bits and moved by a constant, since the data may
/// itself hold CRCs.
std::uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8u;
}

std::string record(std::string_view data) {
  std::string length;
  put_fixed(length, static_cast<std::uint64_t>(data.size()));
  std::string bytes = length;
  put_fixed(bytes, masked_crc(length));
  bytes += data;
  put_fixed(bytes, masked_crc(data));
  return bytes;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = crc_table();
  std::uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  }
  return ~crc;
}

std::string tensorboard_header(double unix_s) {
  std::string bytes = event(unix_s, 0);
  put_bytes(bytes, 3, "brain.Event:2");  // file_version
  return record(bytes);
}

std::string tensorboard_scalars(double unix_s, std::int64_t step,
                                const std::vector<std::pair<std::string_view, double>>& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars) {
    std::string entry;  // Summary.Value { string tag = 1; float simple_value = 2; }
    put_bytes(entry, 1, tag);
    put_key(entry, 2, kFloat);
    put_fixed(entry, std::bit_cast<std::uint32_t>(static_cast<float>(value)));
    put_bytes(summary, 1, entry);
  }
  std::string bytes = event(unix_s, step);
  put_bytes(bytes, 5, summary);
  return record(bytes);
}

}  // namespace residency::train
