#include "model/gguf_index.h"

#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <ggml.h>
#include <limits>
#include <set>
#include <utility>

namespace residency::model {
namespace {

/// Bytes of one scalar of `type`; 0 for strings, arrays and unknown types.
std::size_t scalar_bytes(GgufType type) {
  switch (type) {
    case GgufType::kUint8:
    case GgufType::kInt8:
    case GgufType::kBool:
      return 1;
    case GgufType::kUint16:
    case GgufType::kInt16:
      return 2;
    case GgufType::kUint32:
    case GgufType::kInt32:
    case GgufType::kFloat32:
      return 4;
    case GgufType::kUint64:
    case GgufType::kInt64:
    case GgufType::kFloat64:
      return 8;
    default:
      return 0;
  }
}

bool is_integer(GgufType type) {
  return scalar_bytes(type) != 0 && type != GgufType::kBool && type != GgufType::kFloat32 &&
         type != GgufType::kFloat64;
}

bool is_unsigned(GgufType type) {
  return type == GgufType::kUint8 || type == GgufType::kUint16 || type == GgufType::kUint32 ||
         type == GgufType::kUint64;
}

/// A cursor over the file. Every read names its field, so that an error says what was cut.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

  Error broken(std::string_view field, std::string_view what) const {
    return corrupt(fmt::format("GGUF {} at byte {}: field {}: {}", what, at_, field, name_));
  }

  template <class T>
  Result<T> scalar(std::string_view field) {
    if (left() < sizeof(T)) return broken(field, "file ends too early");
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  Result<std::string> text(std::string_view field, std::uint64_t bytes_max) {
    RESIDENCY_TRY(const auto length, scalar<std::uint64_t>(field));
    if (length > bytes_max) return broken(field, "string is too long");
    if (length > left()) return broken(field, "file ends inside a string");
    std::string value(reinterpret_cast<const char*>(bytes_.data() + at_),
                      static_cast<std::size_t>(length));
    at_ += static_cast<std::size_t>(length);
    return value;
  }

  /// A scalar of any integer type, widened; unsigned values keep their bit pattern.
  Result<std::uint64_t> integer(GgufType type, std::string_view field) {
    switch (type) {
      case GgufType::kUint8:
        return widened<std::uint8_t>(field);
      case GgufType::kInt8:
        return widened<std::int8_t>(field);
      case GgufType::kUint16:
        return widened<std::uint16_t>(field);
      case GgufType::kInt16:
        return widened<std::int16_t>(field);
      case GgufType::kUint32:
        return widened<std::uint32_t>(field);
      case GgufType::kInt32:
        return widened<std::int32_t>(field);
      default:
        return widened<std::int64_t>(field);
    }
  }

  Result<double> real(GgufType type, std::string_view field) {
    if (type == GgufType::kFloat64) return scalar<double>(field);
    RESIDENCY_TRY(const auto value, scalar<float>(field));
    return static_cast<double>(value);
  }

  Result<bool> flag(std::string_view field) {
    RESIDENCY_TRY(const auto value, scalar<std::uint8_t>(field));
    if (value > 1) return broken(field, "bool is neither 0 nor 1");
    return value == 1;
  }

 private:
  template <class T>
  Result<std::uint64_t> widened(std::string_view field) {
    RESIDENCY_TRY(const auto value, scalar<T>(field));
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  }

  std::span<const std::byte> bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
};

Result<GgufValue> read_array(Cursor& cursor, const std::string& key) {
  RESIDENCY_TRY(const auto type_number, cursor.scalar<std::uint32_t>(key));
  const auto type = static_cast<GgufType>(type_number);
  RESIDENCY_TRY(const auto length, cursor.scalar<std::uint64_t>(key));
  const std::size_t element = type == GgufType::kString ? 8 : scalar_bytes(type);
  if (element == 0) return cursor.broken(key, "array of an unknown type or of arrays");
  if (length > kGgufArrayLengthMax) return cursor.broken(key, "array is too long");
  if (length > cursor.left() / element) return cursor.broken(key, "file ends inside an array");
  const auto count = static_cast<std::size_t>(length);
  if (type == GgufType::kString) {
    std::vector<std::string> values;
    values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      RESIDENCY_TRY(auto value, cursor.text(key, kGgufStringBytesMax));
      values.push_back(std::move(value));
    }
    return GgufValue(GgufArray(std::move(values)));
  }
  if (type == GgufType::kBool) {
    std::vector<bool> values;
    values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      RESIDENCY_TRY(const bool value, cursor.flag(key));
      values.push_back(value);
    }
    return GgufValue(GgufArray(std::move(values)));
  }
  if (is_integer(type)) {
    std::vector<std::int64_t> values;
    values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      RESIDENCY_TRY(const auto value, cursor.integer(type, key));
      if (type == GgufType::kUint64 && value > std::numeric_limits<std::int64_t>::max()) {
        return cursor.broken(key, "array element is past 2^63");
      }
      values.push_back(static_cast<std::int64_t>(value));
    }
    return GgufValue(GgufArray(std::move(values)));
  }
  std::vector<double> values;
  values.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    RESIDENCY_TRY(const double value, cursor.real(type, key));
    values.push_back(value);
  }
  return GgufValue(GgufArray(std::move(values)));
}

Result<GgufValue> read_value(Cursor& cursor, const std::string& key) {
  RESIDENCY_TRY(const auto type_number, cursor.scalar<std::uint32_t>(key));
  const auto type = static_cast<GgufType>(type_number);
  if (type == GgufType::kString) {
    RESIDENCY_TRY(auto value, cursor.text(key, kGgufStringBytesMax));
    return GgufValue(std::move(value));
  }
  if (type == GgufType::kArray) return read_array(cursor, key);
  if (type == GgufType::kBool) {
    RESIDENCY_TRY(const bool value, cursor.flag(key));
    return GgufValue(value);
  }
  if (is_integer(type)) {
    RESIDENCY_TRY(const auto value, cursor.integer(type, key));
    if (is_unsigned(type)) return GgufValue(value);
    return GgufValue(static_cast<std::int64_t>(value));
  }
  if (scalar_bytes(type) == 0) return cursor.broken(key, "value has an unknown type");
  RESIDENCY_TRY(const double value, cursor.real(type, key));
  return GgufValue(value);
}

Result<GgufTensor> read_tensor(Cursor& cursor) {
  GgufTensor tensor;
  RESIDENCY_TRY(tensor.name, cursor.text("tensor name", kGgufTensorNameBytesMax));
  if (tensor.name.empty()) return cursor.broken("tensor name", "name is empty");
  RESIDENCY_TRY(const auto dimensions, cursor.scalar<std::uint32_t>(tensor.name));
  if (dimensions == 0 || dimensions > kGgufDimensionsMax) {
    return cursor.broken(tensor.name, "number of dimensions is not 1 to 4");
  }
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    RESIDENCY_TRY(const auto size, cursor.scalar<std::int64_t>(tensor.name));
    if (size <= 0) return cursor.broken(tensor.name, "dimension is not positive");
    tensor.shape.push_back(size);
  }
  RESIDENCY_TRY(tensor.type, cursor.scalar<std::uint32_t>(tensor.name));
  RESIDENCY_TRY(tensor.offset, cursor.scalar<std::uint64_t>(tensor.name));
  auto bytes = tensor_bytes(tensor.shape, tensor.type);
  if (!bytes.ok()) return cursor.broken(tensor.name, bytes.error().message());
  tensor.bytes = *bytes;
  return tensor;
}

Result<void> read_metadata(Cursor& cursor, std::uint64_t count, GgufIndex& index) {
  for (std::uint64_t i = 0; i < count; ++i) {
    RESIDENCY_TRY(const auto key, cursor.text("metadata key", kGgufKeyBytesMax));
    if (key.empty()) return cursor.broken("metadata key", "key is empty");
    if (index.metadata.contains(key)) return cursor.broken(key, "key stands twice");
    const std::size_t start = cursor.at();
    RESIDENCY_TRY(auto value, read_value(cursor, key));
    index.metadata.emplace(key, std::move(value));
    index.ranges.emplace(key, GgufRange{start, cursor.at() - start});
  }
  const auto found = index.metadata.find(std::string(kGgufAlignmentKey));
  if (found == index.metadata.end()) return {};
  const auto* alignment = std::get_if<std::uint64_t>(&found->second);
  if (alignment == nullptr || !std::has_single_bit(*alignment) || *alignment > (1u << 20)) {
    return cursor.broken(kGgufAlignmentKey, "alignment is not a small power of two");
  }
  index.alignment = static_cast<std::size_t>(*alignment);
  return {};
}

/// Tensors must lie one after the other, each padded to the alignment, inside the file: the layout
/// that ggml itself insists on.
Result<void> place_tensors(const Cursor& cursor, std::size_t file_bytes, GgufIndex& index) {
  const std::size_t mask = index.alignment - 1;
  const std::size_t start = (cursor.at() + mask) & ~mask;
  index.data_start = start;
  if (index.tensors.empty()) return {};
  if (start > file_bytes) return cursor.broken("tensor data", "file ends too early");
  const std::uint64_t room = file_bytes - start;
  std::uint64_t expected = 0;
  for (const auto& tensor : index.tensors) {
    if (tensor.offset != expected) {
      return cursor.broken(
          tensor.name, fmt::format("tensor offset is {}, expected {}", tensor.offset, expected));
    }
    if (tensor.offset > room || tensor.bytes > room - tensor.offset) {
      return cursor.broken(tensor.name, "tensor data ends beyond the file");
    }
    expected = (tensor.offset + tensor.bytes + mask) & ~static_cast<std::uint64_t>(mask);
  }
  return {};
}

}  // namespace

Result<std::uint64_t> tensor_bytes(const std::vector<std::int64_t>& shape, TensorType type) {
  if (type >= GGML_TYPE_COUNT) return corrupt("tensor type is unknown");
  const auto ggml = static_cast<ggml_type>(type);
  const std::int64_t block = ggml_blck_size(ggml);
  const std::uint64_t block_bytes = ggml_type_size(ggml);
  if (block <= 0 || block_bytes == 0) return corrupt("tensor type is no longer supported");
  if (shape.empty() || shape[0] % block != 0) return corrupt("tensor row is not whole blocks");
  // Half of the range, so that ggml's own arithmetic on elements and bytes cannot overflow either.
  constexpr std::uint64_t kBytesMax = 1ull << 46;
  std::uint64_t elements = 1;
  for (const std::int64_t size : shape) {
    if (size <= 0 || static_cast<std::uint64_t>(size) > kBytesMax / elements) {
      return corrupt("tensor is too large");
    }
    elements *= static_cast<std::uint64_t>(size);
  }
  const std::uint64_t blocks = elements / static_cast<std::uint64_t>(block);
  if (blocks > kBytesMax / block_bytes) return corrupt("tensor is too large");
  return blocks * block_bytes;
}

Result<GgufIndex> parse_gguf(std::span<const std::byte> bytes, const std::string& name) {
  static_assert(std::endian::native == std::endian::little, "GGUF is read as little-endian");
  Cursor cursor(bytes, name);
  RESIDENCY_TRY(const auto magic, cursor.scalar<std::uint32_t>("magic"));
  if (magic != 0x46554747u) return cursor.broken("magic", "file does not begin with 'GGUF'");
  RESIDENCY_TRY(const auto version, cursor.scalar<std::uint32_t>("version"));
  if (version != 2 && version != 3) {
    return cursor.broken("version", fmt::format("version is not 2 or 3 but {}", version));
  }
  RESIDENCY_TRY(const auto tensor_count, cursor.scalar<std::uint64_t>("tensor count"));
  RESIDENCY_TRY(const auto key_count, cursor.scalar<std::uint64_t>("metadata count"));
  if (tensor_count > kGgufTensorsMax) return cursor.broken("tensor count", "too many tensors");
  if (key_count > kGgufKeysMax) return cursor.broken("metadata count", "too many keys");

  GgufIndex index;
  RESIDENCY_TRY_VOID(read_metadata(cursor, key_count, index));
  std::set<std::string, std::less<>> names;
  for (std::uint64_t i = 0; i < tensor_count; ++i) {
    RESIDENCY_TRY(auto tensor, read_tensor(cursor));
    if (!names.insert(tensor.name).second) return cursor.broken(tensor.name, "name stands twice");
    index.tensors.push_back(std::move(tensor));
  }
  RESIDENCY_TRY_VOID(place_tensors(cursor, bytes.size(), index));
  return index;
}

}  // namespace residency::model
