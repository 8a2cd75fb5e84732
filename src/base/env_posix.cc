#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/env.h"

namespace residency {
namespace {

Error from_errno(std::string_view doing, const std::string& path) {
  const int saved = errno;
  const std::string message = fmt::format("cannot {}: {}: {}", doing, std::strerror(saved), path);
  switch (saved) {
    case ENOENT:
      return not_found(message);
    case EEXIST:
      return already_exists(message);
    case EACCES:
    case EPERM:
      return permission_denied(message);
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return resource_exhausted(message);
    default:
      return io_error(message);
  }
}

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return from_errno("write", path_);
      }
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(fd_.get()) != 0) return from_errno("sync", path_);
    return {};
  }

  Result<void> close() override {
    if (const int fd = fd_.release(); fd >= 0 && ::close(fd) != 0)
      return from_errno("close", path_);
    return {};
  }

 private:
  Fd fd_;
  std::string path_;
};

class PosixRandomAccessFile final : public RandomAccessFile {
 public:
  PosixRandomAccessFile(Fd fd, std::uint64_t size, std::string path)
      : fd_(std::move(fd)), size_(size), path_(std::move(path)) {}

  std::uint64_t size() const override { return size_; }

  Result<std::string> read_at(std::uint64_t offset, std::size_t length) const override {
    if (offset > size_ || length > size_ - offset) {
      return corrupt(fmt::format("file ends before byte {}: {}", offset + length, path_));
    }
    std::string bytes(length, '\0');
    std::size_t done = 0;
    while (done < length) {
      const ssize_t got =
          ::pread(fd_.get(), bytes.data() + done, length - done, static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return from_errno("read", path_);
      }
      if (got == 0) return corrupt(fmt::format("file shrank while being read: {}", path_));
      done += static_cast<std::size_t>(got);
    }
    return bytes;
  }

 private:
  Fd fd_;
  std::uint64_t size_;
  std::string path_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Fd fd) : fd_(std::move(fd)) {}

 private:
  Fd fd_;  // closing it releases the lock
};

class PosixEnv final : public Env {
 public:
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    return open_write(path, O_TRUNC);
  }
  Result<std::unique_ptr<WritableFile>> open_append(const std::string& path) override {
    return open_write(path, O_APPEND);
  }

  Result<std::unique_ptr<RandomAccessFile>> open_read(const std::string& path) override {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return from_errno("open", path);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return from_errno("stat", path);
    if (S_ISDIR(status.st_mode)) return invalid_input(fmt::format("is a folder: {}", path));
    return std::unique_ptr<RandomAccessFile>(std::make_unique<PosixRandomAccessFile>(
        std::move(fd), static_cast<std::uint64_t>(status.st_size), path));
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return from_errno("rename", from);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    std::error_code code;
    std::filesystem::remove_all(path, code);
    if (code) return io_error(fmt::format("cannot remove: {}: {}", code.message(), path));
    return {};
  }

  Result<void> make_directories(const std::string& path) override {
    std::error_code code;
    std::filesystem::create_directories(path, code);
    if (code) {
      errno = code.value();
      return from_errno("make folder", path);
    }
    return {};
  }

  Result<void> sync_directory(const std::string& path) override {
    Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return from_errno("open folder", path);
    if (::fsync(fd.get()) != 0) return from_errno("sync folder", path);
    return {};
  }

  Result<std::vector<DirEntry>> list(const std::string& path) override {
    std::error_code code;
    std::filesystem::directory_iterator iterator(path, code);
    if (code) {
      errno = code.value();
      return from_errno("list folder", path);
    }
    std::vector<DirEntry> entries;
    for (; iterator != std::filesystem::directory_iterator(); iterator.increment(code)) {
      if (code) return io_error(fmt::format("cannot list folder: {}: {}", code.message(), path));
      DirEntry entry{iterator->path().filename().string(), iterator->is_directory(code), 0};
      if (!entry.is_directory) entry.size = iterator->file_size(code);
      entries.push_back(std::move(entry));
    }
    std::sort(entries.begin(), entries.end(),
              [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
    return entries;
  }

  bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (fd.get() < 0) return from_errno("open lock", path);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) {
        return failed_precondition(fmt::format("another process holds the lock: {}", path));
      }
      return from_errno("lock", path);
    }
    return std::unique_ptr<FileLock>(std::make_unique<PosixFileLock>(std::move(fd)));
  }

  std::int64_t now_unix_ms() override {
    using std::chrono::duration_cast;
    return duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

 private:
  static Result<std::unique_ptr<WritableFile>> open_write(const std::string& path, int mode) {
    Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0600));
    if (fd.get() < 0) return from_errno("open for writing", path);
    return std::unique_ptr<WritableFile>(std::make_unique<PosixWritableFile>(std::move(fd), path));
  }
};

}  // namespace

Env& Env::posix() {
  static PosixEnv env;  // stateless: no state is shared through it
  return env;
}

}  // namespace residency
