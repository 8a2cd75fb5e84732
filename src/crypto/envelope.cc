#include "crypto/envelope.h"

#include <algorithm>
#include <fmt/format.h>

#include "crypto/aead.h"
#include "crypto/random.h"

namespace residency::crypto {
namespace {

constexpr std::string_view kMagic = "RESENC01";

std::string nonce_of(std::uint64_t chunk) {
  std::string nonce(kNonceBytes, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    nonce[kNonceBytes - 1 - i] = static_cast<char>(chunk >> (8 * i));
  return nonce;
}

std::string associated(const std::string& label, std::uint64_t chunk, bool last) {
  return fmt::format("{}|{}|{}", label, chunk, last ? "last" : "more");
}

}  // namespace

Result<EnvelopeWriter> EnvelopeWriter::start(const KeyRing& ring, std::string label,
                                             std::unique_ptr<WritableFile> file) {
  RESIDENCY_TRY(std::string bytes, random_bytes(kKeyBytes));
  Secret key(std::move(bytes));
  RESIDENCY_TRY(const std::string wrapped, ring.wrap(key, label));
  RESIDENCY_TRY_VOID(file->append(std::string(kMagic) + wrapped));
  return EnvelopeWriter(std::move(label), std::move(key), std::move(file));
}

Result<void> EnvelopeWriter::write_chunk(std::string_view plain, bool last) {
  RESIDENCY_TRY(const std::string sealed,
                aead_seal(key_, nonce_of(chunk_), plain, associated(label_, chunk_, last)));
  chunk_ += 1;
  return file_->append(sealed);
}

Result<void> EnvelopeWriter::append(std::string_view plain) {
  // A full chunk is written only once more follows it, so that the last one is never empty unless
  // the whole stream is.
  while (!plain.empty()) {
    if (pending_.size() == kChunkBytes) {
      RESIDENCY_TRY_VOID(write_chunk(pending_, false));
      pending_.clear();
    }
    const std::size_t taken = std::min(plain.size(), kChunkBytes - pending_.size());
    pending_.append(plain.substr(0, taken));
    plain.remove_prefix(taken);
  }
  return {};
}

Result<void> EnvelopeWriter::finish() {
  RESIDENCY_TRY_VOID(write_chunk(pending_, true));
  pending_.clear();
  RESIDENCY_TRY_VOID(file_->sync());
  return file_->close();
}

Result<EnvelopeReader> EnvelopeReader::open(const KeyRing& ring, std::string label,
                                            std::unique_ptr<RandomAccessFile> file) {
  const std::size_t header_bytes = kMagic.size() + KeyRing::wrapped_bytes();
  if (file->size() < header_bytes + kTagBytes) return corrupt("encrypted object is cut short");
  RESIDENCY_TRY(const std::string header, file->read_at(0, header_bytes));
  if (header.substr(0, kMagic.size()) != kMagic) return corrupt("not an encrypted object");
  RESIDENCY_TRY(Secret key, ring.unwrap(std::string_view(header).substr(kMagic.size()), label));
  return EnvelopeReader(std::move(label), std::move(key), std::move(file), header_bytes);
}

Result<std::string> EnvelopeReader::next() {
  if (ended_) return std::string();
  const std::uint64_t left = file_->size() - offset_;
  const bool last = left <= kChunkBytes + kTagBytes;
  const std::uint64_t length = last ? left : kChunkBytes + kTagBytes;
  RESIDENCY_TRY(const std::string sealed, file_->read_at(offset_, length));
  RESIDENCY_TRY(std::string plain,
                aead_open(key_, nonce_of(chunk_), sealed, associated(label_, chunk_, last)));
  offset_ += length;
  chunk_ += 1;
  ended_ = last;
  return plain;
}

}  // namespace residency::crypto
