#include "eval/corpora/gzip_bytes.h"

#include <zlib.h>

namespace residency::eval::corpora {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // zlib: the largest window, gzip framing
constexpr std::size_t kChunkBytes = 64u << 10;

class GzipBytes final : public ByteSource {
 public:
  GzipBytes(std::unique_ptr<ByteSource> packed, std::string_view name)
      : packed_(std::move(packed)), name_(name) {}
  ~GzipBytes() override {
    if (open_) inflateEnd(&stream_);
  }

  Result<bool> next(std::string& chunk) override {
    if (done_) return false;
    chunk.resize(kChunkBytes);
    stream_.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream_.avail_out = static_cast<uInt>(kChunkBytes);
    while (stream_.avail_out == kChunkBytes && !done_) RESIDENCY_TRY_VOID(inflate_some());
    chunk.resize(kChunkBytes - stream_.avail_out);
    given_ += chunk.size();
    if (given_ > kUnpackedBytesMax) return resource_exhausted("gzip file: too large: " + name_);
    return !chunk.empty();
  }

 private:
  Result<void> inflate_some() {
    if (stream_.avail_in == 0) {
      RESIDENCY_TRY(const bool more, packed_->next(in_));
      if (!more || in_.empty()) {
        if (open_ || !any_) return invalid_input("gzip file ends early: " + name_);
        done_ = true;
        return {};
      }
      stream_.next_in = reinterpret_cast<Bytef*>(in_.data());
      stream_.avail_in = static_cast<uInt>(in_.size());
    }
    if (!open_) {  // the first member, or one more
      if (inflateInit2(&stream_, kGzipWindowBits) != Z_OK)
        return resource_exhausted("gzip file: no memory: " + name_);
      open_ = true;
      any_ = true;
    }
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      inflateEnd(&stream_);
      open_ = false;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return invalid_input("gzip file is damaged: " + name_);
    }
    return {};
  }

  std::unique_ptr<ByteSource> packed_;
  std::string name_;
  std::string in_;
  z_stream stream_{};
  bool open_ = false;
  bool any_ = false;
  bool done_ = false;
  std::uint64_t given_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> gzip_bytes(std::unique_ptr<ByteSource> packed, std::string_view name) {
  return std::make_unique<GzipBytes>(std::move(packed), name);
}

}  // namespace residency::eval::corpora
