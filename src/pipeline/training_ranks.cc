#include "pipeline/training_ranks.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "pipeline/stages/stages.h"

namespace residency::pipeline {
namespace {

/// Ranks on one machine join before they do anything else.
constexpr int kLocalJoinSeconds = 30;

const char* variable(const char* name) { return std::getenv(name); }

/// `text` as a number from 1 to `most`; 0 where it is none.
int count_of(const char* text, int most) {
  if (text == nullptr) return 0;
  int value = 0;
  const char* const end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, value);
  return read.ec == std::errc() && read.ptr == end && value >= 1 && value <= most ? value : 0;
}

std::int64_t threads_of(int ranks_here) {
  const auto cores = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  return std::max<std::int64_t>(1, cores / std::max(1, ranks_here));
}

Result<std::string> own_program() {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0 || static_cast<std::size_t>(length) == path.size())
    return io_error("cannot find the own program to start more ranks of it");
  return std::string(path.data(), static_cast<std::size_t>(length));
}

class Silent final : public Progress {
 public:
  void update(std::uint64_t, std::uint64_t, std::string_view, std::string_view) override {}
};

}  // namespace

TrainingRanks::~TrainingRanks() {
  group_.reset();
  for (const pid_t child : children_) ::kill(child, SIGTERM);
  for (const pid_t child : children_) {
    int status = 0;
    for (int tries = 0; tries < 100; ++tries) {
      if (::waitpid(child, &status, WNOHANG) != 0) break;
      ::usleep(50'000);
      if (tries == 98) ::kill(child, SIGKILL);
    }
  }
}

Result<void> TrainingRanks::start_others(const std::string& workspace_root, int ranks, int port) {
  RESIDENCY_TRY(std::string program, own_program());
  for (int rank = 1; rank < ranks; ++rank) {
    std::vector<std::string> settings;
    for (char** setting = environ; *setting != nullptr; ++setting) {
      const std::string_view text(*setting);
      const bool ours = text.starts_with("RANK=") || text.starts_with("WORLD_SIZE=") ||
                        text.starts_with("MASTER_") || text.starts_with("LOCAL_WORLD_SIZE=");
      if (!ours) settings.emplace_back(text);
    }
    settings.push_back(fmt::format("RANK={}", rank));
    settings.push_back(fmt::format("WORLD_SIZE={}", ranks));
    settings.push_back(fmt::format("LOCAL_WORLD_SIZE={}", ranks));
    settings.push_back("MASTER_ADDR=127.0.0.1");
    settings.push_back(fmt::format("MASTER_PORT={}", port));
    std::vector<std::string> words{program, "train", "follow", "--workspace", workspace_root};
    std::vector<char*> argv;
    std::vector<char*> environment;
    for (std::string& word : words) argv.push_back(word.data());
    for (std::string& setting : settings) environment.push_back(setting.data());
    argv.push_back(nullptr);
    environment.push_back(nullptr);
    pid_t child = -1;
    const int code =
        ::posix_spawn(&child, program.c_str(), nullptr, nullptr, argv.data(), environment.data());
    if (code != 0)
      return io_error(fmt::format("cannot start rank {}: {}", rank, std::strerror(code)));
    children_.push_back(child);
  }
  return {};
}

Result<std::unique_ptr<TrainingRanks>> TrainingRanks::lead(const std::string& workspace_root,
                                                           const std::string& job) {
  auto ranks = std::make_unique<TrainingRanks>();
  ranks->job_ = job;
  RESIDENCY_TRY(const auto outside, train::rank_address(variable));
  if (outside) {
    if (outside->rank != 0) return internal_error("only rank 0 leads a training");
    RESIDENCY_TRY(ranks->group_, train::join_ranks(*outside, {}));
    if (const int here = count_of(variable("LOCAL_WORLD_SIZE"), train::kRanksMax); here > 0)
      ranks->threads_ = threads_of(here);
  } else {
    const char* const asked = variable(kRanksVariable);
    const int count = count_of(asked, train::kRanksMax);
    if (asked != nullptr && count == 0)
      return invalid_argument(
          fmt::format("{} must be a number from 1 to {}", kRanksVariable, train::kRanksMax));
    if (count < 2) return ranks;
    train::RankAddress address;
    address.size = count;
    address.join_timeout_s = kLocalJoinSeconds;
    ranks->threads_ = threads_of(count);
    RESIDENCY_TRY(ranks->group_, train::join_ranks(address, [&](int port) {
                    return ranks->start_others(workspace_root, count, port);
                  }));
  }
  RESIDENCY_TRY(const std::string said, ranks->group_->share("job", job));
  return ranks;
}

Result<std::unique_ptr<TrainingRanks>> TrainingRanks::follow() {
  RESIDENCY_TRY(const auto address, train::rank_address(variable));
  if (!address || address->rank == 0)
    return invalid_argument(
        "there is no rank 0 to follow: RANK (or SLURM_PROCID) must be above 0 and WORLD_SIZE (or "
        "SLURM_NTASKS) above 1");
  auto ranks = std::make_unique<TrainingRanks>();
  if (const int here = count_of(variable("LOCAL_WORLD_SIZE"), train::kRanksMax); here > 0)
    ranks->threads_ = threads_of(here);
  RESIDENCY_TRY(ranks->group_, train::join_ranks(*address, {}));
  RESIDENCY_TRY(ranks->job_, ranks->group_->share("job", ""));
  return ranks;
}

Result<void> follow_training(const std::string& workspace_root) {
  const pid_t parent = ::getppid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) return cancelled("rank 0 ended");
  RESIDENCY_TRY(const auto ranks, TrainingRanks::follow());
  RESIDENCY_TRY(const auto workspace, store::Workspace::open(Env::posix(), workspace_root));
  RESIDENCY_TRY(const auto job, workspace->find_job(ranks->job()));
  if (!job)
    return failed_precondition("rank 0 trains a job that this workspace does not have: " +
                               ranks->job());
  RESIDENCY_TRY(auto options, ConfigNode::parse(job->options_json, "options of " + job->name));
  RESIDENCY_TRY(const auto audit_log, audit::AuditLog::open(*workspace));
  Silent progress;
  StageContext context{*workspace, *audit_log, *job, std::move(options), progress};
  return train_as_follower(context, *ranks);
}

}  // namespace residency::pipeline
