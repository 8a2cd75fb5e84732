// Safetensors: reading with every bound checked, and writing.
// Format: https://github.com/huggingface/safetensors#format
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"

namespace residency::model {

struct SafetensorsEntry {
  std::string dtype;                // "F32", "BF16"...
  std::vector<std::int64_t> shape;  // row-major order: the last dimension is contiguous
  std::uint64_t offset = 0;         // from the start of the data
  std::uint64_t bytes = 0;
};

/// A file, in memory or read tensor by tensor. Thread-safe once parsed.
class SafetensorsFile {
 public:
  /// kCorrupt, naming `name` and the tensor, where the header is not valid, or a tensor's range is
  /// not its shape's size, overlaps another, leaves a gap or ends beyond the file.
  static Result<SafetensorsFile> parse(std::string bytes, std::string name);

  /// The same over a file of which the header alone is held.
  static Result<SafetensorsFile> open(std::unique_ptr<RandomAccessFile> file, std::string name);

  const std::map<std::string, SafetensorsEntry>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::string& name() const { return name_; }

  /// The tensor's values as fp32, row-major. kNotFound where there is none; kInvalidInput where it
  /// is not F32, F16, BF16 or F64.
  Result<std::vector<float>> to_f32(const std::string& tensor) const;
  /// Its bytes as they stand in the file.
  Result<std::string> raw(const std::string& tensor) const;

 private:
  SafetensorsFile() = default;
  Result<void> read_header(std::string_view text, std::uint64_t data_bytes);

  std::string bytes_;
  std::unique_ptr<RandomAccessFile> file_;
  std::string name_;
  std::size_t data_start_ = 0;
  std::map<std::string, SafetensorsEntry> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// An F32 tensor to be written.
struct SafetensorsTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// The bytes of a file, tensors by name. kInvalidArgument where values are not as many as the shape
/// says. Deterministic.
Result<std::string> write_safetensors(const std::map<std::string, SafetensorsTensor>& tensors,
                                      const std::map<std::string, std::string>& metadata);

}  // namespace residency::model
