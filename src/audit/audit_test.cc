#include "audit/audit.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/checkpoint.h"
#include "audit/event_line.h"
#include "audit/merkle.h"
#include "base/fault_env.h"
#include "crypto/sha256.h"

namespace residency::audit {
namespace {

namespace fs = std::filesystem;

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

Event event_named(const std::string& type) {
  Event event;
  event.type = type;
  event.phase = "intent";
  event.actor = "os:0";
  event.objects = {"corpus.raw-0123456789abcdef"};
  event.counts["records"] = 3;
  return event;
}

class AuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "residency_audit_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    ASSERT_TRUE(store::Workspace::init(Env::posix(), root_).ok());
    workspace_ = store::Workspace::open(Env::posix(), root_).value();
    log_ = AuditLog::open(*workspace_).value();
    for (const char* type : {"ingest.run", "deid.run", "train.run"})
      ASSERT_TRUE(log_->append(event_named(type)).ok());
  }
  std::string log_path() const { return root_ + "/audit/log-000001.jsonl"; }
  std::string checkpoint_path() const { return root_ + "/audit/checkpoint.json"; }
  bool intact() { return log_->verify().value().intact; }

  std::string root_;
  std::unique_ptr<store::Workspace> workspace_;
  std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditTest, AnUntouchedLogIsIntact) {
  auto report = log_->verify();
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->intact);
  EXPECT_EQ(report->events, 3u);
  EXPECT_EQ(log_->tail(2)->size(), 2u);
}

TEST_F(AuditTest, EveryFlippedByteOfLogAndCheckpointIsFound) {
  for (const std::string& path : {log_path(), checkpoint_path()}) {
    const std::string bytes = slurp(path);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      spill(path, changed);
      ASSERT_FALSE(intact()) << path << " byte " << at;
    }
    spill(path, bytes);
    ASSERT_TRUE(intact());
  }
}

TEST_F(AuditTest, EveryShorterLogIsFound) {
  const std::string bytes = slurp(log_path());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    spill(log_path(), bytes.substr(0, length));
    ASSERT_FALSE(intact()) << length;
  }
}

TEST_F(AuditTest, DeletedDoubledMovedAndAddedLinesAreFound) {
  const std::string bytes = slurp(log_path());
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto end = bytes.find('\n', at);
    lines.push_back(bytes.substr(at, end - at + 1));
    at = end + 1;
  }
  for (const std::string& changed :
       {lines[0] + lines[2], lines[0] + lines[1] + lines[1] + lines[2],
        lines[1] + lines[0] + lines[2], bytes + lines[2], bytes + "{}\n", "\n" + bytes}) {
    spill(log_path(), changed);
    EXPECT_FALSE(intact());
    EXPECT_FALSE(log_->append(event_named("late")).ok() && intact());
    spill(log_path(), bytes);
  }
}

TEST_F(AuditTest, AnOlderPairOfLogAndCheckpointIsFound) {
  const std::string log = slurp(log_path());
  const std::string checkpoint = slurp(checkpoint_path());
  ASSERT_TRUE(log_->append(event_named("deploy.promote")).ok());
  spill(log_path(), log);
  spill(checkpoint_path(), checkpoint);
  auto report = log_->verify();
  EXPECT_FALSE(report->intact);
  EXPECT_EQ(report->damage, "cut");
  EXPECT_FALSE(log_->append(event_named("deploy.promote")).ok());
}

TEST_F(AuditTest, AnotherWorkspacesLogIsRefused) {
  const std::string other_root = root_ + "_other";
  fs::remove_all(other_root);
  ASSERT_TRUE(store::Workspace::init(Env::posix(), other_root).ok());
  auto other = store::Workspace::open(Env::posix(), other_root).value();
  auto other_log = AuditLog::open(*other).value();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(other_log->append(event_named("ingest.run")).ok());
  spill(log_path(), slurp(other_root + "/audit/log-000001.jsonl"));
  spill(checkpoint_path(), slurp(other_root + "/audit/checkpoint.json"));
  EXPECT_FALSE(intact());
}

TEST(EventLine, JsonThatIsNoObjectIsCorrupt) {
  for (const char* line : {"11", "[]", "null", "\"code\"", "{}", ""})
    EXPECT_EQ(check_line(line, "key").ok(), false) << line;
  const crypto::Secret seed(std::string(32, 's'));
  for (const char* line : {"11\n", "[]\n", "null\n", "{}\n", ""})
    EXPECT_EQ(decode(line, seed).ok(), false) << line;
}

TEST_F(AuditTest, FreeTextIsRefused) {
  Event event = event_named("ingest.run");
  event.objects = {"John Smith"};
  EXPECT_EQ(log_->append(event).error().code(), ErrorCode::kInvalidArgument);
  event = event_named("Ingest Run");
  EXPECT_FALSE(log_->append(event).ok());
}

TEST_F(AuditTest, AFailureAtAnyWriteIsRecoveredFrom) {
  bool wrote = false;
  for (int allowed = 0; allowed < 50 && !wrote; ++allowed) {
    FaultEnv faulty(Env::posix(), allowed);
    auto workspace = store::Workspace::open(faulty, root_).value();
    wrote = AuditLog::open(*workspace).value()->append(event_named("late")).ok();
    workspace.reset();
    ASSERT_TRUE(intact()) << allowed;
    ASSERT_TRUE(log_->append(event_named("after")).ok()) << allowed;
    ASSERT_TRUE(intact()) << allowed;
  }
  EXPECT_TRUE(wrote);
}

TEST(Merkle, EqualsTheRecursiveDefinition) {
  // RFC 6962, 2.1: MTH of n leaves splits at the largest power of two below n.
  std::vector<std::string> leaves;
  const std::function<std::string(std::size_t, std::size_t)> mth = [&](std::size_t begin,
                                                                       std::size_t end) {
    if (end - begin == 1) return crypto::sha256(std::string(1, '\0') + leaves[begin]);
    std::size_t split = 1;
    while (split * 2 < end - begin) split *= 2;
    return crypto::sha256(std::string(1, '\x01') + mth(begin, begin + split) +
                          mth(begin + split, end));
  };
  MerkleFrontier tree;
  for (int i = 0; i < 70; ++i) {
    leaves.push_back("leaf " + std::to_string(i));
    tree.add(leaves.back());
    EXPECT_EQ(tree.root(), mth(0, leaves.size()));
    EXPECT_TRUE(tree.consistent());
  }
}

}  // namespace
}  // namespace residency::audit
