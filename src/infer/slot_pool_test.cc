#include "infer/slot_pool.h"

#include <gtest/gtest.h>
#include <numeric>

namespace residency::infer {
namespace {

Tokens counted(std::int32_t from, std::size_t count) {
  Tokens tokens(count);
  std::iota(tokens.begin(), tokens.end(), from);
  return tokens;
}

/// What a request does: computes its prompt and `generated` tokens more.
void run(SlotPool& pool, std::size_t slot, const Tokens& prompt, const Tokens& generated = {}) {
  pool.at(slot).computed = prompt;
  auto& computed = pool.at(slot).computed;
  computed.insert(computed.end(), generated.begin(), generated.end());
}

TEST(SlotPool, KeepsWhatThePromptSharesButItsLastToken) {
  SlotPool pool(4, true);
  const Tokens prompt = counted(0, 10);
  const auto first = pool.take(prompt, 0).value();
  EXPECT_EQ(first.slot, 0u);
  EXPECT_EQ(first.kept, 0u);
  run(pool, 0, prompt, counted(100, 3));
  pool.give_back(0);
  const auto again = pool.take(prompt, 0).value();
  EXPECT_EQ(again.slot, 0u);
  EXPECT_EQ(again.kept, 9u);
  EXPECT_EQ(pool.at(0).computed, counted(0, 9));
}

TEST(SlotPool, ASecondTurnKeepsTheAnswerToo) {
  SlotPool pool(2, true);
  Tokens prompt = counted(0, 10);
  run(pool, pool.take(prompt, 0)->slot, prompt, counted(10, 5));
  pool.give_back(0);
  EXPECT_EQ(pool.take(counted(0, 20), 0)->kept, 15u);
}

TEST(SlotPool, AnotherVariantSharesNothing) {
  SlotPool pool(1, true);
  const Tokens prompt = counted(0, 10);
  run(pool, pool.take(prompt, 0)->slot, prompt);
  pool.give_back(0);
  EXPECT_EQ(pool.take(prompt, 1)->kept, 0u);
}

TEST(SlotPool, WithoutKeepingNothingIsKept) {
  SlotPool pool(1, false);
  const Tokens prompt = counted(0, 10);
  run(pool, pool.take(prompt, 0)->slot, prompt);
  pool.give_back(0);
  EXPECT_TRUE(pool.at(0).computed.empty());
  EXPECT_EQ(pool.take(prompt, 0)->kept, 0u);
}

TEST(SlotPool, ALongSharedBeginningIsCopiedFromARunningSequence) {
  SlotPool pool(3, true);
  const Tokens prompt = counted(0, 200);
  run(pool, pool.take(prompt, 0)->slot, prompt);
  Tokens other = counted(0, 150);
  other.push_back(999);
  const auto second = pool.take(other, 0).value();
  EXPECT_EQ(second.slot, 1u);
  ASSERT_TRUE(second.copy_from.has_value());
  EXPECT_EQ(*second.copy_from, 0u);
  EXPECT_EQ(second.kept, 150u);
  EXPECT_EQ(pool.at(1).computed, counted(0, 150));
  Tokens shorter = counted(0, 20);
  shorter.push_back(999);
  EXPECT_FALSE(pool.take(shorter, 0)->copy_from.has_value()) << "a copy costs more than 20 tokens";
}

TEST(SlotPool, WhatWouldBeOverwrittenMovesWhereNothingRuns) {
  SlotPool pool(4, true);
  std::vector<Tokens> prompts;
  for (int i = 0; i < 3; ++i) prompts.push_back(counted(1000 * i, 100));
  for (const Tokens& prompt : prompts) {
    const auto place = pool.take(prompt, 0).value();
    run(pool, place.slot, prompt);
    pool.give_back(place.slot);
  }
  int known = 0;
  for (const Tokens& prompt : prompts) {
    const auto place = pool.take(prompt, 0).value();
    if (place.kept == 99) ++known;
    run(pool, place.slot, prompt);
    pool.give_back(place.slot);
  }
  EXPECT_EQ(known, 3);
}

TEST(SlotPool, RunningSequencesStandAtTheFront) {
  SlotPool pool(32, true);
  std::vector<std::size_t> slots;
  for (int i = 0; i < 8; ++i) slots.push_back(pool.take(counted(100 * i, 5), 0)->slot);
  for (const std::size_t slot : slots) EXPECT_LT(slot, 9u);
  EXPECT_EQ(pool.busy(), 8u);
}

TEST(SlotPool, NoneWhenAllAreBusy) {
  SlotPool pool(1, true);
  ASSERT_TRUE(pool.take({1}, 0).has_value());
  EXPECT_FALSE(pool.take({1}, 0).has_value());
  pool.give_back(0);
  EXPECT_TRUE(pool.take({1}, 0).has_value());
}

}  // namespace
}  // namespace residency::infer
