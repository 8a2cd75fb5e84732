#include "serve/fleet.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"

namespace residency::serve {
namespace {

Traffic traffic_of(const FleetEntry& entry) {
  Traffic traffic;
  for (const auto& share : entry.settings.traffic) {
    traffic.shares.push_back({share.version, share.weight});
  }
  if (traffic.shares.empty()) traffic.shares.push_back({entry.history.active, 1});
  traffic.shadow = entry.settings.shadow;
  return traffic;
}

/// The versions that must run: the active one first, then those with a share, then the shadow.
std::vector<deploy::Deployment> wanted_versions(const FleetEntry& entry) {
  std::vector<std::int64_t> numbers{entry.history.active};
  for (const auto& share : entry.settings.traffic) {
    if (share.weight > 0) numbers.push_back(share.version);
  }
  numbers.push_back(entry.settings.shadow);
  std::vector<deploy::Deployment> wanted;
  std::set<std::int64_t> seen;
  for (const std::int64_t number : numbers) {
    const auto* version = entry.history.find(number);
    if (version != nullptr && seen.insert(number).second) wanted.push_back(*version);
  }
  return wanted;
}

/// What tells whether a running endpoint is the one that is wanted.
std::string text_of(const FleetEntry& entry, const std::vector<deploy::Deployment>& versions) {
  std::string text = std::to_string(entry.settings.idle_s);
  for (const auto& version : versions) {
    text +=
        "|" + std::to_string(version.version) + ":" + version.artifact + ":" + version.base.path;
  }
  return text;
}

CallerLimits limits_of(const deploy::EndpointSettings& settings) {
  return {settings.requests_per_minute, settings.tokens_per_minute, settings.tokens_per_day};
}

}  // namespace

std::shared_ptr<SplitEndpoint> Fleet::start(const FleetEntry& entry,
                                            const std::vector<deploy::Deployment>& versions) const {
  std::vector<std::vector<deploy::Deployment>> groups;
  for (const deploy::Deployment& version : versions) {
    const bool alone = alone_(version);
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& known) {
      return !alone && !alone_(known.front()) && known.front().base.sha256 == version.base.sha256;
    });
    if (group == groups.end()) {
      groups.push_back({version});
    } else {
      group->push_back(version);
    }
  }
  std::vector<SplitEndpoint::Part> parts;
  for (const auto& group : groups) {
    SplitEndpoint::Part part;
    part.endpoint = factory_(group, entry.settings.idle_s * 1000);
    for (const auto& version : group) part.versions.push_back(version.version);
    parts.push_back(std::move(part));
  }
  constexpr std::uint64_t kSeed = 0x5eed;
  return SplitEndpoint::make(versions.front(), std::move(parts), traffic_of(entry), kSeed);
}

std::vector<std::string> Fleet::refresh(const std::vector<FleetEntry>& entries) {
  std::vector<std::string> changed;
  std::set<std::string> wanted_names;
  for (const FleetEntry& entry : entries) {
    const std::string& name = entry.history.name;
    const auto versions = wanted_versions(entry);
    if (entry.history.active == 0 || versions.empty()) continue;
    wanted_names.insert(name);
    if (meter_ != nullptr) meter_->set_limits(name, limits_of(entry.settings));
    const std::string text = text_of(entry, versions);
    const auto running = served_.find(name);
    if (running != served_.end() && running->second.versions == text) {
      running->second.endpoint->set_traffic(traffic_of(entry));
      coming_.erase(name);
      continue;
    }
    auto& next = coming_[name];
    if (next.versions != text) next = {text, start(entry, versions)};
    next.endpoint->set_traffic(traffic_of(entry));
    const std::string_view state = next.endpoint->state();
    const bool first = running == served_.end();
    // An endpoint that does not start never takes the place of one that answers.
    if (state == "failed" && !first) continue;
    if (state == "starting" && !first) continue;
    served_[name] = next;
    table_.put(next.endpoint);
    coming_.erase(name);
    changed.push_back(name);
  }
  for (auto entry = served_.begin(); entry != served_.end();) {
    if (wanted_names.contains(entry->first)) {
      ++entry;
      continue;
    }
    table_.remove(entry->first);
    changed.push_back(entry->first);
    entry = served_.erase(entry);
  }
  std::erase_if(coming_, [&](const auto& entry) { return !wanted_names.contains(entry.first); });
  return changed;
}

}  // namespace residency::serve
