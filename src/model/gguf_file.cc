#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <ggml.h>
#include <limits>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "model/gguf.h"
#include "model/gguf_index.h"

namespace residency::model {
namespace {

/// A file's bytes: mapped, or held.
class FileBytes {
 public:
  FileBytes() = default;
  explicit FileBytes(std::string held) : held_(std::move(held)) {}
  FileBytes(void* mapped, std::size_t size) : mapped_(mapped), size_(size) {}
  FileBytes(FileBytes&& other) noexcept
      : held_(std::move(other.held_)),
        mapped_(std::exchange(other.mapped_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  FileBytes& operator=(FileBytes&&) = delete;
  ~FileBytes() {
    if (mapped_ != nullptr) ::munmap(mapped_, size_);
  }

  std::span<const std::byte> span() const {
    if (mapped_ != nullptr) return {static_cast<const std::byte*>(mapped_), size_};
    return std::as_bytes(std::span(held_.data(), held_.size()));
  }

 private:
  std::string held_;
  void* mapped_ = nullptr;
  std::size_t size_ = 0;
};

Result<FileBytes> map_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const std::string message =
        fmt::format("cannot open the model file: {}: {}", std::strerror(errno), path);
    return errno == ENOENT ? not_found(message) : io_error(message);
  }
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    return invalid_input(fmt::format("not a regular file: {}", path));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) {
    ::close(fd);
    return corrupt(fmt::format("GGUF file is empty: field magic: {}", path));
  }
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int saved = errno;
  ::close(fd);
  if (mapped == MAP_FAILED) {
    return io_error(fmt::format("cannot map the model file: {}: {}", std::strerror(saved), path));
  }
  return FileBytes(mapped, size);
}

class IndexedGgufFile final : public GgufFile {
 public:
  IndexedGgufFile(FileBytes bytes, GgufIndex index, std::string name)
      : bytes_(std::move(bytes)), index_(std::move(index)), name_(std::move(name)) {
    for (std::size_t i = 0; i < index_.tensors.size(); ++i) {
      by_name_.emplace(index_.tensors[i].name, i);
    }
  }

  const std::string& name() const override { return name_; }
  const std::map<std::string, GgufValue>& metadata() const override { return index_.metadata; }
  const std::vector<GgufTensor>& tensors() const override { return index_.tensors; }

  const GgufTensor* find(std::string_view name) const override {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &index_.tensors[found->second];
  }

  std::span<const std::byte> data(const GgufTensor& tensor) const override {
    const auto section = bytes_.span().subspan(std::min(index_.data_start, bytes_.span().size()));
    if (tensor.offset > section.size() || tensor.bytes > section.size() - tensor.offset) return {};
    return section.subspan(tensor.offset, tensor.bytes);
  }

  std::span<const std::byte> encoded_value(std::string_view key) const override {
    const auto found = index_.ranges.find(std::string(key));
    if (found == index_.ranges.end()) return {};
    return bytes_.span().subspan(found->second.offset, found->second.length);
  }

  Result<std::vector<float>> to_f32(const GgufTensor& tensor) const override {
    RESIDENCY_TRY(const auto bytes, tensor_bytes(tensor.shape, tensor.type));
    const auto source = data(tensor);
    if (source.size() != bytes) {
      return internal_error(fmt::format("tensor is not of this file: {}: {}", tensor.name, name_));
    }
    std::size_t elements = 1;
    for (const auto size : tensor.shape) elements *= static_cast<std::size_t>(size);
    std::vector<float> values(elements);
    const auto type = static_cast<ggml_type>(tensor.type);
    if (type == GGML_TYPE_F32) {
      std::memcpy(values.data(), source.data(), source.size());
      return values;
    }
    const auto* traits = ggml_get_type_traits(type);
    if (traits->to_float == nullptr) {
      return invalid_input(fmt::format("tensor of type {} cannot be dequantised: {}: {}",
                                       ggml_type_name(type), tensor.name, name_));
    }
    traits->to_float(source.data(), values.data(), static_cast<std::int64_t>(elements));
    return values;
  }

 private:
  FileBytes bytes_;
  GgufIndex index_;
  std::string name_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

Result<std::unique_ptr<GgufFile>> index_file(FileBytes bytes, std::string name) {
  RESIDENCY_TRY(auto index, parse_gguf(bytes.span(), name));
  std::unique_ptr<GgufFile> file =
      std::make_unique<IndexedGgufFile>(std::move(bytes), std::move(index), std::move(name));
  return file;
}

}  // namespace

Result<std::unique_ptr<GgufFile>> GgufFile::open(const std::string& path) {
  RESIDENCY_TRY(auto bytes, map_file(path));
  return index_file(std::move(bytes), path);
}

Result<std::unique_ptr<GgufFile>> GgufFile::from_bytes(std::string bytes, std::string name) {
  return index_file(FileBytes(std::move(bytes)), std::move(name));
}

namespace {

Result<const GgufValue*> value_of(const GgufFile& file, std::string_view key) {
  const auto found = file.metadata().find(std::string(key));
  if (found == file.metadata().end()) {
    return invalid_input(fmt::format("GGUF metadata key is missing: {}: {}", key, file.name()));
  }
  return &found->second;
}

Error wrong_type(const GgufFile& file, std::string_view key, std::string_view wanted) {
  return invalid_input(fmt::format("GGUF metadata is not {}: {}: {}", wanted, key, file.name()));
}

}  // namespace

Result<std::string> GgufFile::text(std::string_view key) const {
  RESIDENCY_TRY(const auto* value, value_of(*this, key));
  if (const auto* held = std::get_if<std::string>(value)) return *held;
  return wrong_type(*this, key, "a string");
}

Result<std::int64_t> GgufFile::integer(std::string_view key) const {
  RESIDENCY_TRY(const auto* value, value_of(*this, key));
  if (const auto* held = std::get_if<std::int64_t>(value)) return *held;
  if (const auto* held = std::get_if<std::uint64_t>(value);
      held != nullptr && *held <= std::numeric_limits<std::int64_t>::max()) {
    return static_cast<std::int64_t>(*held);
  }
  return wrong_type(*this, key, "an integer under 2^63");
}

Result<double> GgufFile::number(std::string_view key) const {
  RESIDENCY_TRY(const auto* value, value_of(*this, key));
  if (const auto* held = std::get_if<double>(value)) return *held;
  if (const auto* held = std::get_if<std::int64_t>(value)) return static_cast<double>(*held);
  if (const auto* held = std::get_if<std::uint64_t>(value)) return static_cast<double>(*held);
  return wrong_type(*this, key, "a number");
}

}  // namespace residency::model
