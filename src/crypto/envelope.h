// Envelope: a stream encrypted in chunks under a key of its own, which the key ring wraps.
//
//   "RESENC01" | wrapped key | chunk 0 | chunk 1 | ... | last chunk
//
// Each chunk is 64 KiB of plaintext (the last has fewer, perhaps none) sealed with AES-256-GCM; the
// nonce is the chunk's number, the associated data the label, the number and whether it is the
// last. So a chunk that is changed, left out, repeated, moved, cut off or taken from another object
// is found.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"
#include "crypto/key_ring.h"
#include "crypto/secret.h"

namespace residency::crypto {

inline constexpr std::size_t kChunkBytes = 64u << 10;

/// Encrypts into a file as bytes come.
class EnvelopeWriter {
 public:
  /// Writes the header. `label` is what the object is bound to.
  static Result<EnvelopeWriter> start(const KeyRing& ring, std::string label,
                                      std::unique_ptr<WritableFile> file);
  Result<void> append(std::string_view plain);
  /// Writes the last chunk, syncs and closes.
  Result<void> finish();

 private:
  EnvelopeWriter(std::string label, Secret key, std::unique_ptr<WritableFile> file)
      : label_(std::move(label)), key_(std::move(key)), file_(std::move(file)) {}
  Result<void> write_chunk(std::string_view plain, bool last);

  std::string label_;
  Secret key_;
  std::unique_ptr<WritableFile> file_;
  std::string pending_;
  std::uint64_t chunk_ = 0;
};

/// Decrypts a file chunk by chunk. Memory stays at one chunk.
class EnvelopeReader {
 public:
  static Result<EnvelopeReader> open(const KeyRing& ring, std::string label,
                                     std::unique_ptr<RandomAccessFile> file);
  /// The next chunk's plaintext, empty once the last was given. kCorrupt where anything differs.
  Result<std::string> next();
  bool at_end() const { return ended_; }

 private:
  EnvelopeReader(std::string label, Secret key, std::unique_ptr<RandomAccessFile> file,
                 std::uint64_t offset)
      : label_(std::move(label)), key_(std::move(key)), file_(std::move(file)), offset_(offset) {}

  std::string label_;
  Secret key_;
  std::unique_ptr<RandomAccessFile> file_;
  std::uint64_t offset_;
  std::uint64_t chunk_ = 0;
  bool ended_ = false;
};

}  // namespace residency::crypto
