#include "train/aligned_buffer.h"

#include <cstring>
#include <new>
#include <sys/mman.h>

namespace residency::train {
namespace {

constexpr std::align_val_t kAlignment{64};
constexpr std::size_t kLargeBytes = 1u << 17;

}  // namespace

std::byte* take_zeroed(std::size_t bytes) {
  if (bytes < kLargeBytes) {
    auto* block = static_cast<std::byte*>(::operator new(bytes, kAlignment));
    std::memset(block, 0, bytes);
    return block;
  }
  void* block = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  ::madvise(block, bytes, MADV_HUGEPAGE);  // a wish: small pages do as well
  return static_cast<std::byte*>(block);
}

void give_back(std::byte* block, std::size_t bytes) {
  if (bytes < kLargeBytes) {
    ::operator delete(block, kAlignment);
  } else {
    ::munmap(block, bytes);
  }
}

}  // namespace residency::train
