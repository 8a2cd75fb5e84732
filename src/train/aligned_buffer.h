// AlignedBuffer: zeroed memory on cache-line borders for kernels and oneDNN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

namespace residency::train {

/// Grows, never shrinks, and never keeps its contents when it grows.
template <class T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::int64_t count) { reserve(count); }

  /// At least `count` elements; zeroed where it had to grow.
  void reserve(std::int64_t count) {
    if (count <= count_) return;
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    data_.reset();
    data_.reset(static_cast<T*>(::operator new(bytes, kAlignment)));
    std::memset(static_cast<void*>(data_.get()), 0, bytes);
    count_ = count;
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::int64_t size() const { return count_; }

 private:
  static_assert(std::is_trivially_copyable_v<T>);
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(T* pointer) const { ::operator delete(pointer, kAlignment); }
  };
  std::unique_ptr<T, Free> data_;
  std::int64_t count_ = 0;
};

}  // namespace residency::train
