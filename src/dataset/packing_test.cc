#include "dataset/packing.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>

#include "base/env.h"
#include "dataset/keyed_hash.h"
#include "model/tiny_model.h"

namespace residency::dataset {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int32_t kStart = 256;
constexpr std::int32_t kEnd = 257;

/// One token per byte and two special ones, with ChatML or a template broken on purpose.
class ByteTokenizer final : public model::Tokenizer {
 public:
  bool breaks_boundary = false;
  bool ends_turn = true;

  std::vector<std::int32_t> encode(std::string_view text, bool, bool) const override {
    std::vector<std::int32_t> tokens;
    while (!text.empty()) {
      if (text.starts_with("<s>") || text.starts_with("<e>")) {
        tokens.push_back(text[1] == 's' ? kStart : kEnd);
        text.remove_prefix(3);
      } else {
        tokens.push_back(static_cast<unsigned char>(text[0]));
        text.remove_prefix(1);
      }
    }
    return tokens;
  }
  std::string decode(const std::vector<std::int32_t>& tokens, bool) const override {
    std::string text;
    for (const auto token : tokens) {
      if (token == kStart) text += "<s>";
      if (token == kEnd) text += "<e>";
      if (token < 256) text += static_cast<char>(token);
    }
    return text;
  }
  int vocabulary_size() const override { return 258; }
  std::int32_t end_of_turn() const override { return kEnd; }
  std::int32_t bos() const override { return -1; }
  bool add_bos() const override { return false; }
  Result<std::string> render_chat(const std::vector<model::TemplateMessage>& messages,
                                  bool add_assistant) const override {
    std::string text;
    for (const auto& message : messages) {
      text += "<s>" + message.role.substr(0, 1) + ":" + message.content;
      if (ends_turn) text += "<e>\n";
    }
    if (add_assistant) text += breaks_boundary ? "<s>answer:" : "<s>a:";
    return text;
  }
};

Example example(std::string prompt, std::string completion) {
  Example made;
  made.id = "x1";
  made.messages = {{"user", std::move(prompt)}, {"assistant", std::move(completion)}};
  return made;
}

std::string trained_text(const TokenizedExample& tokenized, const ByteTokenizer& tokenizer) {
  std::vector<std::int32_t> trained;
  for (std::size_t i = 0; i < tokenized.tokens.size(); ++i) {
    if (tokenized.loss[i] != 0) trained.push_back(tokenized.tokens[i]);
  }
  return tokenizer.decode(trained, true);
}

TEST(Tokenize, loss_is_on_the_completion_and_the_end_of_turn_only) {
  const ByteTokenizer tokenizer;
  TruncationReport report;
  auto tokenized = tokenize(example("codes?", "I10"), tokenizer, 100, report);
  ASSERT_TRUE(tokenized.ok()) << tokenized.error().message();
  EXPECT_EQ(tokenizer.decode(tokenized->tokens, true), "<s>u:codes?<e>\n<s>a:I10<e>");
  EXPECT_EQ(trained_text(*tokenized, tokenizer), "I10<e>");
  EXPECT_EQ(report.examples, 1u);
  EXPECT_EQ(report.kept_whole, 1u);
  EXPECT_EQ(report.loss_tokens, 4u);
  EXPECT_EQ(preview(*tokenized, tokenizer), "<s>u:codes?<e>\n<s>a:⟦I⟧⟦1⟧⟦0⟧⟦<e>⟧");
}

TEST(Tokenize, of_several_answers_only_the_last_is_trained) {
  const ByteTokenizer tokenizer;
  TruncationReport report;
  Example turns;
  turns.messages = {{"user", "a"}, {"assistant", "b"}, {"user", "c"}, {"assistant", "d"}};
  auto tokenized = tokenize(turns, tokenizer, 100, report);
  ASSERT_TRUE(tokenized.ok());
  EXPECT_EQ(trained_text(*tokenized, tokenizer), "d<e>");
}

TEST(Tokenize, weights_say_which_answers_are_trained) {
  const ByteTokenizer tokenizer;
  TruncationReport report;
  Example two = example("q1", "r1");
  two.messages.push_back({"user", "q2"});
  two.messages.push_back({"assistant", "r2", TurnWeight::kTrained});
  two.messages[1].weight = TurnWeight::kTrained;
  auto tokenized = tokenize(two, tokenizer, 100, report).value();
  EXPECT_EQ(tokenizer.decode(tokenized.tokens, true),
            "<s>u:q1<e>\n<s>a:r1<e>\n<s>u:q2<e>\n<s>a:r2<e>");
  EXPECT_EQ(trained_text(tokenized, tokenizer), "r1<e>r2<e>");
  EXPECT_EQ(report.loss_tokens, 6u);
  // What follows the last trained answer is left out.
  two.messages[3].weight = TurnWeight::kPassedOver;
  tokenized = tokenize(two, tokenizer, 100, report).value();
  EXPECT_EQ(tokenizer.decode(tokenized.tokens, true), "<s>u:q1<e>\n<s>a:r1<e>");
  two.messages[1].weight = TurnWeight::kPassedOver;
  EXPECT_FALSE(tokenize(two, tokenizer, 100, report).ok());
  two.messages[1].weight = TurnWeight::kTrained;
  EXPECT_TRUE(tokenize(two, tokenizer, 10, report).value().tokens.empty());
  EXPECT_EQ(report.dropped, 1u);
}

TEST(TokenizeText, every_token_is_a_target_once) {
  const ByteTokenizer tokenizer;
  Example text;
  text.format = Format::kText;
  text.messages = {{"user", "abcdefgh"}};
  TruncationReport report;
  const auto parts = tokenize_text(text, tokenizer, 4, report).value();
  std::string targets;
  for (const auto& part : parts) {
    ASSERT_LE(part.tokens.size(), 4u);
    targets += tokenizer.decode({part.tokens.begin() + 1, part.tokens.end()}, true);
  }
  EXPECT_EQ(targets, "bcdefgh<e>");
  EXPECT_EQ(report.loss_tokens, 8u);
  EXPECT_FALSE(tokenize(text, tokenizer, 100, report).ok());
  EXPECT_FALSE(tokenize_text(example("a", "b"), tokenizer, 100, report).ok());
}

TEST(Tokenize, a_completion_format_has_no_template_but_ends) {
  const ByteTokenizer tokenizer;
  TruncationReport report;
  Example made = example("Answer:", " yes");
  made.format = Format::kCompletion;
  auto tokenized = tokenize(made, tokenizer, 100, report);
  ASSERT_TRUE(tokenized.ok());
  EXPECT_EQ(tokenizer.decode(tokenized->tokens, true), "Answer: yes<e>");
  EXPECT_EQ(trained_text(*tokenized, tokenizer), " yes<e>");
}

TEST(Tokenize, the_end_of_turn_is_added_where_the_template_writes_none) {
  ByteTokenizer tokenizer;
  tokenizer.ends_turn = false;
  TruncationReport report;
  auto tokenized = tokenize(example("p", "I10"), tokenizer, 100, report);
  ASSERT_TRUE(tokenized.ok());
  EXPECT_EQ(trained_text(*tokenized, tokenizer), "I10<e>");
}

TEST(Tokenize, a_template_whose_prompt_is_no_prefix_is_refused) {
  ByteTokenizer tokenizer;
  tokenizer.breaks_boundary = true;
  TruncationReport report;
  auto tokenized = tokenize(example("p", "I10"), tokenizer, 100, report);
  ASSERT_FALSE(tokenized.ok());
  EXPECT_EQ(tokenized.error().code(), ErrorCode::kInvalidInput);
}

TEST(Tokenize, too_long_examples_are_dropped_and_counted) {
  const ByteTokenizer tokenizer;
  TruncationReport report;
  // "<s>u:" 3 + 20 + "<e>\n<s>a:" 5 + "I10<e>" 4
  const Example long_one = example(std::string(20, 'n'), "I10");
  auto fits = tokenize(long_one, tokenizer, 32, report);
  ASSERT_TRUE(fits.ok());
  EXPECT_EQ(fits->tokens.size(), 32u);
  auto dropped = tokenize(long_one, tokenizer, 31, report);
  ASSERT_TRUE(dropped.ok());
  EXPECT_TRUE(dropped->tokens.empty());
  EXPECT_EQ(report.dropped, 1u);
  EXPECT_EQ(report.kept_whole, 1u);
  EXPECT_EQ(report.longest_tokens, 32u);
}

TEST(Tokenize, cutting_takes_the_start_of_the_user_text_and_keeps_the_template) {
  const ByteTokenizer tokenizer;
  TruncationReport report;
  report.too_long = TooLong::kCutPrompt;
  auto cut = tokenize(example("0123456789", "I10"), tokenizer, 16, report);
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(tokenizer.decode(cut->tokens, true), "<s>u:6789<e>\n<s>a:I10<e>");
  EXPECT_EQ(report.cut, 1u);
  EXPECT_EQ(report.prompt_tokens_cut, 6u);
  auto hopeless = tokenize(example("0123456789", std::string(40, 'x')), tokenizer, 16, report);
  ASSERT_TRUE(hopeless.ok());
  EXPECT_TRUE(hopeless->tokens.empty());
  EXPECT_EQ(report.dropped, 1u);
}

TEST(Tokenize, cutting_never_splits_a_code_point) {
  const ByteTokenizer tokenizer;
  TruncationReport report;
  report.too_long = TooLong::kCutPrompt;
  std::string text;
  for (int i = 0; i < 10; ++i) text += "é";
  for (std::size_t tokens_max = 14; tokens_max < 32; ++tokens_max) {
    auto cut = tokenize(example(text, "I10"), tokenizer, tokens_max, report);
    ASSERT_TRUE(cut.ok());
    EXPECT_EQ((cut->tokens.size() - 12) % 2, 0u) << tokens_max;
  }
}

TEST(Tokenize, the_real_tokenizer_gives_the_same_boundary) {
  auto bytes = model::make_tiny_llama(1);
  ASSERT_TRUE(bytes.ok());
  const std::string path = testing::TempDir() + "dataset_tiny.gguf";
  ASSERT_TRUE(Env::posix().write_file_atomic(path, *bytes).ok());
  auto tokenizer = model::Tokenizer::open(path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  TruncationReport report;
  auto tokenized = tokenize(example("Chest pain.", "I20.9, I10"), **tokenizer, 200, report);
  ASSERT_TRUE(tokenized.ok()) << tokenized.error().message();
  std::vector<std::int32_t> trained;
  for (std::size_t i = 0; i < tokenized->tokens.size(); ++i) {
    if (tokenized->loss[i] != 0) trained.push_back(tokenized->tokens[i]);
  }
  EXPECT_EQ((*tokenizer)->decode(trained, true), "I20.9, I10<|im_end|>");
  EXPECT_EQ(tokenized->tokens.back(), (*tokenizer)->end_of_turn());
  EXPECT_TRUE(Env::posix().remove(path).ok());
}

TokenizedExample tokens(std::vector<std::int32_t> ids, std::size_t prompt) {
  TokenizedExample made;
  made.loss.assign(ids.size(), 1);
  std::fill_n(made.loss.begin(), prompt, std::uint8_t{0});
  made.tokens = std::move(ids);
  return made;
}

TEST(Pack, a_sequence_holds_inputs_targets_and_restarting_positions) {
  const auto packed = pack_sequence({tokens({1, 2, 3, 4}, 2), tokens({7, 8, 9}, 1)}, {0, 1});
  EXPECT_THAT(packed.tokens, ElementsAre(1, 2, 3, 7, 8));
  EXPECT_THAT(packed.targets, ElementsAre(-1, 3, 4, 8, 9));
  EXPECT_THAT(packed.positions, ElementsAre(0, 1, 2, 0, 1));
  EXPECT_THAT(packed.segment_starts, ElementsAre(0u, 3u, 5u));
  EXPECT_THAT(packed.examples, ElementsAre(0u, 1u));
}

TEST(Pack, each_example_is_in_exactly_one_sequence_and_none_overflows) {
  RandomStream random(3);
  std::vector<std::size_t> lengths;
  for (int i = 0; i < 5000; ++i) lengths.push_back(2 + random.below(300));
  const PackOptions options{512, 9, 700};
  auto plan = pack_plan(lengths, options, 0);
  ASSERT_TRUE(plan.ok());
  std::vector<int> seen(lengths.size(), 0);
  std::size_t used = 0;
  for (const auto& members : *plan) {
    std::size_t places = 0;
    for (const auto member : members) {
      ++seen[member];
      places += lengths[member] - 1;
    }
    EXPECT_LE(places, options.tokens_max);
    used += places;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 5000);
  const double full =
      static_cast<double>(used) / static_cast<double>(plan->size() * options.tokens_max);
  EXPECT_GT(full, 0.97);
}

TEST(Pack, the_seed_and_the_epoch_decide_the_order_and_nothing_else) {
  std::vector<std::size_t> lengths(100, 10);
  const auto plan = [&](std::uint64_t seed, std::uint64_t epoch) {
    return pack_plan(lengths, {64, seed, 32}, epoch).value();
  };
  EXPECT_EQ(plan(1, 0), plan(1, 0));
  EXPECT_NE(plan(1, 0), plan(1, 1));
  EXPECT_NE(plan(1, 0), plan(2, 0));
  auto order = epoch_order(100, 1, 0);
  std::sort(order.begin(), order.end());
  std::vector<std::size_t> all(100);
  std::iota(all.begin(), all.end(), std::size_t{0});
  EXPECT_EQ(order, all);
}

TEST(Pack, an_example_of_exactly_the_places_fits_and_one_more_is_refused) {
  EXPECT_TRUE(pack_plan({9}, {8, 0, 4}, 0).ok());
  auto refused = pack_plan({3, 10}, {8, 0, 4}, 0);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("8 places: 1"));
}

TEST(Pack, examples_that_were_dropped_are_left_out) {
  auto plan = pack_plan({0, 5, 1}, {8, 0, 4}, 0);
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->size(), 1u);
  EXPECT_THAT((*plan)[0], ElementsAre(1u));
  EXPECT_TRUE(pack_plan({}, {8, 0, 4}, 0)->empty());
}

TEST(KeyedHash, agrees_with_the_papers_vector) {
  std::string input;
  for (char c = 0; c < 15; ++c) input.push_back(c);
  EXPECT_EQ(siphash(0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL, input), 0xa129ca6149be45e5ULL);
}

}  // namespace
}  // namespace residency::dataset
