#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <unistd.h>

#include "base/json.h"
#include "synth/synth.h"

namespace residency::synth {
namespace {

namespace fs = std::filesystem;

class Generate : public testing::Test {
 protected:
  void SetUp() override {
    root_ =
        fs::temp_directory_path() / (std::string("synth_test_") + std::to_string(::getpid()) + "_" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  SynthOptions options(const std::string& name, int patients) {
    SynthOptions made;
    made.out_dir = (root_ / name).string();
    made.patients = patients;
    made.seed = 42;
    return made;
  }
  Result<SynthSummary> run(const SynthOptions& made) {
    NoProgress progress;
    return generate(Env::posix(), made, progress);
  }
  static std::string bytes(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static std::map<std::string, std::string> tree(const fs::path& top) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
      if (entry.is_regular_file()) files[fs::relative(entry, top).string()] = bytes(entry.path());
    }
    return files;
  }

  fs::path root_;
};

TEST_F(Generate, EqualSeedsGiveEqualBytesAndOthersDoNot) {
  ASSERT_TRUE(run(options("a", 6)).ok());
  ASSERT_TRUE(run(options("b", 6)).ok());
  EXPECT_EQ(tree(root_ / "a"), tree(root_ / "b"));
  SynthOptions other = options("c", 6);
  other.seed = 43;
  ASSERT_TRUE(run(other).ok());
  EXPECT_NE(tree(root_ / "a"), tree(root_ / "c"));
}

TEST_F(Generate, APatientIsTheSameWhateverTheTotal) {
  ASSERT_TRUE(run(options("few", 3)).ok());
  ASSERT_TRUE(run(options("many", 9)).ok());
  const auto few = tree(root_ / "few");
  auto many = tree(root_ / "many");
  for (const auto& [path, content] : few) {
    if (path == "synth.json") continue;
    if (path.starts_with("notes/") || path.starts_with("fhir/bundles/")) {
      EXPECT_EQ(content, many[path]) << path;
    } else {
      EXPECT_TRUE(many[path].starts_with(content)) << path;
    }
  }
}

TEST_F(Generate, CountsAreWhatIsThere) {
  auto made = run(options("out", 12));
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(made->patients, 12u);
  const auto files = tree(root_ / "out");
  std::uint64_t notes = 0;
  std::uint64_t bundles = 0;
  for (const auto& [path, content] : files) {
    notes += path.starts_with("notes/") ? 1 : 0;
    if (!path.starts_with("fhir/bundles/")) continue;
    ++bundles;
    EXPECT_TRUE(parse_json(content).ok()) << path;
  }
  EXPECT_EQ(notes, made->notes);
  EXPECT_EQ(bundles, 12u);
  const auto lines = [&](const std::string& path) {
    return static_cast<std::uint64_t>(
        std::count(files.at(path).begin(), files.at(path).end(), '\n'));
  };
  EXPECT_EQ(lines("truth/phi.jsonl"), made->notes);
  EXPECT_EQ(lines("truth/codes.jsonl"), made->notes);
  EXPECT_EQ(lines("truth/entities.jsonl"), made->notes);
  EXPECT_EQ(lines("fhir/ndjson/Patient.ndjson"), 12u);
  EXPECT_EQ(lines("fhir/ndjson/DocumentReference.ndjson"), made->notes);
  EXPECT_EQ(lines("csv/patients.csv"), 13u);
}

TEST_F(Generate, OnlyTheOutputsAskedForAreMade) {
  SynthOptions made = options("out", 2);
  made.outputs = {"csv"};
  ASSERT_TRUE(run(made).ok());
  EXPECT_FALSE(fs::exists(root_ / "out/fhir"));
  EXPECT_FALSE(fs::exists(root_ / "out/notes"));
  EXPECT_TRUE(fs::exists(root_ / "out/csv/notes.csv"));
  EXPECT_TRUE(fs::exists(root_ / "out/truth/phi.jsonl"));
}

TEST_F(Generate, ASecondRunDoesNothingAndOtherOptionsAreRefused) {
  auto first = run(options("out", 4));
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(first->already_there);
  auto again = run(options("out", 4));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->already_there);
  EXPECT_EQ(again->counts, first->counts);
  EXPECT_EQ(again->content_sha256, first->content_sha256);
  auto other = run(options("out", 5));
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), ErrorCode::kAlreadyExists);
}

TEST_F(Generate, AFolderWithOtherThingsIsRefusedAndLeftAlone) {
  fs::create_directories(root_ / "mine");
  std::ofstream(root_ / "mine/thesis.txt") << "do not lose";
  auto refused = run(options("mine", 2));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kAlreadyExists);
  fs::rename(root_ / "mine", root_ / "other.part");
  refused = run(options("other", 2));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(bytes(root_ / "other.part/thesis.txt"), "do not lose");
}

TEST_F(Generate, WhatAKilledRunLeftIsClearedAndTheResultIsTheSame) {
  ASSERT_TRUE(run(options("whole", 3)).ok());
  fs::create_directories(root_ / "cut.part/notes");
  std::ofstream(root_ / "cut.part/.synth-begun") << "";
  std::ofstream(root_ / "cut.part/notes/note-9999999-1.txt") << "half a no";
  ASSERT_TRUE(run(options("cut", 3)).ok());
  EXPECT_EQ(tree(root_ / "whole"), tree(root_ / "cut"));
  EXPECT_FALSE(fs::exists(root_ / "cut.part"));
}

TEST_F(Generate, ARunKilledJustBeforeItsRenameIsMadeAgain) {
  ASSERT_TRUE(run(options("whole", 3)).ok());
  ASSERT_TRUE(run(options("cut", 3)).ok());
  fs::rename(root_ / "cut", root_ / "cut.part");
  ASSERT_TRUE(run(options("cut", 3)).ok());
  EXPECT_EQ(tree(root_ / "whole"), tree(root_ / "cut"));
}

class StopsAfter final : public Progress {
 public:
  void update(std::uint64_t done, std::uint64_t, std::string_view, std::string_view) override {
    done_ = done;
  }
  bool cancelled() const override { return done_ >= 2; }

 private:
  std::uint64_t done_ = 0;
};

TEST_F(Generate, StoppingLeavesNothingUnderTheFinalName) {
  StopsAfter progress;
  auto stopped = generate(Env::posix(), options("out", 50), progress);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
  EXPECT_FALSE(fs::exists(root_ / "out"));
  EXPECT_TRUE(run(options("out", 2)).ok());
}

// The real files, until `bytes` were written; then the disk is full.
class FullDisk final : public Env {
 public:
  explicit FullDisk(std::size_t bytes) : left_(bytes) {}

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    RESIDENCY_TRY(auto file, real_.create(path));
    return std::unique_ptr<WritableFile>(std::make_unique<File>(std::move(file), left_));
  }
  Result<std::unique_ptr<WritableFile>> open_append(const std::string& path) override {
    return real_.open_append(path);
  }
  Result<std::unique_ptr<RandomAccessFile>> open_read(const std::string& path) override {
    return real_.open_read(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return real_.rename(from, to);
  }
  Result<void> remove(const std::string& path) override { return real_.remove(path); }
  Result<void> make_directories(const std::string& path) override {
    return real_.make_directories(path);
  }
  Result<void> sync_directory(const std::string& path) override {
    return real_.sync_directory(path);
  }
  Result<std::vector<DirEntry>> list(const std::string& path) override { return real_.list(path); }
  bool exists(const std::string& path) override { return real_.exists(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return real_.lock(path);
  }
  std::int64_t now_unix_ms() override { return 0; }

 private:
  class File final : public WritableFile {
   public:
    File(std::unique_ptr<WritableFile> file, std::size_t& left)
        : file_(std::move(file)), left_(left) {}
    Result<void> append(std::string_view bytes) override {
      if (bytes.size() > left_) return resource_exhausted("cannot write: no space left: x");
      left_ -= bytes.size();
      return file_->append(bytes);
    }
    Result<void> sync() override { return file_->sync(); }
    Result<void> close() override { return file_->close(); }

   private:
    std::unique_ptr<WritableFile> file_;
    std::size_t& left_;
  };

  Env& real_ = Env::posix();
  std::size_t left_;
};

TEST_F(Generate, AFullDiskIsAClearErrorAndTheNextRunSucceeds) {
  for (const std::size_t room : {0u, 5'000u, 200'000u, 900'000u}) {
    FullDisk disk(room);
    NoProgress progress;
    auto failed = generate(disk, options("out", 20), progress);
    ASSERT_FALSE(failed.ok()) << room;
    EXPECT_EQ(failed.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_FALSE(fs::exists(root_ / "out"));
  }
  EXPECT_TRUE(run(options("out", 2)).ok());
}

TEST_F(Generate, AnUnwritableFolderIsAClearError) {
  std::ofstream(root_ / "file") << "x";
  auto failed = run(options("file/below", 2));
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().message().find("file/below"), std::string::npos);
}

TEST(SynthOptions, BadOptionsAreRefusedAllAtOnce) {
  auto node = ConfigNode::parse(
      "patients: 0\nnotes_per_patient_max: 99\noutputs: [notes, dicom, notes]\ncolour: red\n",
      "r.yaml");
  ASSERT_TRUE(node.ok());
  auto bad = SynthOptions::from_config(*node);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code(), ErrorCode::kInvalidArgument);
  for (const std::string_view word : {"patients", "notes_per_patient_max", "dicom", "colour"}) {
    EXPECT_NE(bad.error().message().find(word), std::string::npos) << word;
  }
}

TEST(SynthOptions, BoundsHoldForDirectCallsToo) {
  NoProgress progress;
  SynthOptions none;
  none.out_dir = "";
  EXPECT_EQ(generate(Env::posix(), none, progress).error().code(), ErrorCode::kInvalidArgument);
  SynthOptions many;
  many.out_dir = "/nonexistent/never";
  many.patients = kPatientsMax + 1;
  EXPECT_EQ(generate(Env::posix(), many, progress).error().code(), ErrorCode::kInvalidArgument);
  many.patients = kPatientsMax;
  EXPECT_TRUE(many.validate().ok());
}

TEST(SynthOptions, CanonicalJsonIsOfWhatDecidesTheBytes) {
  SynthOptions a;
  SynthOptions b;
  a.out_dir = "x";
  b.out_dir = "y";
  b.outputs = {"csv", "notes", "fhir_ndjson", "fhir_bundles"};
  EXPECT_EQ(a.canonical_json(), b.canonical_json());
  b.seed = 2;
  EXPECT_NE(a.canonical_json(), b.canonical_json());
}

}  // namespace
}  // namespace residency::synth
