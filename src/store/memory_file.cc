#include "store/memory_file.h"

#include <cerrno>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

namespace residency::store {
namespace {

class MemoryFile final : public MaterializedFile {
 public:
  explicit MemoryFile(int fd) : fd_(fd), path_(fmt::format("/proc/self/fd/{}", fd)) {}
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() override { ::close(fd_); }
  const std::string& path() const override { return path_; }

 private:
  int fd_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<MaterializedFile>> make_memory_file(std::string_view bytes) {
  const int fd = ::memfd_create("residency", MFD_CLOEXEC);
  if (fd < 0) return io_error("cannot make a file in memory");
  auto file = std::make_unique<MemoryFile>(fd);
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return resource_exhausted("not enough memory for a file in memory");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return std::unique_ptr<MaterializedFile>(std::move(file));
}

}  // namespace residency::store
