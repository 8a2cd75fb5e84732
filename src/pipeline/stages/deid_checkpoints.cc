#include "pipeline/stages/deid_checkpoints.h"

#include <algorithm>
#include <fmt/format.h>

#include "crypto/sha256.h"

namespace residency::pipeline {
namespace {

constexpr std::size_t kLinesBytesMax = 64u << 20;  // held in memory between saves
constexpr auto kInterval = std::chrono::seconds(20);
constexpr int kCostShare = 10;  // saving takes at most a tenth of the time

}  // namespace

StateDeidCheckpoints::StateDeidCheckpoints(store::Workspace& workspace, const std::string& job,
                                           std::string_view crosswalk_before)
    : workspace_(workspace),
      prefix_("deid/" + job + "/"),
      before_sha256_(crypto::sha256_hex(crosswalk_before)),
      crosswalk_state_(crosswalk_before) {}

Result<StateDeidCheckpoints> StateDeidCheckpoints::open(store::Workspace& workspace,
                                                        const std::string& job,
                                                        std::string_view crosswalk_before,
                                                        const deid::CrosswalkVault* vault) {
  StateDeidCheckpoints checkpoints(workspace, job, crosswalk_before);
  checkpoints.vault_ = vault;
  RESIDENCY_TRY(const auto kept, workspace.get_state(checkpoints.prefix_ + "progress"));
  if (!kept) return checkpoints;
  RESIDENCY_TRY(const Json json, parse_json(*kept));
  if (json_text(json, "crosswalk_before_sha256") != checkpoints.before_sha256_) return checkpoints;
  const Json& parts = json_member(json, "parts");
  if (!parts.is_number_unsigned()) return corrupt("a checkpoint of the de-identification");
  RESIDENCY_TRY(auto report, deid::DeidReport::from_json(json_member(json, "report")));
  checkpoints.parts_ = parts.get<std::uint64_t>();
  checkpoints.last_ = deid::DeidProgress{std::move(report), json_member(json, "names")};
  RESIDENCY_TRY(auto crosswalk,
                workspace.get_state(checkpoints.part("crosswalk", checkpoints.parts_)));
  if (!crosswalk) return corrupt("a checkpoint of the de-identification lacks its crosswalk");
  if (vault != nullptr) {
    RESIDENCY_TRY(checkpoints.crosswalk_state_, vault->unseal(*crosswalk));
  } else {
    checkpoints.crosswalk_state_ = *std::move(crosswalk);
  }
  return checkpoints;
}

std::string StateDeidCheckpoints::part(std::string_view what, std::uint64_t number) const {
  return fmt::format("{}{}-{:06}", prefix_, what, number);
}

Result<void> StateDeidCheckpoints::replay_part(std::string_view what, std::uint64_t number,
                                               LineSink& to) {
  RESIDENCY_TRY(const auto lines, workspace_.get_state(part(what, number)));
  if (!lines) return corrupt("a checkpoint of the de-identification lacks a part");
  for (std::size_t at = 0; at < lines->size();) {
    const std::size_t end = std::min(lines->find('\n', at), lines->size());
    RESIDENCY_TRY_VOID(to.write(std::string_view(*lines).substr(at, end - at)));
    at = end + 1;
  }
  return {};
}

Result<void> StateDeidCheckpoints::replay(LineSink& clean, LineSink& aside) {
  for (std::uint64_t number = 1; number <= parts_; ++number) {
    RESIDENCY_TRY_VOID(replay_part("clean", number, clean));
    RESIDENCY_TRY_VOID(replay_part("aside", number, aside));
  }
  return {};
}

Result<std::optional<deid::DeidProgress>> StateDeidCheckpoints::last() { return last_; }

bool StateDeidCheckpoints::due() const {
  if (clean_.size() + aside_.size() >= kLinesBytesMax) return true;
  const auto interval = std::max<Clock::duration>(kInterval, kCostShare * cost_);
  return Clock::now() - saved_ >= interval;
}

Result<void> StateDeidCheckpoints::save(const deid::DeidProgress& progress) {
  const auto began = Clock::now();
  const std::uint64_t number = parts_ + 1;
  RESIDENCY_TRY_VOID(workspace_.put_state(part("clean", number), clean_));
  RESIDENCY_TRY_VOID(workspace_.put_state(part("aside", number), aside_));
  std::string crosswalk = crosswalk_->state();
  if (vault_ != nullptr) {
    RESIDENCY_TRY(crosswalk, vault_->seal(crosswalk));
  }
  RESIDENCY_TRY_VOID(workspace_.put_state(part("crosswalk", number), crosswalk));
  // What went before counts from here on, and not before.
  RESIDENCY_TRY_VOID(workspace_.put_state(prefix_ + "progress",
                                          dump_json({{"parts", number},
                                                     {"crosswalk_before_sha256", before_sha256_},
                                                     {"report", progress.report.to_json()},
                                                     {"names", progress.names}})));
  if (parts_ > 0) RESIDENCY_TRY_VOID(workspace_.remove_state(part("crosswalk", parts_)));
  parts_ = number;
  clean_.clear();
  aside_.clear();
  saved_ = Clock::now();
  cost_ = saved_ - began;
  return {};
}

Result<void> StateDeidCheckpoints::remove_all() { return workspace_.remove_state(prefix_); }

}  // namespace residency::pipeline
