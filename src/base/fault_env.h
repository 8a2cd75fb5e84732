// FaultEnv: an Env for tests that stops writing after a number of operations, as a power cut would.
#pragma once

#include <memory>

#include "base/env.h"

namespace residency {

/// The first `operations` writing calls (create, open for append, append, sync, close, rename,
/// remove, make folder, sync folder) go through; the one after writes half of what it was given,
/// and every later one fails with kIoError. Reading always works.
class FaultEnv final : public Env {
 public:
  FaultEnv(Env& real, int operations);
  ~FaultEnv() override;

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> open_append(const std::string& path) override;
  Result<std::unique_ptr<RandomAccessFile>> open_read(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> make_directories(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::vector<DirEntry>> list(const std::string& path) override;
  bool exists(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  std::int64_t now_unix_ms() override;

 private:
  struct Budget;
  Env& real_;
  std::shared_ptr<Budget> budget_;
};

}  // namespace residency
