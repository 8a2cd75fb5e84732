#include "eval/corpora/byte_source.h"

#include <algorithm>

#include "eval/corpora/gzip_bytes.h"

namespace residency::eval::corpora {
namespace {

constexpr std::size_t kChunkBytes = 64u << 10;

class FileBytes final : public ByteSource {
 public:
  explicit FileBytes(std::unique_ptr<RandomAccessFile> file) : file_(std::move(file)) {}

  Result<bool> next(std::string& chunk) override {
    if (at_ >= file_->size()) return false;
    const auto length = std::min<std::uint64_t>(kChunkBytes, file_->size() - at_);
    RESIDENCY_TRY(chunk, file_->read_at(at_, static_cast<std::size_t>(length)));
    at_ += length;
    return true;
  }

 private:
  std::unique_ptr<RandomAccessFile> file_;
  std::uint64_t at_ = 0;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> file_bytes(Env& env, const std::string& path) {
  RESIDENCY_TRY(auto file, env.open_read(path));
  std::unique_ptr<ByteSource> bytes = std::make_unique<FileBytes>(std::move(file));
  if (path.ends_with(".gz")) return gzip_bytes(std::move(bytes), path);
  return bytes;
}

Result<bool> TextBytes::next(std::string& chunk) {
  if (text_.empty()) return false;
  chunk.assign(text_.substr(0, chunk_bytes_));
  text_.remove_prefix(chunk.size());
  return true;
}

bool ByteCursor::fill() {
  while (!ended_ && at_ == chunk_.size()) {
    at_ = 0;
    auto more = source_.next(chunk_);
    if (!more.ok()) failure_ = more.error();
    if (!more.ok() || !*more) {
      chunk_.clear();
      ended_ = true;
    } else if (!started_ && !chunk_.empty()) {
      started_ = true;
      if (chunk_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    }
  }
  return !ended_;
}

int ByteCursor::peek() { return fill() ? static_cast<unsigned char>(chunk_[at_]) : kEnd; }

int ByteCursor::get() {
  const int byte = peek();
  if (byte == kEnd) return kEnd;
  ++at_;
  if (byte == '\n') ++line_;
  return byte;
}

Result<void> ByteCursor::status() const {
  if (failure_) return *failure_;
  return {};
}

Result<bool> LineReader::next(std::string& line) {
  place_ = cursor_.place();
  std::string read;
  int byte = cursor_.get();
  if (byte == ByteCursor::kEnd) {
    RESIDENCY_TRY_VOID(cursor_.status());
    return false;
  }
  for (; byte != '\n' && byte != ByteCursor::kEnd; byte = cursor_.get()) {
    if (read.size() == kRecordBytesMax) {
      return resource_exhausted(describe(place_, "line", "too long"));
    }
    read.push_back(static_cast<char>(byte));
  }
  RESIDENCY_TRY_VOID(cursor_.status());
  if (!read.empty() && read.back() == '\r') read.pop_back();
  line = std::move(read);
  return true;
}

}  // namespace residency::eval::corpora
