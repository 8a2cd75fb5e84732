// AlignedBuffer: zeroed memory on cache-line borders for kernels and oneDNN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace residency::train {

/// Zeroed bytes on a border of 64. Large blocks come straight from the kernel, in huge pages where
/// it has them, and go back whole: they leave no holes in the heap.
std::byte* take_zeroed(std::size_t bytes);
void give_back(std::byte* block, std::size_t bytes);

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
    data_ = {take_zeroed(bytes), GiveBack{bytes}};
    count_ = count;
  }

  T* data() { return reinterpret_cast<T*>(data_.get()); }
  const T* data() const { return reinterpret_cast<const T*>(data_.get()); }
  std::int64_t size() const { return count_; }

 private:
  static_assert(std::is_trivially_copyable_v<T>);
  struct GiveBack {
    std::size_t bytes = 0;
    void operator()(std::byte* block) const { give_back(block, bytes); }
  };
  std::unique_ptr<std::byte, GiveBack> data_;
  std::int64_t count_ = 0;
};

}  // namespace residency::train
