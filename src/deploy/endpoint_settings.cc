#include "deploy/endpoint_settings.h"

#include <algorithm>
#include <unistd.h>

namespace residency::deploy {
namespace {

constexpr const char* kKind = "endpoint";
constexpr std::int64_t kWeightMax = 1'000'000;
constexpr std::int64_t kIdleMaxS = 30 * 86'400;

}  // namespace

Json EndpointSettings::to_json() const {
  Json shares = Json::array();
  for (const auto& share : traffic) {
    shares.push_back({{"version", share.version}, {"weight", share.weight}});
  }
  return {{"traffic", std::move(shares)},
          {"shadow", shadow},
          {"idle_s", idle_s},
          {"requests_per_minute", requests_per_minute},
          {"tokens_per_minute", tokens_per_minute},
          {"tokens_per_day", tokens_per_day}};
}

Result<EndpointSettings> EndpointSettings::from_json(const Json& value) {
  const auto wrong = [] { return corrupt("endpoint record: not what was written"); };
  if (!value.is_object()) return wrong();
  EndpointSettings settings;
  for (const Json& share : json_member(value, "traffic")) {
    settings.traffic.push_back({json_integer(share, "version"), json_integer(share, "weight")});
  }
  settings.shadow = json_integer(value, "shadow");
  settings.idle_s = json_integer(value, "idle_s");
  settings.requests_per_minute = json_integer(value, "requests_per_minute");
  settings.tokens_per_minute = json_integer(value, "tokens_per_minute");
  settings.tokens_per_day = json_integer(value, "tokens_per_day");
  const bool below = settings.shadow < 0 || settings.idle_s < 0 ||
                     settings.requests_per_minute < 0 || settings.tokens_per_minute < 0 ||
                     settings.tokens_per_day < 0;
  if (below) return wrong();
  return settings;
}

Result<void> EndpointSettings::check(const DeploymentHistory& history) const {
  const auto is_version = [&](std::int64_t version) { return history.find(version) != nullptr; };
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < traffic.size(); ++i) {
    const auto& share = traffic[i];
    const std::string version = std::to_string(share.version);
    if (!is_version(share.version)) return not_found("traffic: no such version: " + version);
    if (share.weight < 0 || share.weight > kWeightMax) {
      return invalid_argument("traffic: a share is from 0 to 1000000, of version " + version);
    }
    const bool twice =
        std::any_of(traffic.begin(), traffic.begin() + static_cast<std::ptrdiff_t>(i),
                    [&](const auto& one) { return one.version == share.version; });
    if (twice) return invalid_argument("traffic: a version is named twice: " + version);
    sum += share.weight;
  }
  if (!traffic.empty() && sum == 0) return invalid_argument("traffic: every share is 0");
  if (shadow != 0 && !is_version(shadow)) {
    return not_found("shadow: no such version: " + std::to_string(shadow));
  }
  if (idle_s < 0 || idle_s > kIdleMaxS) return invalid_argument("idle_s: is from 0 to 2592000");
  for (const std::int64_t bound : {requests_per_minute, tokens_per_minute, tokens_per_day}) {
    if (bound < 0) return invalid_argument("limits: must not be below 0");
  }
  return {};
}

Result<EndpointSettings> EndpointSettingsStore::get(const std::string& name) {
  RESIDENCY_TRY(const auto value, workspace_.get_record(kKind, name));
  if (!value) return EndpointSettings{};
  return EndpointSettings::from_json(*value);
}

Result<void> EndpointSettingsStore::put(const DeploymentHistory& history,
                                        const EndpointSettings& settings) {
  RESIDENCY_TRY_VOID(settings.check(history));
  audit::Event event;
  event.type = "deploy.settings";
  event.phase = "outcome";
  event.outcome = "success";
  event.actor = "os:" + std::to_string(::getuid());
  event.objects.push_back("deployment:" + history.name);
  event.counts["versions_with_traffic"] = static_cast<std::int64_t>(settings.traffic.size());
  event.counts["shadow"] = settings.shadow;
  event.counts["idle_s"] = settings.idle_s;
  event.counts["requests_per_minute"] = settings.requests_per_minute;
  event.counts["tokens_per_minute"] = settings.tokens_per_minute;
  event.counts["tokens_per_day"] = settings.tokens_per_day;
  RESIDENCY_TRY([[maybe_unused]] const auto seq, audit_.append(event));
  return workspace_.put_record(kKind, history.name, settings.to_json());
}

}  // namespace residency::deploy
