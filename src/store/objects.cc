#include "store/objects.h"

#include <fmt/format.h>
#include <optional>

#include "crypto/envelope.h"
#include "crypto/sha256.h"
#include "store/layout.h"

namespace residency::store {
namespace {

/// Decrypts, hashes and checks as it goes.
class CheckedReader {
 public:
  CheckedReader(crypto::EnvelopeReader reader, Blob blob)
      : reader_(std::move(reader)), blob_(std::move(blob)) {}

  /// The next piece; empty at the end, where the digest is checked.
  Result<std::string> next() {
    if (checked_) return std::string();
    while (!reader_.at_end()) {
      auto piece = reader_.next();
      if (!piece.ok()) return piece.error().with_context("object " + blob_.sha256.substr(0, 12));
      hash_.update(*piece);
      bytes_ += piece->size();
      if (!piece->empty()) return piece;
    }
    checked_ = true;
    if (bytes_ != blob_.bytes || hash_.finish_hex() != blob_.sha256) {
      return corrupt("object does not have its digest: " + blob_.sha256.substr(0, 12));
    }
    return std::string();
  }

 private:
  crypto::EnvelopeReader reader_;
  Blob blob_;
  crypto::Sha256 hash_;
  std::uint64_t bytes_ = 0;
  bool checked_ = false;
};

class ObjectLines final : public LineSource {
 public:
  explicit ObjectLines(CheckedReader reader) : reader_(std::move(reader)) {}

  Result<bool> next(std::string& line) override {
    while (true) {
      const auto end = buffer_.find('\n', scanned_);
      if (end != std::string::npos) {
        line.assign(buffer_, begin_, end - begin_);
        begin_ = end + 1;
        scanned_ = begin_;
        return true;
      }
      if (buffer_.size() - begin_ > kLineBytesMax) {
        return resource_exhausted(fmt::format("a line is longer than {} bytes", kLineBytesMax));
      }
      buffer_.erase(0, begin_);
      begin_ = 0;
      scanned_ = buffer_.size();
      RESIDENCY_TRY(const std::string piece, reader_.next());
      if (piece.empty()) break;
      buffer_ += piece;
    }
    if (buffer_.empty()) return false;
    line = std::move(buffer_);
    buffer_.clear();
    scanned_ = 0;
    return true;
  }

 private:
  CheckedReader reader_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of the line that comes next
  std::size_t scanned_ = 0;  // no newline before here
};

}  // namespace

std::string Objects::path_of(std::string_view kind, const Blob& blob) const {
  const std::string name = crypto::to_hex(crypto::hmac_sha256(name_key_, blob.sha256));
  return fmt::format("{}{}/{}.enc", root_, folder_of(kind), name.substr(0, 40));
}

Result<std::unique_ptr<RandomAccessFile>> Objects::open(std::string_view kind,
                                                        const Blob& blob) const {
  auto file = env_.open_read(path_of(kind, blob));
  if (!file.ok() && file.error().code() == ErrorCode::kNotFound) {
    return corrupt("an object of the workspace is missing: " + blob.sha256.substr(0, 12));
  }
  return file;
}

Result<std::unique_ptr<LineSource>> Objects::lines(std::string_view kind, const Blob& blob) const {
  RESIDENCY_TRY(auto file, open(kind, blob));
  auto reader = crypto::EnvelopeReader::open(ring_, std::string(kBlobLabel), std::move(file));
  if (!reader.ok()) return reader.error().with_context("object " + blob.sha256.substr(0, 12));
  return std::unique_ptr<LineSource>(
      std::make_unique<ObjectLines>(CheckedReader(*std::move(reader), blob)));
}

Result<std::string> Objects::read(std::string_view kind, const Blob& blob) const {
  RESIDENCY_TRY(auto file, open(kind, blob));
  auto opened = crypto::EnvelopeReader::open(ring_, std::string(kBlobLabel), std::move(file));
  if (!opened.ok()) return opened.error().with_context("object " + blob.sha256.substr(0, 12));
  CheckedReader reader(*std::move(opened), blob);
  std::string bytes;
  while (true) {
    RESIDENCY_TRY(const std::string piece, reader.next());
    if (piece.empty()) return bytes;
    bytes += piece;
  }
}

}  // namespace residency::store
