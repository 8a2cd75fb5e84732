#include "model/safetensors.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <ggml.h>
#include <utility>

#include "base/json.h"

namespace residency::model {
namespace {

constexpr std::uint64_t kHeaderBytesMax = 100u << 20;  // the format's own limit
constexpr std::size_t kTensorsMax = 1u << 20;
constexpr std::size_t kDimensionsMax = 8;
constexpr std::uint64_t kTensorBytesMax = 1ull << 46;

std::uint64_t element_bytes(std::string_view dtype) {
  static constexpr std::pair<std::string_view, std::uint64_t> kTypes[] = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
      {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
      {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};
  for (const auto& [name, bytes] : kTypes) {
    if (name == dtype) return bytes;
  }
  return 0;
}

Error broken(const std::string& file, std::string_view tensor, std::string_view what) {
  return corrupt(fmt::format("safetensors {}: tensor {}: {}", what, tensor, file));
}

Result<SafetensorsEntry> read_entry(const std::string& file, const std::string& name,
                                    const Json& value, std::uint64_t data_bytes) {
  SafetensorsEntry entry;
  entry.dtype = json_text(value, "dtype");
  const auto element = element_bytes(entry.dtype);
  if (element == 0) return broken(file, name, "dtype is unknown");
  const Json& shape = json_member(value, "shape");
  const Json& range = json_member(value, "data_offsets");
  if (!shape.is_array() || shape.size() > kDimensionsMax) {
    return broken(file, name, "shape is not a short list");
  }
  std::uint64_t bytes = element;
  for (const auto& size : shape) {
    if (!size.is_number_unsigned()) return broken(file, name, "dimension is not a whole number");
    const auto n = size.get<std::uint64_t>();
    if (n > kTensorBytesMax || (n != 0 && bytes > kTensorBytesMax / n)) {
      return broken(file, name, "tensor is too large");
    }
    bytes *= n;
    entry.shape.push_back(static_cast<std::int64_t>(n));
  }
  if (!range.is_array() || range.size() != 2 || !range[0].is_number_unsigned() ||
      !range[1].is_number_unsigned()) {
    return broken(file, name, "data_offsets is not a pair of whole numbers");
  }
  entry.offset = range[0].get<std::uint64_t>();
  const auto end = range[1].get<std::uint64_t>();
  if (end < entry.offset || end > data_bytes) {
    return broken(file, name, "data ends beyond the file");
  }
  entry.bytes = end - entry.offset;
  if (entry.bytes != bytes) return broken(file, name, "data is not as long as the shape says");
  return entry;
}

/// The ranges must cover the data without gap or overlap.
Result<void> check_cover(const std::string& file,
                         const std::map<std::string, SafetensorsEntry>& tensors,
                         std::uint64_t data_bytes) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  ranges.reserve(tensors.size());
  for (const auto& [name, entry] : tensors) ranges.emplace_back(entry.offset, entry.bytes);
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t expected = 0;
  for (const auto& [offset, bytes] : ranges) {
    if (offset != expected) return broken(file, "-", "data has a gap or an overlap");
    expected += bytes;
  }
  if (expected != data_bytes) return broken(file, "-", "data is longer than its tensors");
  return {};
}

}  // namespace

Result<void> SafetensorsFile::read_header(std::string_view text, std::uint64_t data_bytes) {
  auto header = parse_json(text);
  if (!header.ok() || !header->is_object() || header->size() > kTensorsMax) {
    return broken(name_, "-", "header is not a JSON object");
  }
  for (const auto& [key, value] : header->items()) {
    if (key == "__metadata__") {
      if (!value.is_object()) return broken(name_, key, "metadata is not an object");
      for (const auto& [field, words] : value.items()) {
        if (!words.is_string()) return broken(name_, key, "metadata value is not a string");
        metadata_[field] = words.get<std::string>();
      }
      continue;
    }
    RESIDENCY_TRY(tensors_[key], read_entry(name_, key, value, data_bytes));
  }
  return check_cover(name_, tensors_, data_bytes);
}

Result<SafetensorsFile> SafetensorsFile::parse(std::string bytes, std::string name) {
  std::uint64_t header_bytes = 0;
  if (bytes.size() < sizeof header_bytes) return broken(name, "-", "file ends inside the header");
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  if (header_bytes > kHeaderBytesMax || header_bytes > bytes.size() - sizeof header_bytes) {
    return broken(name, "-", "file ends inside the header");
  }
  const auto length = static_cast<std::size_t>(header_bytes);
  SafetensorsFile file;
  file.data_start_ = sizeof header_bytes + length;
  file.name_ = std::move(name);
  RESIDENCY_TRY_VOID(file.read_header(std::string_view(bytes).substr(sizeof header_bytes, length),
                                      static_cast<std::uint64_t>(bytes.size() - file.data_start_)));
  file.bytes_ = std::move(bytes);
  return file;
}

Result<SafetensorsFile> SafetensorsFile::open(std::unique_ptr<RandomAccessFile> file,
                                              std::string name) {
  std::uint64_t header_bytes = 0;
  if (file->size() < sizeof header_bytes) return broken(name, "-", "file ends inside the header");
  RESIDENCY_TRY(const std::string first, file->read_at(0, sizeof header_bytes));
  std::memcpy(&header_bytes, first.data(), sizeof header_bytes);
  if (header_bytes > kHeaderBytesMax || header_bytes > file->size() - sizeof header_bytes) {
    return broken(name, "-", "file ends inside the header");
  }
  RESIDENCY_TRY(const std::string text, file->read_at(sizeof header_bytes, header_bytes));
  SafetensorsFile opened;
  opened.name_ = std::move(name);
  opened.data_start_ = sizeof header_bytes + static_cast<std::size_t>(header_bytes);
  RESIDENCY_TRY_VOID(opened.read_header(text, file->size() - opened.data_start_));
  opened.file_ = std::move(file);
  return opened;
}

Result<std::string> SafetensorsFile::raw(const std::string& tensor) const {
  const auto found = tensors_.find(tensor);
  if (found == tensors_.end()) {
    return not_found(fmt::format("safetensors file has no such tensor: {}: {}", tensor, name_));
  }
  const std::uint64_t offset = data_start_ + found->second.offset;
  const auto length = static_cast<std::size_t>(found->second.bytes);
  if (file_ != nullptr) return file_->read_at(offset, length);
  return bytes_.substr(static_cast<std::size_t>(offset), length);
}

Result<std::vector<float>> SafetensorsFile::to_f32(const std::string& tensor) const {
  RESIDENCY_TRY(const std::string bytes, raw(tensor));
  const SafetensorsEntry& entry = tensors_.at(tensor);
  const char* data = bytes.data();
  std::vector<float> values(static_cast<std::size_t>(entry.bytes / element_bytes(entry.dtype)));
  const auto narrow = [&]<class T>(T, auto convert) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      T value;  // copied, since the data need not be aligned
      std::memcpy(&value, data + i * sizeof(T), sizeof(T));
      values[i] = convert(value);
    }
  };
  if (entry.dtype == "F32") {
    if (!values.empty()) std::memcpy(values.data(), data, static_cast<std::size_t>(entry.bytes));
  } else if (entry.dtype == "BF16") {
    narrow(ggml_bf16_t{}, [](ggml_bf16_t value) { return ggml_bf16_to_fp32(value); });
  } else if (entry.dtype == "F16") {
    narrow(ggml_fp16_t{}, [](ggml_fp16_t value) { return ggml_fp16_to_fp32(value); });
  } else if (entry.dtype == "F64") {
    narrow(double{}, [](double value) { return static_cast<float>(value); });
  } else {
    return invalid_input(
        fmt::format("tensor is not of real numbers but {}: {}: {}", entry.dtype, tensor, name_));
  }
  return values;
}

Result<std::string> write_safetensors(const std::map<std::string, SafetensorsTensor>& tensors,
                                      const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    std::uint64_t elements = 1;
    for (const auto size : tensor.shape) elements *= static_cast<std::uint64_t>(size);
    if (elements != tensor.values.size() || name == "__metadata__") {
      return invalid_argument(fmt::format("tensor has {} values, its shape says {}: {}",
                                          tensor.values.size(), elements, name));
    }
    const std::uint64_t end = offset + elements * sizeof(float);
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = dump_json(header);
  text.append((8 - text.size() % 8) % 8, ' ');
  const auto length = static_cast<std::uint64_t>(text.size());
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes += text;
  bytes.reserve(bytes.size() + static_cast<std::size_t>(offset));
  for (const auto& [name, tensor] : tensors) {
    bytes.append(reinterpret_cast<const char*>(tensor.values.data()),
                 tensor.values.size() * sizeof(float));
  }
  return bytes;
}

}  // namespace residency::model
