// Training over ranks: the same result with any number, and an end for all where one ends.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/env.h"
#include "train/checkpoint.h"
#include "train/ranks/ranked_work.h"
#include "train/testing/tiny_training.h"

namespace residency::train {
namespace {

using testing::MemoryStore;
using testing::random_sequence;
using testing::Steps;
using testing::StopAfter;

constexpr int kTimeoutSeconds = 30;

/// Joins `size` ranks in threads of this process and runs `work` on each.
template <class Work>
void with_ranks(int size, const Work& work) {
  std::vector<std::thread> threads;
  RankAddress first;
  first.size = size;
  first.timeout_s = kTimeoutSeconds;
  const auto started = [&](int port) -> Result<void> {
    for (int rank = 1; rank < size; ++rank) {
      threads.emplace_back([=, &work] {
        RankAddress other = first;
        other.rank = rank;
        other.port = port;
        const auto group = join_ranks(other, {});
        ASSERT_TRUE(group.ok()) << group.error().message();
        work(**group);
      });
    }
    return {};
  };
  const auto group = join_ranks(first, started);
  ASSERT_TRUE(group.ok()) << group.error().message();
  work(**group);
  for (auto& thread : threads) thread.join();
}

std::function<const char*(const char*)> variables(std::map<std::string, std::string> set) {
  const auto kept = std::make_shared<std::map<std::string, std::string>>(std::move(set));
  return [kept](const char* name) -> const char* {
    const auto found = kept->find(name);
    return found == kept->end() ? nullptr : found->second.c_str();
  };
}

TEST(RankAddress, ReadsTorchrunAndSlurm) {
  EXPECT_FALSE(rank_address(variables({}))->has_value());
  EXPECT_FALSE(rank_address(variables({{"RANK", "0"}, {"WORLD_SIZE", "1"}}))->has_value());
  const auto torchrun = rank_address(variables({{"RANK", "2"},
                                                {"WORLD_SIZE", "4"},
                                                {"MASTER_ADDR", "node7"},
                                                {"MASTER_PORT", "29500"}}))
                            .value();
  EXPECT_EQ(torchrun->rank, 2);
  EXPECT_EQ(torchrun->size, 4);
  EXPECT_EQ(torchrun->host, "node7");
  EXPECT_EQ(torchrun->port, 29500);
  const auto slurm = rank_address(variables({{"SLURM_PROCID", "1"},
                                             {"SLURM_NTASKS", "2"},
                                             {"MASTER_ADDR", "n"},
                                             {"MASTER_PORT", "1"},
                                             {"RESIDENCY_RANK_TIMEOUT_S", "9"}}))
                         .value();
  EXPECT_EQ(slurm->rank, 1);
  EXPECT_EQ(slurm->timeout_s, 9);
  using Set = std::map<std::string, std::string>;
  for (const auto& [set, name] : std::vector<std::pair<Set, std::string>>{
           {{{"RANK", "4"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "n"}, {"MASTER_PORT", "1"}},
            "RANK"},
           {{{"RANK", "x"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "n"}, {"MASTER_PORT", "1"}},
            "RANK"},
           {{{"RANK", "1"}, {"WORLD_SIZE", "99999"}}, "WORLD_SIZE"},
           {{{"RANK", "1"}, {"WORLD_SIZE", "4"}}, "MASTER_ADDR"},
           {{{"RANK", "1"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "n"}}, "MASTER_PORT"}}) {
    const auto address = rank_address(variables(set));
    ASSERT_FALSE(address.ok());
    EXPECT_THAT(address.error().message(), ::testing::HasSubstr(name));
  }
}

TEST(RankGroup, GathersInTheOrderOfRanksAndSharesWhatRankZeroSays) {
  with_ranks(3, [](RankGroup& group) {
    const std::vector<float> mine{static_cast<float>(group.rank()), 7};
    EXPECT_THAT(group.gather(std::span<const float>(mine)).value(),
                ::testing::ElementsAre(0, 7, 1, 7, 2, 7));
    EXPECT_EQ(group.share("name", group.rank() == 0 ? "job" : "other").value(), "job");
    EXPECT_TRUE(agree(group, "same", "data set").ok());
    const auto differ = agree(group, group.rank() == 2 ? "b" : "a", "base model");
    ASSERT_FALSE(differ.ok());
    EXPECT_THAT(differ.error().message(), ::testing::HasSubstr("rank 2 holds another base model"));
  });
}

TEST(RankGroup, RanksThatDoNotComeAreAnErrorInTime) {
  RankAddress address;
  address.size = 2;
  address.timeout_s = 2;
  const auto group = join_ranks(address, {});
  ASSERT_FALSE(group.ok());
  EXPECT_EQ(group.error().code(), ErrorCode::kIoError);
  address.rank = 1;
  address.port = 1;  // nobody listens
  EXPECT_FALSE(join_ranks(address, {}).ok());
}

TEST(RankedWork, AnErrorOfOneEndsAllAndAWishToStopReachesAll) {
  with_ranks(2, [](RankGroup& group) {
    RankedWork work(&group);
    std::vector<float> gradient(3, 0.0f);
    bool stop = group.rank() == 1;
    const auto fine = work.gradients(
        3,
        [](std::size_t i, std::span<float> to) -> Result<double> {
          to[i] += 1;
          return static_cast<double>(i);
        },
        gradient, stop);
    EXPECT_THAT(fine.value(), ::testing::ElementsAre(0, 1, 2));
    EXPECT_THAT(gradient, ::testing::ElementsAre(1, 1, 1));
    EXPECT_TRUE(stop);
    const auto failed = work.values(2, [&](std::size_t i) -> Result<double> {
      if (i == 1) return invalid_input("bad item");
      return 1.0;
    });
    ASSERT_FALSE(failed.ok());
    EXPECT_THAT(failed.error().message(),
                ::testing::HasSubstr(group.rank() == 1 ? "bad item" : "rank 1 failed"));
  });
}

class RankedTraining : public ::testing::Test {
 protected:
  RankedTraining() {
    path_ = ::testing::TempDir() + fmt::format("ranked_{}.gguf", ::getpid());
    EXPECT_TRUE(Env::posix().write_file_atomic(path_, model::make_tiny_llama(7).value()).ok());
    for (int i = 0; i < 11; ++i)
      train_.push_back(random_sequence({9 + i, 5}, 256, static_cast<std::uint64_t>(i)));
    for (int i = 0; i < 3; ++i)
      validation_.push_back(random_sequence({7, 4 + i}, 256, static_cast<std::uint64_t>(50 + i)));
    options_.lora.rank = 4;
    options_.batch_tokens = 60;
    options_.epochs = 2;
    options_.sequence_tokens_max = 64;
    options_.learning_rate = 0.01;
    options_.eval_every_steps = 2;
    options_.checkpoint_every_steps = 2;
    options_.threads = 1;
  }
  ~RankedTraining() override { EXPECT_TRUE(Env::posix().remove(path_).ok()); }

  Result<TrainResult> alone(MemoryStore& store, Progress& progress) {
    Steps steps;
    return run(options_, {path_, train_, validation_}, store, steps, progress);
  }

  std::string path_;
  std::vector<dataset::PackedSequence> train_, validation_;
  TrainOptions options_;
};

/// Rank 0's result over `size` processes; the others' exit statuses. Each is a process of its own,
/// for the engine's threads belong to one.
class Processes {
 public:
  template <class Work>
  Processes(int size, const Work& work) {
    RankAddress first;
    first.size = size;
    first.timeout_s = kTimeoutSeconds;
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    for (int rank = 1; rank < size; ++rank) {
      const pid_t child = ::fork();
      if (child == 0) {
        RankAddress other = first;
        other.rank = rank;
        EXPECT_EQ(::read(ends[0], &other.port, sizeof(int)), static_cast<ssize_t>(sizeof(int)));
        const auto group = join_ranks(other, {});
        ::_exit(group.ok() ? work(**group) : 9);
      }
      children_.push_back(child);
    }
    group_ = join_ranks(first, [&](int port) -> Result<void> {
      for (int rank = 1; rank < size; ++rank)
        EXPECT_EQ(::write(ends[1], &port, sizeof(int)), static_cast<ssize_t>(sizeof(int)));
      return {};
    });
  }
  RankGroup& group() { return **group_; }
  std::vector<int> wait() {
    std::vector<int> statuses;
    for (const pid_t child : children_) {
      int status = 0;
      ::waitpid(child, &status, 0);
      statuses.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    }
    return statuses;
  }

 private:
  std::vector<pid_t> children_;
  Result<std::unique_ptr<RankGroup>> group_ = io_error("not joined");
};

TEST_F(RankedTraining, IsBitForBitThatOfOneRank) {
  for (const int size : {2, 4}) {
    const auto work = [&](RankGroup& group) {
      MemoryStore store;
      Steps steps;
      NoProgress progress;
      const auto result =
          run(options_, {path_, train_, validation_, &group}, store, steps, progress);
      return result.ok() && store.puts == 0 && steps.all.empty() ? 0 : 1;
    };
    Processes processes(size, work);
    MemoryStore store;
    Steps steps;
    NoProgress progress;
    const auto ranked =
        run(options_, {path_, train_, validation_, &processes.group()}, store, steps, progress);
    ASSERT_TRUE(ranked.ok()) << ranked.error().message();
    EXPECT_THAT(processes.wait(), ::testing::Each(0));
    MemoryStore own;
    const auto one = alone(own, progress).value();
    ASSERT_EQ(ranked->steps, one.steps);
    EXPECT_EQ(ranked->best_validation_loss, one.best_validation_loss);
    for (std::size_t i = 0; i < one.adapter.modules.size(); ++i) {
      EXPECT_EQ(ranked->adapter.modules[i].a, one.adapter.modules[i].a);
      EXPECT_EQ(ranked->adapter.modules[i].b, one.adapter.modules[i].b);
    }
  }
}

TEST_F(RankedTraining, GoesOnWithAnotherNumberOfRanksAfterOneDied) {
  MemoryStore store;
  const auto dies = [&](RankGroup& group) {
    MemoryStore nothing;
    Steps steps;
    StopAfter after(1);
    class DieAtStep final : public Progress {
     public:
      void update(std::uint64_t, std::uint64_t, std::string_view, std::string_view) override {}
      bool cancelled() const override {
        if (++asked_ > 3) ::_exit(7);  // in the fourth step
        return false;
      }
      mutable int asked_ = 0;
    } dying;
    const auto result = run(options_, {path_, train_, validation_, &group}, nothing, steps, dying);
    return result.ok() ? 0 : 1;
  };
  Processes processes(2, dies);
  Steps steps;
  NoProgress progress;
  const auto lost =
      run(options_, {path_, train_, validation_, &processes.group()}, store, steps, progress);
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code(), ErrorCode::kIoError);
  EXPECT_THAT(processes.wait(), ::testing::ElementsAre(7));
  ASSERT_GT(store.puts, 0);
  MemoryStore fresh;
  const auto whole = alone(fresh, progress).value();
  Steps rest;
  const auto resumed = run(options_, {path_, train_, validation_}, store, rest, progress);
  ASSERT_TRUE(resumed.ok()) << resumed.error().message();
  EXPECT_LT(rest.all.size(), static_cast<std::size_t>(whole.steps));
  EXPECT_EQ(resumed->adapter.modules[0].b, whole.adapter.modules[0].b);
}

TEST_F(RankedTraining, RefusesRanksOfOtherData) {
  const auto other = [&](RankGroup& group) {
    train_.pop_back();
    MemoryStore store;
    Steps steps;
    NoProgress progress;
    return run(options_, {path_, train_, validation_, &group}, store, steps, progress).ok() ? 0 : 1;
  };
  Processes processes(2, other);
  MemoryStore store;
  Steps steps;
  NoProgress progress;
  const auto refused =
      run(options_, {path_, train_, validation_, &processes.group()}, store, steps, progress);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(processes.wait(), ::testing::ElementsAre(1));
}

}  // namespace
}  // namespace residency::train
