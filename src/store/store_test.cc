#include "store/store.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fault_env.h"
#include "crypto/sha256.h"
#include "store/layout.h"

namespace residency::store {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

std::string fresh_dir(const std::string& name) {
  const std::string path = ::testing::TempDir() + "residency_store_" + name + "_" +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name();
  fs::remove_all(path);
  return path;
}

std::unique_ptr<Workspace> make(const std::string& root, Env& env = Env::posix()) {
  EXPECT_TRUE(Workspace::init(Env::posix(), root).ok());
  auto workspace = Workspace::open(env, root);
  EXPECT_TRUE(workspace.ok());
  return std::move(workspace).value();
}

Result<Manifest> write(Workspace& workspace, const std::string& kind, const std::string& text,
                       std::vector<std::string> parents = {}) {
  RESIDENCY_TRY(auto writer, workspace.write_artifact());
  RESIDENCY_TRY_VOID(writer->begin("records.jsonl"));
  RESIDENCY_TRY_VOID(writer->append(text));
  Manifest manifest;
  manifest.kind = kind;
  manifest.parents = std::move(parents);
  manifest.counts["records"] = 1;
  return writer->commit(std::move(manifest));
}

std::vector<std::string> all_files(const std::string& root) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  return files;
}

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Workspace, ASecondInitIsRefusedAndAnEmptyFolderSaysWhatToDo) {
  const std::string root = fresh_dir("w");
  EXPECT_THAT(Workspace::open(Env::posix(), root).error().message(), HasSubstr("residency init"));
  ASSERT_TRUE(Workspace::init(Env::posix(), root).ok());
  EXPECT_EQ(Workspace::init(Env::posix(), root).error().code(), ErrorCode::kAlreadyExists);
}

TEST(Workspace, EqualContentHasAnEqualIdWhoeverMadeIt) {
  auto first = make(fresh_dir("a"));
  auto second = make(fresh_dir("b"));
  auto one = write(*first, "corpus.clean", "line\n");
  auto two = write(*second, "corpus.clean", "line\n", {});
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(one->id, two->id);
  EXPECT_NE(one->id, write(*first, "corpus.clean", "other\n")->id);
  EXPECT_TRUE(first->has_artifact(one->id));
  EXPECT_EQ(write(*first, "corpus.clean", "line\n")->created_at, one->created_at);
}

TEST(Workspace, LinesComeBackAcrossChunkBorders) {
  auto workspace = make(fresh_dir("w"));
  std::string text;
  std::vector<std::string> lines;
  for (int i = 0; i < 3000; ++i) {
    lines.push_back(std::string(static_cast<std::size_t>(i % 257), 'a' + i % 26));
    text += lines.back() + "\n";
  }
  auto made = write(*workspace, "corpus.raw", text);
  ASSERT_TRUE(made.ok());
  auto source = workspace->read_lines(made->id, "records.jsonl");
  ASSERT_TRUE(source.ok());
  std::string line;
  for (const std::string& expected : lines) {
    ASSERT_TRUE((*source)->next(line).value());
    ASSERT_EQ(line, expected);
  }
  EXPECT_FALSE((*source)->next(line).value());
  EXPECT_EQ(workspace->read_blob(made->id.substr(0, 20), "records.jsonl").value(), text);
}

TEST(Workspace, NoPlaintextIsOnTheDisk) {
  const std::string root = fresh_dir("w");
  auto workspace = make(root);
  ASSERT_TRUE(write(*workspace, "corpus.raw", "Zyxquillon was seen today\n").ok());
  ASSERT_TRUE(workspace->put_state("crosswalk", "Zyxquillon").ok());
  for (const std::string& file : all_files(root)) {
    EXPECT_THAT(slurp(file), Not(HasSubstr("Zyxquillon"))) << file;
  }
}

TEST(Workspace, AnyChangedByteOfAnObjectIsFound) {
  const std::string root = fresh_dir("w");
  auto workspace = make(root);
  auto made = write(*workspace, "corpus.raw", "a few bytes\n");
  ASSERT_TRUE(made.ok());
  std::string object;
  for (const std::string& file : all_files(root + "/vault")) object = file;
  const std::string bytes = slurp(object);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    std::ofstream(object, std::ios::binary) << changed;
    ASSERT_FALSE(workspace->read_blob(made->id, "records.jsonl").ok()) << at;
  }
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    std::ofstream(object, std::ios::binary) << bytes.substr(0, length);
    ASSERT_FALSE(workspace->read_blob(made->id, "records.jsonl").ok()) << length;
  }
  EXPECT_EQ(workspace->verify()->size(), 1u);
  std::ofstream(object, std::ios::binary) << bytes;
  EXPECT_THAT(*workspace->verify(), IsEmpty());
}

TEST(Workspace, AManifestChangedInTheDatabaseIsFound) {
  const std::string root = fresh_dir("w");
  auto workspace = make(root);
  auto made = write(*workspace, "corpus.raw", "text\n");
  ASSERT_TRUE(made.ok());
  workspace.reset();
  std::string database = slurp(root + "/workspace.db");
  const auto at = database.find("\"records\":1");
  ASSERT_NE(at, std::string::npos);
  database[at + 10] = '9';
  fs::remove(root + "/workspace.db-wal");
  std::ofstream(root + "/workspace.db", std::ios::binary) << database;
  auto again = Workspace::open(Env::posix(), root);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->manifest(made->id).error().code(), ErrorCode::kCorrupt);
}

TEST(Workspace, OneWriterAtATime) {
  const std::string root = fresh_dir("w");
  auto first = make(root);
  auto second = Workspace::open(Env::posix(), root);
  auto held = first->lock_for_writing();
  ASSERT_TRUE(held.ok());
  auto refused = (*second)->lock_for_writing();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("another process"));
  held->reset();
  EXPECT_TRUE((*second)->lock_for_writing().ok());
}

TEST(Workspace, JobsAreFoundByIdAndByKey) {
  auto workspace = make(fresh_dir("w"));
  Job job;
  job.id = "j-1";
  job.key = "k1";
  job.stage = "ingest";
  job.state = JobState::kRunning;
  ASSERT_TRUE(workspace->save_job(job).ok());
  job.state = JobState::kDone;
  ASSERT_TRUE(workspace->save_job(job).ok());
  EXPECT_EQ((*workspace->find_job("k1"))->id, "j-1");
  EXPECT_EQ((*workspace->find_job("j-1"))->state, JobState::kDone);
  EXPECT_FALSE(workspace->find_job("j-2")->has_value());
  EXPECT_EQ(workspace->list_jobs()->size(), 1u);
}

TEST(Workspace, AFailureAtAnyWriteLeavesTheOldStateOrTheNew) {
  // The first write count at which everything succeeds ends the loop: every border was tried.
  bool reached_the_end = false;
  for (int allowed = 0; allowed < 200 && !reached_the_end; ++allowed) {
    const std::string root = fresh_dir("w");
    auto setup = make(root);
    ASSERT_TRUE(setup->put_state("train/checkpoint", "old").ok());
    setup.reset();
    FaultEnv faulty(Env::posix(), allowed);
    auto workspace = Workspace::open(faulty, root);
    ASSERT_TRUE(workspace.ok());
    const bool wrote = write(**workspace, "corpus.raw", std::string(200000, 'x')).ok();
    const bool stated = (*workspace)->put_state("train/checkpoint", "new").ok();
    workspace->reset();
    auto after = Workspace::open(Env::posix(), root);
    ASSERT_TRUE(after.ok());
    ASSERT_TRUE((*after)->lock_for_writing().ok());
    EXPECT_THAT(*(*after)->verify(), IsEmpty()) << allowed;
    EXPECT_EQ((*after)->list_artifacts("")->size(), wrote ? 1u : 0u) << allowed;
    const std::string state = (*after)->get_state("train/checkpoint")->value();
    EXPECT_TRUE(state == "new" || (!stated && state == "old")) << allowed;
    EXPECT_TRUE(fs::is_empty(root + std::string(kAsideFolder))) << allowed;
    reached_the_end = wrote && stated;
    EXPECT_TRUE(write(**after, "corpus.raw", "again\n").ok());
  }
  EXPECT_TRUE(reached_the_end);
}

TEST(Lineage, LeadsBackToTheSourcesAndRefusesAGap) {
  auto workspace = make(fresh_dir("w"));
  auto source = write(*workspace, "sources", "s\n");
  auto raw = write(*workspace, "corpus.raw", "r\n", {source->id});
  auto clean = write(*workspace, "corpus.clean", "c\n", {raw->id, source->id});
  auto graph = trace(*workspace, clean->id);
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->manifests.size(), 3u);
  EXPECT_THAT(graph->to_text(), HasSubstr(source->id));
  auto orphan = write(*workspace, "adapter", "a\n", {"dataset-00000000000000000000000000000000"});
  EXPECT_EQ(trace(*workspace, orphan->id).error().code(), ErrorCode::kCorrupt);
}

TEST(MemoryFiles, HoldTheBlobBehindAPath) {
  auto workspace = make(fresh_dir("w"));
  auto made = write(*workspace, "adapter", "weights");
  auto file = workspace->materialize(made->id, "records.jsonl");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(slurp((*file)->path()), "weights");
  EXPECT_EQ(slurp((*file)->path()), "weights") << "a second open starts at the beginning";
}

}  // namespace
}  // namespace residency::store
