// TokenStore: a set's examples as tokens, written once and read back in any order; outside memory,
// sealed like every state of the workspace.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/sha256.h"
#include "dataset/sequence_set.h"
#include "train/checkpoint.h"

namespace residency::pipeline {

/// What is kept in memory of a token store: some 12 bytes for each example.
struct TokenIndex {
  std::vector<std::uint32_t> lengths;      // tokens of each example
  std::vector<std::uint32_t> supervised;   // of them targets
  std::vector<std::uint32_t> chunk_first;  // the first example of each chunk
  std::vector<std::uint8_t> judgements;    // of each pair of examples, where there are any
  dataset::TruncationReport report;
  std::string digest;  // of all tokens
};

/// Writes chunks of some 512 KiB as examples come, so that no more than one is in memory.
class TokenWriter {
 public:
  /// Blobs of `store` are named `prefix` and a number. `store` must outlive the writer.
  TokenWriter(train::CheckpointStore& store, std::string prefix)
      : store_(store), prefix_(std::move(prefix)) {}

  Result<void> append(const dataset::TokenizedExample& example);
  /// Of the two examples appended last.
  void judge(dataset::Judgement judgement) {
    index_.judgements.push_back(static_cast<std::uint8_t>(judgement));
  }
  /// The last chunk, then the index, which says that the store is whole. `key` names what the
  /// tokens were made of.
  Result<TokenIndex> finish(const std::string& key, const dataset::TruncationReport& report);

 private:
  Result<void> write_chunk();

  train::CheckpointStore& store_;
  std::string prefix_;
  std::string chunk_;
  TokenIndex index_;
  crypto::Sha256 digest_;
};

/// The index that a writer left under `prefix`; nothing where there is none or it is of another
/// key. kCorrupt where it is damaged.
Result<std::optional<TokenIndex>> find_tokens(train::CheckpointStore& store,
                                              const std::string& prefix, const std::string& key);

/// Sequences of a token store's examples. Keeps the chunks used last. Not thread-safe.
class TokenSequences final : public dataset::SequenceSource {
 public:
  /// Packed as dataset::pack() packs examples in memory.
  static Result<std::unique_ptr<TokenSequences>> packed(train::CheckpointStore& store,
                                                        std::string prefix, TokenIndex index,
                                                        const dataset::PackOptions& options);
  /// Each two examples a sequence.
  static std::unique_ptr<TokenSequences> pairs(train::CheckpointStore& store, std::string prefix,
                                               TokenIndex index);

  std::size_t size() const override { return starts_.size() - 1; }
  std::int64_t tokens(std::size_t index) const override;
  std::int64_t supervised(std::size_t index) const override;
  Result<dataset::PackedSequence> read(std::size_t index) override;
  std::string digest() const override;

 private:
  struct Chunk {
    std::size_t number = 0;
    std::string bytes;
    std::vector<std::size_t> offsets;  // of each example
  };
  TokenSequences(train::CheckpointStore& store, std::string prefix, TokenIndex index)
      : store_(store), prefix_(std::move(prefix)), index_(std::move(index)) {}
  Result<const Chunk*> chunk_of(std::size_t example);
  Result<dataset::TokenizedExample> example(std::size_t number);

  train::CheckpointStore& store_;
  std::string prefix_;
  TokenIndex index_;
  std::vector<std::uint32_t> members_;  // examples, sequence after sequence
  std::vector<std::uint32_t> starts_;   // of each sequence in members_
  std::list<Chunk> chunks_;             // the one used last first
};

}  // namespace residency::pipeline
