#include "pipeline/stages/token_store.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <numeric>
#include <utility>

namespace residency::pipeline {
namespace {

constexpr std::size_t kChunkBytes = 512u << 10;
constexpr std::size_t kChunksKept = 8;
constexpr std::string_view kMagic = "RESTOK01";

std::string chunk_name(const std::string& prefix, std::size_t number) {
  return fmt::format("{}/{:06d}", prefix, number);
}

std::string index_name(const std::string& prefix) { return prefix + "/index"; }

std::size_t bytes_of(std::size_t tokens) { return tokens * 4 + (tokens + 7) / 8; }

template <class T>
void put(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <class T>
void put_all(std::string& to, const std::vector<T>& values) {
  put(to, static_cast<std::uint64_t>(values.size()));
  to.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

/// Takes values from the front of bytes; what is short leaves `whole` false.
struct Taker {
  std::string_view left;
  bool whole = true;

  template <class T>
  void take(T& value) {
    if (left.size() < sizeof(T)) {
      whole = false;
      return;
    }
    std::memcpy(&value, left.data(), sizeof(T));
    left.remove_prefix(sizeof(T));
  }
  template <class T>
  void take_all(std::vector<T>& values) {
    std::uint64_t count = 0;
    take(count);
    if (!whole || count > left.size() / sizeof(T)) {
      whole = false;
      return;
    }
    values.resize(count);
    std::memcpy(values.data(), left.data(), count * sizeof(T));
    left.remove_prefix(count * sizeof(T));
  }
};

template <class Do>
void each_count(dataset::TruncationReport& report, Do&& act) {
  for (auto* value : {&report.examples, &report.kept_whole, &report.cut, &report.dropped,
                      &report.prompt_tokens_cut, &report.tokens, &report.loss_tokens}) {
    act(*value);
  }
  auto longest = static_cast<std::uint64_t>(report.longest_tokens);
  act(longest);
  report.longest_tokens = static_cast<std::size_t>(longest);
  auto choice = static_cast<std::uint64_t>(report.too_long);
  act(choice);
  report.too_long = static_cast<dataset::TooLong>(choice);
}

std::string encode_index(const TokenIndex& index, const std::string& key) {
  std::string bytes(kMagic);
  put_all(bytes, std::vector<char>(key.begin(), key.end()));
  put_all(bytes, index.lengths);
  put_all(bytes, index.supervised);
  put_all(bytes, index.chunk_first);
  put_all(bytes, index.judgements);
  put_all(bytes, std::vector<char>(index.digest.begin(), index.digest.end()));
  dataset::TruncationReport report = index.report;
  each_count(report, [&](std::uint64_t& value) { put(bytes, value); });
  return bytes;
}

bool consistent(const TokenIndex& index) {
  const auto& first = index.chunk_first;
  return index.supervised.size() == index.lengths.size() &&
         std::is_sorted(first.begin(), first.end()) &&
         (first.empty() ? index.lengths.empty()
                        : first.front() == 0 && first.back() < index.lengths.size());
}

}  // namespace

Result<void> TokenWriter::write_chunk() {
  const std::string name = chunk_name(prefix_, index_.chunk_first.size() - 1);
  digest_.update(chunk_);
  RESIDENCY_TRY_VOID(store_.put(name, chunk_));
  chunk_.clear();
  return {};
}

Result<void> TokenWriter::append(const dataset::TokenizedExample& example) {
  const std::size_t count = example.tokens.size();
  if (!chunk_.empty() && chunk_.size() + bytes_of(count) > kChunkBytes) {
    RESIDENCY_TRY_VOID(write_chunk());
  }
  if (index_.lengths.size() >= std::numeric_limits<std::uint32_t>::max())
    return resource_exhausted("a data set has more than four thousand million examples");
  if (chunk_.empty())
    index_.chunk_first.push_back(static_cast<std::uint32_t>(index_.lengths.size()));
  chunk_.append(reinterpret_cast<const char*>(example.tokens.data()), count * 4);
  std::uint32_t supervised = 0;
  std::string bits((count + 7) / 8, '\0');
  for (std::size_t i = 0; i < count; ++i) {
    if (example.loss[i] == 0) continue;
    bits[i / 8] = static_cast<char>(bits[i / 8] | (1 << (i % 8)));
    supervised += i > 0 ? 1 : 0;
  }
  chunk_ += bits;
  index_.lengths.push_back(static_cast<std::uint32_t>(count));
  index_.supervised.push_back(supervised);
  return {};
}

Result<TokenIndex> TokenWriter::finish(const std::string& key,
                                       const dataset::TruncationReport& report) {
  if (!chunk_.empty()) RESIDENCY_TRY_VOID(write_chunk());
  index_.report = report;
  index_.digest = digest_.finish_hex();
  RESIDENCY_TRY_VOID(store_.put(index_name(prefix_), encode_index(index_, key)));
  return std::move(index_);
}

Result<std::optional<TokenIndex>> find_tokens(train::CheckpointStore& store,
                                              const std::string& prefix, const std::string& key) {
  RESIDENCY_TRY(const auto bytes, store.get(index_name(prefix)));
  if (!bytes) return std::optional<TokenIndex>();
  Taker taker{*bytes};
  TokenIndex index;
  std::vector<char> found_key;
  std::vector<char> digest;
  taker.whole = taker.left.starts_with(kMagic);
  if (taker.whole) taker.left.remove_prefix(kMagic.size());
  taker.take_all(found_key);
  if (taker.whole && std::string_view(found_key.data(), found_key.size()) != key)
    return std::optional<TokenIndex>();
  taker.take_all(index.lengths);
  taker.take_all(index.supervised);
  taker.take_all(index.chunk_first);
  taker.take_all(index.judgements);
  taker.take_all(digest);
  each_count(index.report, [&](std::uint64_t& value) { taker.take(value); });
  if (!taker.whole || !taker.left.empty() || !consistent(index))
    return corrupt("the index of the tokenised data set is damaged: " + prefix);
  index.digest.assign(digest.begin(), digest.end());
  return std::optional<TokenIndex>(std::move(index));
}

Result<std::unique_ptr<TokenSequences>> TokenSequences::packed(
    train::CheckpointStore& store, std::string prefix, TokenIndex index,
    const dataset::PackOptions& options) {
  std::unique_ptr<TokenSequences> made(
      new TokenSequences(store, std::move(prefix), std::move(index)));
  const std::vector<std::size_t> lengths(made->index_.lengths.begin(), made->index_.lengths.end());
  RESIDENCY_TRY(const auto plan, dataset::pack_plan(lengths, options, 0));
  made->members_.reserve(lengths.size());
  made->starts_.reserve(plan.size() + 1);
  made->starts_.push_back(0);
  for (const auto& members : plan) {
    for (const std::size_t member : members) {
      made->members_.push_back(static_cast<std::uint32_t>(member));
    }
    made->starts_.push_back(static_cast<std::uint32_t>(made->members_.size()));
  }
  return made;
}

std::unique_ptr<TokenSequences> TokenSequences::pairs(train::CheckpointStore& store,
                                                      std::string prefix, TokenIndex index) {
  std::unique_ptr<TokenSequences> made(
      new TokenSequences(store, std::move(prefix), std::move(index)));
  made->members_.resize(made->index_.lengths.size() / 2 * 2);
  std::iota(made->members_.begin(), made->members_.end(), std::uint32_t{0});
  for (std::size_t at = 0; at <= made->members_.size(); at += 2) {
    made->starts_.push_back(static_cast<std::uint32_t>(at));
  }
  return made;
}

std::int64_t TokenSequences::tokens(std::size_t index) const {
  std::int64_t sum = 0;
  for (std::size_t i = starts_[index]; i < starts_[index + 1]; ++i) {
    sum += static_cast<std::int64_t>(index_.lengths[members_[i]]) - 1;
  }
  return sum;
}

std::int64_t TokenSequences::supervised(std::size_t index) const {
  std::int64_t sum = 0;
  for (std::size_t i = starts_[index]; i < starts_[index + 1]; ++i) {
    sum += index_.supervised[members_[i]];
  }
  return sum;
}

Result<const TokenSequences::Chunk*> TokenSequences::chunk_of(std::size_t example) {
  const auto& first = index_.chunk_first;
  const auto after = std::upper_bound(first.begin(), first.end(), example);
  const auto number = static_cast<std::size_t>(after - first.begin()) - 1;
  const auto kept = std::find_if(chunks_.begin(), chunks_.end(),
                                 [&](const Chunk& chunk) { return chunk.number == number; });
  if (kept != chunks_.end()) {
    chunks_.splice(chunks_.begin(), chunks_, kept);
    return static_cast<const Chunk*>(&chunks_.front());
  }
  RESIDENCY_TRY(auto bytes, store_.get(chunk_name(prefix_, number)));
  const std::size_t end = after == first.end() ? index_.lengths.size() : *after;
  Chunk chunk{number, bytes ? *std::move(bytes) : std::string(), {}};
  std::size_t offset = 0;
  for (std::size_t i = first[number]; i < end; ++i) {
    chunk.offsets.push_back(offset);
    offset += bytes_of(index_.lengths[i]);
  }
  if (offset != chunk.bytes.size())
    return corrupt("a piece of the tokenised data set is missing or cut short: " +
                   chunk_name(prefix_, number));
  if (chunks_.size() == kChunksKept) chunks_.pop_back();
  chunks_.push_front(std::move(chunk));
  return static_cast<const Chunk*>(&chunks_.front());
}

Result<dataset::TokenizedExample> TokenSequences::example(std::size_t number) {
  RESIDENCY_TRY(const Chunk* chunk, chunk_of(number));
  const std::size_t count = index_.lengths[number];
  const char* at = chunk->bytes.data() + chunk->offsets[number - index_.chunk_first[chunk->number]];
  dataset::TokenizedExample made;
  made.tokens.resize(count);
  made.loss.resize(count);
  std::memcpy(made.tokens.data(), at, count * 4);
  at += count * 4;
  for (std::size_t i = 0; i < count; ++i) {
    made.loss[i] =
        static_cast<std::uint8_t>((static_cast<unsigned char>(at[i / 8]) >> (i % 8)) & 1);
  }
  return made;
}

Result<dataset::PackedSequence> TokenSequences::read(std::size_t index) {
  std::vector<dataset::TokenizedExample> examples;
  std::vector<std::size_t> members;
  for (std::size_t i = starts_[index]; i < starts_[index + 1]; ++i) {
    RESIDENCY_TRY(auto one, example(members_[i]));
    members.push_back(examples.size());
    examples.push_back(std::move(one));
  }
  dataset::PackedSequence sequence = dataset::pack_sequence(examples, members);
  sequence.examples.assign(members_.begin() + starts_[index],
                           members_.begin() + starts_[index + 1]);
  if (index < index_.judgements.size())
    sequence.judgement = static_cast<dataset::Judgement>(index_.judgements[index]);
  return sequence;
}

std::string TokenSequences::digest() const {
  crypto::Sha256 digest;
  digest.update(index_.digest);
  const auto absorb = [&](const auto& values) {
    digest.update(
        {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values.front())});
  };
  absorb(index_.lengths);
  absorb(members_);
  absorb(starts_);
  absorb(index_.judgements);
  return digest.finish_hex();
}

}  // namespace residency::pipeline
