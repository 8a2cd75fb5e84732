#include "model/gguf_writer.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <limits>

#include "model/gguf_index.h"

namespace residency::model {
namespace {

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

void put_type(std::string& out, GgufType type) { put(out, static_cast<std::uint32_t>(type)); }

void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint64_t>(text.size()));
  out.append(text);
}

bool exact_float(double value) {
  return !(static_cast<double>(static_cast<float>(value)) != value) || value != value;
}

bool fits_int32(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

struct ArrayEncoder {
  std::string& out;

  void head(GgufType type, std::size_t length) const {
    put_type(out, GgufType::kArray);
    put_type(out, type);
    put(out, static_cast<std::uint64_t>(length));
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    const bool narrow = std::all_of(values.begin(), values.end(), fits_int32);
    head(narrow ? GgufType::kInt32 : GgufType::kInt64, values.size());
    for (const auto value : values) {
      if (narrow) {
        put(out, static_cast<std::int32_t>(value));
      } else {
        put(out, value);
      }
    }
  }
  void operator()(const std::vector<double>& values) const {
    const bool narrow = std::all_of(values.begin(), values.end(), exact_float);
    head(narrow ? GgufType::kFloat32 : GgufType::kFloat64, values.size());
    for (const auto value : values) {
      if (narrow) {
        put(out, static_cast<float>(value));
      } else {
        put(out, value);
      }
    }
  }
  void operator()(const std::vector<std::string>& values) const {
    head(GgufType::kString, values.size());
    for (const auto& value : values) put_text(out, value);
  }
  void operator()(const std::vector<bool>& values) const {
    head(GgufType::kBool, values.size());
    for (const bool value : values) put(out, static_cast<std::uint8_t>(value));
  }
};

struct ValueEncoder {
  std::string& out;

  void operator()(std::int64_t value) const {
    if (fits_int32(value)) {
      put_type(out, GgufType::kInt32);
      put(out, static_cast<std::int32_t>(value));
    } else {
      put_type(out, GgufType::kInt64);
      put(out, value);
    }
  }
  void operator()(std::uint64_t value) const {
    if (value <= std::numeric_limits<std::uint32_t>::max()) {
      put_type(out, GgufType::kUint32);
      put(out, static_cast<std::uint32_t>(value));
    } else {
      put_type(out, GgufType::kUint64);
      put(out, value);
    }
  }
  void operator()(double value) const {
    if (exact_float(value)) {
      put_type(out, GgufType::kFloat32);
      put(out, static_cast<float>(value));
    } else {
      put_type(out, GgufType::kFloat64);
      put(out, value);
    }
  }
  void operator()(bool value) const {
    put_type(out, GgufType::kBool);
    put(out, static_cast<std::uint8_t>(value));
  }
  void operator()(const std::string& value) const {
    put_type(out, GgufType::kString);
    put_text(out, value);
  }
  void operator()(const GgufArray& value) const { std::visit(ArrayEncoder{out}, value); }
};

std::size_t padding(std::uint64_t bytes) {
  return static_cast<std::size_t>((kGgufDefaultAlignment - bytes % kGgufDefaultAlignment) %
                                  kGgufDefaultAlignment);
}

/// Collects what is written, for write_gguf.
class StringFile final : public WritableFile {
 public:
  Result<void> append(std::string_view bytes) override {
    bytes_.append(bytes);
    return {};
  }
  Result<void> sync() override { return {}; }
  Result<void> close() override { return {}; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace

std::string encode_gguf_value(const GgufValue& value) {
  std::string out;
  std::visit(ValueEncoder{out}, value);
  return out;
}

Result<GgufWriter> GgufWriter::begin(
    WritableFile& file, const std::vector<std::pair<std::string, std::string>>& metadata,
    std::vector<GgufTensorShape> tensors) {
  std::string head = "GGUF";
  put(head, std::uint32_t{3});
  put(head, static_cast<std::uint64_t>(tensors.size()));
  put(head, static_cast<std::uint64_t>(metadata.size()));
  for (const auto& [key, value] : metadata) {
    if (key.empty() || key == kGgufAlignmentKey) {
      return invalid_argument(fmt::format("GGUF metadata key may not be written: '{}'", key));
    }
    put_text(head, key);
    head.append(value);
  }
  std::uint64_t offset = 0;
  for (const auto& tensor : tensors) {
    auto bytes = tensor_bytes(tensor.shape, tensor.type);
    if (!bytes.ok() || tensor.name.empty() || tensor.name.size() > kGgufTensorNameBytesMax ||
        tensor.shape.size() > kGgufDimensionsMax) {
      return invalid_argument(
          fmt::format("tensor's name, shape or type cannot be written: {}", tensor.name));
    }
    put_text(head, tensor.name);
    put(head, static_cast<std::uint32_t>(tensor.shape.size()));
    for (const auto size : tensor.shape) put(head, size);
    put(head, tensor.type);
    put(head, offset);
    offset += *bytes + padding(*bytes);
  }
  head.append(padding(head.size()), '\0');
  RESIDENCY_TRY_VOID(file.append(head));
  return GgufWriter(file, std::move(tensors));
}

Result<void> GgufWriter::append_tensor(std::string_view data) {
  if (next_ == tensors_.size()) return invalid_argument("GGUF header has no further tensor");
  const auto& tensor = tensors_[next_];
  RESIDENCY_TRY(const auto bytes, tensor_bytes(tensor.shape, tensor.type));
  if (data.size() != bytes) {
    return invalid_argument(fmt::format("tensor data is {} bytes, its shape and type take {}: {}",
                                        data.size(), bytes, tensor.name));
  }
  ++next_;
  RESIDENCY_TRY_VOID(file_->append(data));
  return file_->append(std::string(padding(bytes), '\0'));
}

Result<void> GgufWriter::finish() const {
  if (next_ == tensors_.size()) return {};
  return invalid_argument(
      fmt::format("GGUF tensors were not all written: {} of {}", next_, tensors_.size()));
}

Result<std::string> write_gguf(const std::map<std::string, GgufValue>& metadata,
                               const std::vector<GgufTensorData>& tensors) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(metadata.size());
  for (const auto& [key, value] : metadata) encoded.emplace_back(key, encode_gguf_value(value));
  std::vector<GgufTensorShape> shapes;
  shapes.reserve(tensors.size());
  for (const auto& tensor : tensors) shapes.push_back({tensor.name, tensor.shape, tensor.type});
  StringFile file;
  RESIDENCY_TRY(auto writer, GgufWriter::begin(file, encoded, std::move(shapes)));
  for (const auto& tensor : tensors) RESIDENCY_TRY_VOID(writer.append_tensor(tensor.data));
  RESIDENCY_TRY_VOID(writer.finish());
  return file.take();
}

}  // namespace residency::model
