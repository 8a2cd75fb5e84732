// GgufIndex: what a GGUF file's header says, parsed with every bound checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/gguf.h"

namespace residency::model {

/// Value types of GGUF metadata, by their number in the file.
enum class GgufType : std::uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

inline constexpr std::size_t kGgufDefaultAlignment = 32;
inline constexpr std::string_view kGgufAlignmentKey = "general.alignment";

/// Bounds on what a header may hold; llama.cpp's own limits where it has them.
inline constexpr std::uint64_t kGgufKeysMax = 1u << 16;
inline constexpr std::uint64_t kGgufTensorsMax = 1u << 20;
inline constexpr std::uint64_t kGgufKeyBytesMax = 1u << 16;
inline constexpr std::uint64_t kGgufStringBytesMax = 64u << 20;
inline constexpr std::uint64_t kGgufArrayLengthMax = 1u << 26;
inline constexpr std::size_t kGgufTensorNameBytesMax = 63;
inline constexpr std::uint32_t kGgufDimensionsMax = 4;

/// Where one value's bytes (type number first) lie in the file.
struct GgufRange {
  std::size_t offset = 0;
  std::size_t length = 0;
};

struct GgufIndex {
  std::map<std::string, GgufValue> metadata;
  std::map<std::string, GgufRange> ranges;  // one per key of `metadata`
  std::vector<GgufTensor> tensors;
  std::size_t data_start = 0;  // of the data section, from the start of the file
  std::size_t alignment = kGgufDefaultAlignment;
};

/// Parses a whole file's bytes. kCorrupt, naming `name` and the field, where anything in it is cut
/// short, out of bounds or inconsistent.
Result<GgufIndex> parse_gguf(std::span<const std::byte> bytes, const std::string& name);

/// The bytes that a tensor of `shape` and `type` takes; kCorrupt where the type is unknown, the
/// product overflows or a row is not whole blocks.
Result<std::uint64_t> tensor_bytes(const std::vector<std::int64_t>& shape, TensorType type);

}  // namespace residency::model
