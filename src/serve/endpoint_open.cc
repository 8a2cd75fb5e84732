#include <future>

#include "deploy/base_check.h"
#include "serve/endpoint.h"

namespace residency::serve {
namespace {

/// The one GGUF blob of an artifact.
Result<std::string> gguf_blob(const store::Manifest& manifest) {
  std::string found;
  for (const store::Blob& blob : manifest.blobs) {
    if (!blob.name.ends_with(".gguf")) continue;
    if (!found.empty()) {
      return invalid_input("the artifact holds more than one GGUF file: " + manifest.id);
    }
    found = blob.name;
  }
  if (found.empty()) return invalid_input("the artifact holds no GGUF file: " + manifest.id);
  return found;
}

/// Waits for one answer.
class WaitingObserver final : public ChatObserver {
 public:
  explicit WaitingObserver(infer::TextSink sink) : sink_(std::move(sink)) {}
  bool on_text(std::string_view text) override { return !sink_ || sink_(text); }
  void on_done(Result<ChatAnswer> outcome) override { outcome_.set_value(std::move(outcome)); }
  Result<ChatAnswer> wait() { return outcome_.get_future().get(); }

 private:
  infer::TextSink sink_;
  std::promise<Result<ChatAnswer>> outcome_;
};

}  // namespace

Result<EndpointOptions> EndpointOptions::from_config(const ConfigNode& node) {
  constexpr std::int64_t kHourMs = 3'600'000;
  ConfigReader reader(node, "serve.");
  EndpointOptions options;
  const auto integer = [&](std::string_view key, auto& into, std::int64_t minimum,
                           std::int64_t maximum) {
    using Value = std::decay_t<decltype(into)>;
    into =
        static_cast<Value>(reader.integer(key, static_cast<std::int64_t>(into), minimum, maximum));
  };
  integer("queue_max", options.queue_max, 0, 100'000);
  integer("timeout_ms", options.timeout_ms, 1, 24 * kHourMs);
  integer("context_tokens", options.context_tokens, 64, 1 << 20);
  integer("threads", options.threads, 0, 1024);
  integer("tokens_default", options.limits.tokens_default, 1, 1 << 20);
  integer("tokens_max", options.limits.tokens_max, 1, 1 << 20);
  integer("messages_max", options.limits.messages_max, 1, 100'000);
  integer("content_bytes_max", options.limits.content_bytes_max, 1, 64 << 20);
  if (options.limits.tokens_default > options.limits.tokens_max) {
    reader.problem("tokens_default", "must not be above tokens_max");
  }
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

Result<std::unique_ptr<Endpoint>> Endpoint::open(store::Workspace& workspace,
                                                 deploy::Deployment deployment,
                                                 const EndpointOptions& options,
                                                 const EngineFactory& engine_factory,
                                                 OutputFilterFactory filter_factory) {
  const std::string context = "endpoint " + deployment.name;
  infer::EngineOptions engine_options;
  engine_options.context_tokens = options.context_tokens;
  engine_options.parallel_sequences = options.workers;
  engine_options.threads = options.threads;
  engine_options.model_path = deployment.base.path;
  std::unique_ptr<store::MaterializedFile> held;
  bool merged = false;
  if (!deployment.model_artifact.empty()) {
    RESIDENCY_TRY(const auto manifest, workspace.manifest(deployment.model_artifact));
    RESIDENCY_TRY(const auto blob, gguf_blob(manifest));
    RESIDENCY_TRY(held, workspace.materialize(manifest.id, blob));
    merged = blob == "model.gguf";
    (merged ? engine_options.model_path : engine_options.adapter_path) = held->path();
  }
  if (!merged) {
    if (auto checked = deploy::verify_base(workspace.env(), deployment.base); !checked.ok()) {
      return checked.error().with_context(context);
    }
  }
  auto engine = engine_factory(engine_options);
  if (!engine.ok()) return engine.error().with_context(context);
  return start(std::move(deployment), options, *std::move(engine), std::move(filter_factory),
               std::move(held));
}

Result<ChatAnswer> Endpoint::chat(ChatRequest request, const infer::TextSink& sink) {
  const auto observer = std::make_shared<WaitingObserver>(sink);
  RESIDENCY_TRY_VOID(submit(std::move(request), {}, observer));
  return observer->wait();
}

}  // namespace residency::serve
