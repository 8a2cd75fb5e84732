#include "train/ranks/rank_group.h"

#include <charconv>
#include <cstring>
#include <fmt/format.h>

namespace residency::train {
namespace {

Result<int> number(const std::function<const char*(const char*)>& variable, const char* name,
                   int low, int high) {
  const char* const text = variable(name);
  if (text == nullptr) return invalid_argument(fmt::format("{} is not set", name));
  int value = 0;
  const char* const end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, value);
  if (read.ec != std::errc() || read.ptr != end || value < low || value > high)
    return invalid_argument(fmt::format("{} must be a number from {} to {}", name, low, high));
  return value;
}

}  // namespace

Result<std::optional<RankAddress>> rank_address(
    const std::function<const char*(const char*)>& variable) {
  const bool torchrun = variable("RANK") != nullptr && variable("WORLD_SIZE") != nullptr;
  const bool slurm = variable("SLURM_PROCID") != nullptr && variable("SLURM_NTASKS") != nullptr;
  if (!torchrun && !slurm) return std::optional<RankAddress>();
  RankAddress address;
  RESIDENCY_TRY(address.size,
                number(variable, torchrun ? "WORLD_SIZE" : "SLURM_NTASKS", 1, kRanksMax));
  if (address.size == 1) return std::optional<RankAddress>();
  RESIDENCY_TRY(address.rank,
                number(variable, torchrun ? "RANK" : "SLURM_PROCID", 0, address.size - 1));
  const char* const host = variable("MASTER_ADDR");
  if (host == nullptr || *host == '\0')
    return invalid_argument(
        "MASTER_ADDR is not set: it must name the machine of rank 0 (under Slurm: scontrol show "
        "hostnames \"$SLURM_JOB_NODELIST\" | head -1)");
  address.host = host;
  RESIDENCY_TRY(address.port, number(variable, "MASTER_PORT", 1, 65535));
  if (variable("RESIDENCY_RANK_TIMEOUT_S") != nullptr) {
    RESIDENCY_TRY(address.timeout_s, number(variable, "RESIDENCY_RANK_TIMEOUT_S", 1, 86'400));
  }
  return std::optional<RankAddress>(address);
}

Result<void> agree(RankGroup& ranks, std::string_view digest, std::string_view what) {
  RESIDENCY_TRY(const std::string wanted,
                ranks.share(fmt::format("agree on {}", what), std::string(digest)));
  const double same = wanted == digest ? 1 : 0;
  RESIDENCY_TRY(const auto all, ranks.gather(std::span(&same, 1)));
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank] != 1)
      return failed_precondition(
          fmt::format("rank {} holds another {} than rank 0: all ranks must see the same workspace "
                      "and run the same version",
                      rank, what));
  }
  return {};
}

}  // namespace residency::train
