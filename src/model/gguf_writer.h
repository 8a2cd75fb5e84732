// GgufWriter: writes a GGUF file tensor by tensor, so that no more than one is in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "model/gguf.h"

namespace residency::model {

/// A tensor's place in the header; offsets follow from the order.
struct GgufTensorShape {
  std::string name;
  std::vector<std::int64_t> shape;  // ggml order
  TensorType type = 0;
};

/// A metadata value in the file's own form, type number first. Types as write_gguf documents.
std::string encode_gguf_value(const GgufValue& value);

/// Writes the header at once, then each tensor's data in the order given, padded to 32 bytes.
/// Not thread-safe.
class GgufWriter {
 public:
  /// `metadata` holds each key with its encoded value, in the order to be written.
  /// general.alignment may not be among them. The file stays the caller's, who closes it.
  static Result<GgufWriter> begin(WritableFile& file,
                                  const std::vector<std::pair<std::string, std::string>>& metadata,
                                  std::vector<GgufTensorShape> tensors);

  /// The next tensor's data; kInvalidArgument where its length is not what the header says.
  Result<void> append_tensor(std::string_view data);
  /// kInvalidArgument where tensors are missing.
  Result<void> finish() const;

 private:
  GgufWriter(WritableFile& file, std::vector<GgufTensorShape> tensors)
      : file_(&file), tensors_(std::move(tensors)) {}
  WritableFile* file_;
  std::vector<GgufTensorShape> tensors_;
  std::size_t next_ = 0;
};

}  // namespace residency::model
