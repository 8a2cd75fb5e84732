// GGUF (version 3): reading with every bound checked, and writing.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/env.h"
#include "base/result.h"

namespace residency::model {

/// ggml's tensor types by their number in the file (ggml.h, enum ggml_type).
using TensorType = std::uint32_t;

using GgufArray = std::variant<std::vector<std::int64_t>, std::vector<double>,
                               std::vector<std::string>, std::vector<bool>>;
using GgufValue = std::variant<std::int64_t, std::uint64_t, double, bool, std::string, GgufArray>;

struct GgufTensor {
  std::string name;
  std::vector<std::int64_t> shape;  // ggml order: shape[0] is contiguous (the "in" dimension)
  TensorType type = 0;
  std::uint64_t offset = 0;  // from the start of the data section
  std::uint64_t bytes = 0;
};

/// A GGUF file, mapped read-only. Thread-safe.
class GgufFile {
 public:
  virtual ~GgufFile() = default;
  /// kCorrupt, naming the file and the field, where the file is cut short or inconsistent.
  static Result<std::unique_ptr<GgufFile>> open(const std::string& path);
  /// The same over bytes in memory; `name` is what errors call them.
  static Result<std::unique_ptr<GgufFile>> from_bytes(std::string bytes, std::string name);

  /// What errors call the file: its path.
  virtual const std::string& name() const = 0;

  virtual const std::map<std::string, GgufValue>& metadata() const = 0;
  virtual const std::vector<GgufTensor>& tensors() const = 0;
  virtual const GgufTensor* find(std::string_view name) const = 0;
  virtual std::span<const std::byte> data(const GgufTensor& tensor) const = 0;
  /// The bytes of a metadata value as they stand in the file, type number first; empty where the
  /// key is missing. For copying a header without changing a type.
  virtual std::span<const std::byte> encoded_value(std::string_view key) const = 0;

  /// The tensor's values as fp32, dequantised, row-major with shape reversed ([out, in]).
  /// kInvalidInput where the type is not one of numbers that ggml can dequantise.
  virtual Result<std::vector<float>> to_f32(const GgufTensor& tensor) const = 0;

  /// Typed metadata; kInvalidInput naming the key where missing or of another type.
  Result<std::string> text(std::string_view key) const;
  Result<std::int64_t> integer(std::string_view key) const;
  Result<double> number(std::string_view key) const;
};

/// The tensor to be written; `data` is in `type`'s own layout.
struct GgufTensorData {
  std::string name;
  std::vector<std::int64_t> shape;  // ggml order
  TensorType type = 0;
  std::string data;
};

/// The bytes of a GGUF file (alignment 32). Deterministic. Integers are written as u32/i32 where
/// they fit (u64/i64 otherwise), reals as f32 where exact, arrays of integers as i32 where they
/// fit. kInvalidArgument where a tensor's data is not what its shape and type take.
Result<std::string> write_gguf(const std::map<std::string, GgufValue>& metadata,
                               const std::vector<GgufTensorData>& tensors);

}  // namespace residency::model
