#include "serve/endpoint_worker.h"

#include <map>
#include <mutex>
#include <utility>

#include "deploy/deployment.h"
#include "serve/chat_json.h"
#include "serve/phi_guardrail.h"
#include "serve/policy_guardrail.h"

namespace residency::serve {
namespace {

using Id = std::int64_t;

/// The stops of what is being answered, by id.
class Stops {
 public:
  std::stop_token add(Id id) {
    const std::lock_guard lock(mutex_);
    return stops_[id].get_token();
  }
  void stop(Id id) {
    std::stop_source source(std::nostopstate);
    {
      const std::lock_guard lock(mutex_);
      const auto found = stops_.find(id);
      if (found == stops_.end()) return;
      source = found->second;
    }
    source.request_stop();
  }
  void remove(Id id) {
    const std::lock_guard lock(mutex_);
    stops_.erase(id);
  }

 private:
  std::mutex mutex_;
  std::map<Id, std::stop_source> stops_;
};

class WireObserver final : public ChatObserver {
 public:
  WireObserver(Wire& wire, Stops& stops, Id id) : wire_(wire), stops_(stops), id_(id) {}
  bool on_text(std::string_view text) override { return wire_.send({{"id", id_}, {"text", text}}); }
  void on_done(Result<ChatAnswer> outcome) override {
    stops_.remove(id_);
    if (!outcome.ok()) {
      wire_.send({{"id", id_}, {"error", to_json(outcome.error())}});
      return;
    }
    outcome->text.clear();  // it was sent as it came
    wire_.send({{"id", id_}, {"done", to_json(*outcome)}});
  }

 private:
  Wire& wire_;
  Stops& stops_;
  const Id id_;
};

void take(Wire& wire, Endpoint& endpoint, Stops& stops, const Json& message) {
  const std::string op = json_text(message, "op");
  const Id id = json_integer(message, "id");
  if (op == "cancel") return stops.stop(id);
  if (op == "ask") {
    return endpoint.ask(json_member(message, "question"), [&wire, id](Result<Json> answer) {
      if (answer.ok()) {
        wire.send({{"id", id}, {"told", *answer}});
      } else {
        wire.send({{"id", id}, {"error", to_json(answer.error())}});
      }
    });
  }
  auto request = chat_request_from_json(json_member(message, "request"));
  Result<void> taken = request.ok() ? Result<void>() : Result<void>(request.error());
  if (request.ok()) {
    taken = endpoint.submit(*std::move(request), stops.add(id),
                            std::make_shared<WireObserver>(wire, stops, id));
  }
  if (taken.ok()) return;
  stops.remove(id);
  wire.send({{"id", id}, {"error", to_json(taken.error())}});
}

Result<std::vector<deploy::Deployment>> versions_from_json(const Json& description) {
  const std::string name = json_text(description, "name");
  const Json history{{"versions", json_member(description, "versions")},
                     {"active", 0},
                     {"activated", Json::array()}};
  RESIDENCY_TRY(auto read, deploy::history_from_json(name, history));
  return std::move(read.versions);
}

}  // namespace

EndpointOpener workspace_endpoint_opener() {
  return [](const Json& description) -> Result<std::unique_ptr<Endpoint>> {
    RESIDENCY_TRY(const auto workspace,
                  store::Workspace::open(Env::posix(), json_text(description, "workspace")));
    RESIDENCY_TRY(auto versions, versions_from_json(description));
    RESIDENCY_TRY(const auto options,
                  endpoint_options_from_json(json_member(description, "options")));
    std::shared_ptr<const Guardrails> guardrails = guardrails_of({});
    if (const std::string filter = json_text(description, "filter"); filter != "off") {
      guard::GuardOptions guard_options;
      RESIDENCY_TRY(guard_options.mode, guard::filter_mode_named(filter));
      RESIDENCY_TRY(guardrails, phi_guardrails(guard_options));
    }
    if (description.contains("guardrail")) {
      RESIDENCY_TRY(auto policy, policy_of_source(description["guardrail"]));
      RESIDENCY_TRY(auto guardrail, policy_guardrail(std::move(policy)));
      guardrails = with_guardrail(std::move(guardrail), std::move(guardrails));
    }
    return Endpoint::open(*workspace, std::move(versions), options, llama_engine_factory(),
                          std::move(guardrails));
  };
}

int run_endpoint_worker(Wire& wire, const EndpointOpener& opener) {
  auto first = wire.receive();
  if (!first.ok() || !*first) return 1;
  auto endpoint = opener(**first);
  if (!endpoint.ok()) {
    wire.send({{"failed", to_json(endpoint.error())}});
    return 1;
  }
  wire.send({{"ready", true}});
  Stops stops;
  while (true) {
    auto message = wire.receive();
    if (!message.ok() || !*message) break;
    take(wire, **endpoint, stops, **message);
  }
  endpoint->reset();  // answers what was taken
  return 0;
}

}  // namespace residency::serve
