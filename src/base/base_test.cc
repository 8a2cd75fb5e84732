#include "base/base.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace residency {
namespace {

using ::testing::HasSubstr;

std::string temp_dir() {
  const std::string path = ::testing::TempDir() + "residency_base_" +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

TEST(ErrorTable, EveryCodeHasItsOwnRowAndName) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_EQ(traits(code).code, code);
    EXPECT_EQ(error_code_named(traits(code).name), code);
  }
  EXPECT_EQ(traits(ErrorCode::kGateRefused).exit_code, 3);
  EXPECT_EQ(traits(ErrorCode::kInvalidArgument).exit_code, 2);
  EXPECT_EQ(traits(ErrorCode::kCancelled).exit_code, 130);
}

TEST(Config, ReportsEveryProblemAtOnceWithLineAndKey) {
  auto node = ConfigNode::parse("rank: 0\nepohcs: 3\nlr: fast\n", "recipe.yaml");
  ASSERT_TRUE(node.ok());
  ConfigReader reader(*node, "train.");
  EXPECT_EQ(reader.integer("rank", 16, 1, 256), 16);
  EXPECT_EQ(reader.integer("epochs", 1, 1, 100), 1);
  EXPECT_DOUBLE_EQ(reader.number("lr", 1e-4, 0, 1), 1e-4);
  auto finished = reader.finish();
  ASSERT_FALSE(finished.ok());
  EXPECT_EQ(finished.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(finished.error().message(), HasSubstr("recipe.yaml:1: train.rank must be"));
  EXPECT_THAT(finished.error().message(), HasSubstr("recipe.yaml:2: unknown key 'train.epohcs'"));
  EXPECT_THAT(finished.error().message(), HasSubstr("recipe.yaml:3: train.lr must be"));
}

TEST(Config, OverridesReachNestedKeys) {
  auto node = ConfigNode::parse("train: {rank: 8}\n", "recipe.yaml");
  ASSERT_TRUE(node.ok());
  auto changed = node->with_overrides({"train.rank=32", "eval.items=5"});
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(changed->canonical_json(), R"({"eval":{"items":5},"train":{"rank":32}})");
  EXPECT_EQ(node->canonical_json(), R"({"train":{"rank":8}})");
  EXPECT_FALSE(node->with_overrides({"rank"}).ok());
}

TEST(Config, OverridesLeaveLineNumbersAsTheyWere) {
  auto node = ConfigNode::parse("train:\n  rank: 8\n  epohcs: 2\n", "recipe.yaml");
  ASSERT_TRUE(node.ok());
  auto changed = node->with_overrides({"train.rank=32"});
  ASSERT_TRUE(changed.ok());
  ConfigReader root(*changed);
  ConfigReader reader(root.child("train"), "train.");
  EXPECT_EQ(reader.integer("rank", 16, 1, 256), 32);
  EXPECT_THAT(reader.finish().error().message(), HasSubstr("recipe.yaml:3: unknown key"));
}

TEST(Config, AMissingChildIsAnEmptyMap) {
  ConfigReader reader(*ConfigNode::parse("a: 1\n", "r"));
  EXPECT_TRUE(reader.child("b").is_map());
  EXPECT_TRUE(reader.child("b").members().empty());
}

TEST(Config, RefusesAliasesAndBrokenYaml) {
  EXPECT_FALSE(ConfigNode::parse("a: &x [1]\nb: *x\n", "r").ok());
  EXPECT_FALSE(ConfigNode::parse("a: [1\n", "r").ok());
  EXPECT_FALSE(ConfigNode::parse("- 1\n", "r").ok());
}

TEST(JsonText, NamesTheByteAndNeverTheText) {
  auto parsed = parse_json(R"({"name": "SECRETNAME)");
  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(parsed.error().message(), HasSubstr("byte"));
  EXPECT_THAT(parsed.error().message(), ::testing::Not(HasSubstr("SECRETNAME")));
  EXPECT_FALSE(parse_json(std::string(300, '[') + std::string(300, ']')).ok());
  EXPECT_TRUE(parse_json(std::string(200, '[') + std::string(200, ']')).ok());
}

TEST(LabelText, KeepsOnlySafeCharacters) {
  EXPECT_EQ(Label("a b\nc").text(), "a-b-c");
  EXPECT_EQ(Label(std::string(500, 'x')).text().size(), 128u);
}

TEST(PosixEnv, AtomicWriteLeavesNoPart) {
  Env& env = Env::posix();
  const std::string dir = temp_dir();
  ASSERT_TRUE(env.write_file_atomic(dir + "/a", "one").ok());
  ASSERT_TRUE(env.write_file_atomic(dir + "/a", "two").ok());
  EXPECT_EQ(env.read_file(dir + "/a").value(), "two");
  EXPECT_EQ(env.list(dir)->size(), 1u);
  EXPECT_EQ(env.read_file(dir + "/b").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(env.read_file(dir + "/a", 2).error().code(), ErrorCode::kResourceExhausted);
}

TEST(PosixEnv, LockExcludesASecondHolder) {
  Env& env = Env::posix();
  const std::string path = temp_dir() + "/lock";
  auto first = env.lock(path);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(env.lock(path).error().code(), ErrorCode::kFailedPrecondition);
  first->reset();
  EXPECT_TRUE(env.lock(path).ok());
}

TEST(Time, FormatsUtc) { EXPECT_EQ(format_utc(1700000000123), "2023-11-14T22:13:20.123Z"); }

}  // namespace
}  // namespace residency
