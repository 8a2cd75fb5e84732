#include "base/fault_env.h"

#include <atomic>
#include <functional>

namespace residency {

struct FaultEnv::Budget {
  std::atomic<int> left;

  /// 1: go through; 0: the one that is cut in half; below: fail.
  int take() { return left.fetch_sub(1); }
};

namespace {

Error no_power() { return io_error("the power is off"); }

class FaultyFile final : public WritableFile {
 public:
  template <class Budget>
  FaultyFile(std::unique_ptr<WritableFile> real, std::shared_ptr<Budget> budget)
      : real_(std::move(real)), take_([budget] { return budget->take(); }) {}

  Result<void> append(std::string_view bytes) override {
    const int left = take_();
    if (left > 0) return real_->append(bytes);
    if (left == 0) (void)real_->append(bytes.substr(0, bytes.size() / 2)).ok();
    return no_power();
  }
  Result<void> sync() override { return take_() > 0 ? real_->sync() : Result<void>(no_power()); }
  Result<void> close() override { return take_() > 0 ? real_->close() : Result<void>(no_power()); }

 private:
  std::unique_ptr<WritableFile> real_;
  std::function<int()> take_;
};

}  // namespace

FaultEnv::FaultEnv(Env& real, int operations) : real_(real), budget_(std::make_shared<Budget>()) {
  budget_->left = operations;
}
FaultEnv::~FaultEnv() = default;

Result<std::unique_ptr<WritableFile>> FaultEnv::create(const std::string& path) {
  if (budget_->take() <= 0) return no_power();
  RESIDENCY_TRY(auto file, real_.create(path));
  return std::unique_ptr<WritableFile>(std::make_unique<FaultyFile>(std::move(file), budget_));
}

Result<std::unique_ptr<WritableFile>> FaultEnv::open_append(const std::string& path) {
  if (budget_->take() <= 0) return no_power();
  RESIDENCY_TRY(auto file, real_.open_append(path));
  return std::unique_ptr<WritableFile>(std::make_unique<FaultyFile>(std::move(file), budget_));
}

Result<std::unique_ptr<RandomAccessFile>> FaultEnv::open_read(const std::string& path) {
  return real_.open_read(path);
}
Result<void> FaultEnv::rename(const std::string& from, const std::string& to) {
  return budget_->take() > 0 ? real_.rename(from, to) : Result<void>(no_power());
}
Result<void> FaultEnv::remove(const std::string& path) {
  return budget_->take() > 0 ? real_.remove(path) : Result<void>(no_power());
}
Result<void> FaultEnv::make_directories(const std::string& path) {
  return budget_->take() > 0 ? real_.make_directories(path) : Result<void>(no_power());
}
Result<void> FaultEnv::sync_directory(const std::string& path) {
  return budget_->take() > 0 ? real_.sync_directory(path) : Result<void>(no_power());
}
Result<std::vector<DirEntry>> FaultEnv::list(const std::string& path) { return real_.list(path); }
bool FaultEnv::exists(const std::string& path) { return real_.exists(path); }
Result<std::unique_ptr<FileLock>> FaultEnv::lock(const std::string& path) {
  return real_.lock(path);
}
std::int64_t FaultEnv::now_unix_ms() { return real_.now_unix_ms(); }

}  // namespace residency
