#include "serve/split_endpoint.h"

#include <algorithm>
#include <mutex>
#include <random>
#include <utility>

namespace residency::serve {
namespace {

/// Reads an answer that nobody gets.
class Unread final : public ChatObserver {
 public:
  bool on_text(std::string_view) override { return true; }
  void on_done(Result<ChatAnswer>) override {}
};

class Split final : public SplitEndpoint {
 public:
  Split(deploy::Deployment active, std::vector<Part> parts, const Traffic& traffic,
        std::uint64_t seed)
      : active_(std::move(active)), parts_(std::move(parts)), random_(seed) {
    Split::set_traffic(traffic);
  }

  void set_traffic(const Traffic& traffic) override {
    Traffic known;
    for (const auto& share : traffic.shares) {
      if (share.weight > 0 && part_of(share.version) != nullptr) known.shares.push_back(share);
    }
    if (known.shares.empty()) known.shares.push_back({active_.version, 1});
    if (part_of(traffic.shadow) != nullptr) known.shadow = traffic.shadow;
    const std::lock_guard lock(mutex_);
    traffic_ = std::move(known);
  }

  const std::vector<Part>& parts() const override { return parts_; }
  const deploy::Deployment& deployment() const override { return active_; }
  const ChatLimits& limits() const override { return parts_.front().endpoint->limits(); }

  Result<void> submit(ChatRequest request, std::stop_token stop,
                      std::shared_ptr<ChatObserver> observer) override {
    const bool chosen = request.version != 0;
    std::int64_t shadow = 0;
    if (!chosen) request.version = draw(shadow);
    const Part* part = part_of(request.version);
    if (part == nullptr) return not_found("model: no such version of the deployment is served");
    std::optional<ChatRequest> copy;
    if (shadow != 0 && shadow != request.version) copy = request;
    RESIDENCY_TRY_VOID(
        part->endpoint->submit(std::move(request), std::move(stop), std::move(observer)));
    if (copy) {
      copy->version = shadow;
      // A shadow that has no room is left out: it must not slow what people wait for.
      const auto ignored =
          part_of(shadow)->endpoint->submit(*std::move(copy), {}, std::make_shared<Unread>());
      static_cast<void>(ignored.ok());
    }
    return {};
  }

  void ask(Json question, std::function<void(Result<Json>)> done) override {
    std::int64_t version = json_integer(question, "version");
    std::int64_t shadow = 0;
    if (version == 0) version = draw(shadow);
    const Part* part = part_of(version);
    if (part == nullptr) return done(not_found("model: no such version of the deployment"));
    question["version"] = version;
    part->endpoint->ask(std::move(question), std::move(done));
  }

  std::string_view state() const override {
    std::string_view worst = "ready";
    for (const Part& part : parts_) {
      const std::string_view state = part.endpoint->state();
      if (state == "failed") return state;
      if (state != "ready") worst = state;
    }
    return worst;
  }

  int retry_after_s() const override {
    int most = 1;
    for (const Part& part : parts_) most = std::max(most, part.endpoint->retry_after_s());
    return most;
  }

  EndpointStats stats() const override {
    EndpointStats sum;
    for (const Part& part : parts_) add(sum, part.endpoint->stats());
    return sum;
  }

 private:
  static void add(EndpointStats& into, const EndpointStats& more) {
    into.requests += more.requests;
    into.refused += more.refused;
    into.answered += more.answered;
    into.cancelled += more.cancelled;
    into.timeouts += more.timeouts;
    into.errors += more.errors;
    into.prompt_tokens += more.prompt_tokens;
    into.cached_tokens += more.cached_tokens;
    into.completion_tokens += more.completion_tokens;
    into.spans_filtered += more.spans_filtered;
    into.answers_blocked += more.answers_blocked;
    into.restarts += more.restarts;
    into.queue_depth += more.queue_depth;
    into.running += more.running;
    into.seconds_first_text += more.seconds_first_text;
    into.seconds_generating += more.seconds_generating;
    into.first_texts += more.first_texts;
  }

  const Part* part_of(std::int64_t version) const {
    for (const Part& part : parts_) {
      const auto found = std::find(part.versions.begin(), part.versions.end(), version);
      if (found != part.versions.end()) return &part;
    }
    return nullptr;
  }

  std::int64_t draw(std::int64_t& shadow) {
    const std::lock_guard lock(mutex_);
    shadow = traffic_.shadow;
    if (traffic_.shares.size() == 1) return traffic_.shares.front().version;
    std::vector<double> weights;
    for (const auto& share : traffic_.shares) weights.push_back(static_cast<double>(share.weight));
    std::discrete_distribution<std::size_t> which(weights.begin(), weights.end());
    return traffic_.shares[which(random_)].version;
  }

  const deploy::Deployment active_;
  const std::vector<Part> parts_;
  mutable std::mutex mutex_;
  Traffic traffic_;
  std::mt19937_64 random_;
};

}  // namespace

std::shared_ptr<SplitEndpoint> SplitEndpoint::make(deploy::Deployment active,
                                                   std::vector<Part> parts, const Traffic& traffic,
                                                   std::uint64_t seed) {
  RESIDENCY_CHECK(!parts.empty());
  return std::make_shared<Split>(std::move(active), std::move(parts), traffic, seed);
}

}  // namespace residency::serve
