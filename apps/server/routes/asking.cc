#include "server/routes/asking.h"

#include <utility>

#include "base/env.h"
#include "serve/bedrock.h"

namespace residency::server {
namespace {

std::int64_t now_ms() { return Env::posix().now_unix_ms(); }

/// Counts an answer's tokens on its way. It must not hold the endpoint.
class MeteredObserver final : public serve::ChatObserver {
 public:
  MeteredObserver(std::shared_ptr<serve::Meter> meter, std::string endpoint, std::string caller,
                  std::shared_ptr<serve::ChatObserver> inner)
      : meter_(std::move(meter)),
        endpoint_(std::move(endpoint)),
        caller_(std::move(caller)),
        inner_(std::move(inner)) {}

  bool on_text(std::string_view text) override { return inner_->on_text(text); }
  void on_done(Result<serve::ChatAnswer> outcome) override {
    serve::CallerUsage usage;
    usage.requests = 1;
    if (outcome.ok()) {
      usage.prompt_tokens = static_cast<std::uint64_t>(outcome->prompt_tokens);
      usage.cached_tokens = static_cast<std::uint64_t>(outcome->cached_tokens);
      usage.completion_tokens = static_cast<std::uint64_t>(outcome->completion_tokens);
    }
    meter_->used(endpoint_, caller_, usage, now_ms());
    inner_->on_done(std::move(outcome));
  }

 private:
  const std::shared_ptr<serve::Meter> meter_;
  const std::string endpoint_;
  const std::string caller_;
  const std::shared_ptr<serve::ChatObserver> inner_;
};

std::optional<Refused> admit(ServerState& state, const Asked& asked, const std::string& caller) {
  if (state.meter == nullptr) return std::nullopt;
  auto refusal = state.meter->admit(asked.name, caller, now_ms());
  if (!refusal) return std::nullopt;
  return Refused{refusal->error, refusal->retry_after_s};
}

}  // namespace

Result<Asked> find_endpoint(const ServerState& state, const std::string& model_id) {
  RESIDENCY_TRY(const auto served, serve::served_name(model_id));
  Asked asked;
  RESIDENCY_TRY(asked.endpoint, state.endpoints.find(served.name));
  asked.name = served.name;
  asked.version = served.version;
  return asked;
}

std::optional<Refused> submit_chat(ServerState& state, const Asked& asked,
                                   const std::string& caller, serve::ChatRequest request,
                                   std::stop_token gone,
                                   std::shared_ptr<serve::ChatObserver> observer) {
  if (auto refused = admit(state, asked, caller)) return refused;
  request.caller = caller;
  request.version = asked.version;
  if (state.meter != nullptr) {
    observer =
        std::make_shared<MeteredObserver>(state.meter, asked.name, caller, std::move(observer));
  }
  const auto taken = asked.endpoint->submit(std::move(request), std::move(gone), observer);
  if (taken.ok()) return std::nullopt;
  const bool later = traits(taken.error().code()).retryable;
  return Refused{taken.error(), later ? asked.endpoint->retry_after_s() : 0};
}

std::optional<Refused> ask_for_vectors(ServerState& state, const Asked& asked,
                                       const std::string& caller,
                                       const std::vector<std::string>& texts,
                                       std::function<void(Result<Json>)> done) {
  if (auto refused = admit(state, asked, caller)) return refused;
  const auto count = [meter = state.meter, name = asked.name, caller,
                      done = std::move(done)](Result<Json> answer) {
    if (meter != nullptr && answer.ok()) {
      serve::CallerUsage usage;
      usage.requests = 1;
      usage.prompt_tokens = static_cast<std::uint64_t>(json_integer(*answer, "tokens"));
      meter->used(name, caller, usage, now_ms());
    }
    done(std::move(answer));
  };
  asked.endpoint->ask({{"what", "embed"}, {"texts", texts}, {"version", asked.version}}, count);
  return std::nullopt;
}

}  // namespace residency::server
