#include "infer/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

namespace residency::infer {

MemoryFile::MemoryFile(int descriptor)
    : descriptor_(descriptor), path_("/proc/self/fd/" + std::to_string(descriptor)) {}

MemoryFile::~MemoryFile() { ::close(descriptor_); }

Result<std::unique_ptr<MemoryFile>> MemoryFile::make(std::string_view bytes) {
  const int descriptor = ::memfd_create("residency", MFD_CLOEXEC);
  if (descriptor < 0) return io_error("cannot make a file in memory");
  std::unique_ptr<MemoryFile> file(new MemoryFile(descriptor));
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written <= 0) return resource_exhausted("cannot write a file in memory");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

}  // namespace residency::infer
