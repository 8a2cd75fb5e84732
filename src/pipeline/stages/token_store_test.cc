#include "pipeline/stages/token_store.h"

#include <gtest/gtest.h>
#include <map>
#include <numeric>

namespace residency::pipeline {
namespace {

class MemoryStore final : public train::CheckpointStore {
 public:
  Result<void> put(const std::string& name, std::string_view bytes) override {
    blobs[name] = std::string(bytes);
    return {};
  }
  Result<std::optional<std::string>> get(const std::string& name) override {
    ++gets;
    const auto found = blobs.find(name);
    if (found == blobs.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }
  Result<void> remove(const std::string& name) override {
    blobs.erase(name);
    return {};
  }
  std::map<std::string, std::string> blobs;
  int gets = 0;
};

/// Enough tokens for several chunks, of lengths that differ.
std::vector<dataset::TokenizedExample> examples(std::size_t count) {
  std::vector<dataset::TokenizedExample> all;
  for (std::size_t i = 0; i < count; ++i) {
    dataset::TokenizedExample example;
    for (std::size_t t = 0; t < 2 + i * 37 % 300; ++t) {
      example.tokens.push_back(static_cast<std::int32_t>(i * 1000 + t));
      example.loss.push_back(t > i % 5 ? 1 : 0);
    }
    all.push_back(std::move(example));
  }
  return all;
}

TokenIndex write(MemoryStore& store, const std::vector<dataset::TokenizedExample>& all,
                 const std::string& key = "key") {
  TokenWriter writer(store, "tokens/train");
  dataset::TruncationReport report;
  report.examples = all.size();
  report.longest_tokens = 301;
  for (const auto& example : all) EXPECT_TRUE(writer.append(example).ok());
  return writer.finish(key, report).value();
}

TEST(TokenStore, GivesTheSequencesThatPackingInMemoryGives) {
  const auto all = examples(3000);
  dataset::PackOptions options;
  options.tokens_max = 512;
  options.seed = 9;
  const auto expected = dataset::pack(all, options, 0).value();
  MemoryStore store;
  write(store, all);
  EXPECT_GT(store.blobs.size(), 3u);
  auto index = find_tokens(store, "tokens/train", "key").value();
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->report.examples, 3000u);
  EXPECT_EQ(index->report.longest_tokens, 301u);
  const auto made =
      TokenSequences::packed(store, "tokens/train", *std::move(index), options).value();
  ASSERT_EQ(made->size(), expected.size());
  const dataset::SequenceSet set(*made);
  const dataset::SequenceSet held(expected);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    dataset::PackedSequence room;
    const auto* one = set.read(i, room).value();
    ASSERT_EQ(one->tokens, expected[i].tokens);
    ASSERT_EQ(one->targets, expected[i].targets);
    ASSERT_EQ(one->positions, expected[i].positions);
    ASSERT_EQ(one->segment_starts, expected[i].segment_starts);
    ASSERT_EQ(one->examples, expected[i].examples);
    ASSERT_EQ(set.tokens(i), held.tokens(i));
    ASSERT_EQ(set.supervised(i), held.supervised(i));
  }
}

TEST(TokenStore, PairsComeWithTheirJudgements) {
  MemoryStore store;
  TokenWriter writer(store, "tokens/train");
  const auto all = examples(6);
  for (std::size_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(writer.append(all[i]).ok());
    if (i % 2 == 1)
      writer.judge(i == 3 ? dataset::Judgement::kUndesirable : dataset::Judgement::kDesirable);
  }
  ASSERT_TRUE(writer.finish("key", {}).ok());
  const auto pairs = TokenSequences::pairs(store, "tokens/train",
                                           *find_tokens(store, "tokens/train", "key").value());
  ASSERT_EQ(pairs->size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto expected = dataset::pack_sequence(all, {2 * i, 2 * i + 1});
    const auto one = pairs->read(i).value();
    EXPECT_EQ(one.tokens, expected.tokens);
    EXPECT_EQ(one.segment_starts, expected.segment_starts);
    EXPECT_EQ(one.judgement,
              i == 1 ? dataset::Judgement::kUndesirable : dataset::Judgement::kDesirable);
  }
}

TEST(TokenStore, TokensOfAnotherKeyAreNotTaken) {
  MemoryStore store;
  write(store, examples(5), "one");
  EXPECT_FALSE(find_tokens(store, "tokens/train", "two").value().has_value());
  EXPECT_FALSE(find_tokens(store, "tokens/other", "one").value().has_value());
  EXPECT_TRUE(find_tokens(store, "tokens/train", "one").value().has_value());
}

TEST(TokenStore, WhatIsDamagedIsFound) {
  MemoryStore store;
  write(store, examples(3000));
  dataset::PackOptions options;
  options.tokens_max = 512;
  std::string& index = store.blobs["tokens/train/index"];
  const std::string whole = index;
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{7}, whole.size() / 2, whole.size() - 1}) {
    index = whole.substr(0, length);
    EXPECT_FALSE(find_tokens(store, "tokens/train", "key").ok()) << length;
  }
  index = whole;
  auto made = TokenSequences::packed(store, "tokens/train",
                                     *find_tokens(store, "tokens/train", "key").value(), options)
                  .value();
  store.blobs["tokens/train/000001"].pop_back();
  bool found = false;
  for (std::size_t i = 0; i < made->size() && !found; ++i) {
    const auto read = made->read(i);
    found = !read.ok() && read.error().code() == ErrorCode::kCorrupt;
  }
  EXPECT_TRUE(found);
}

TEST(TokenStore, DigestsTellSetsApart) {
  dataset::PackOptions options;
  options.tokens_max = 512;
  const auto digest = [&](const std::vector<dataset::TokenizedExample>& all, std::uint64_t seed) {
    MemoryStore store;
    options.seed = seed;
    return TokenSequences::packed(store, "tokens/train", write(store, all), options)
        .value()
        ->digest();
  };
  auto all = examples(100);
  const std::string first = digest(all, 1);
  EXPECT_EQ(digest(all, 1), first);
  EXPECT_NE(digest(all, 2), first);
  all[50].tokens[1] += 1;
  EXPECT_NE(digest(all, 1), first);
}

}  // namespace
}  // namespace residency::pipeline
