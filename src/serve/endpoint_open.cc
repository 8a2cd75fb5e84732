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
  integer("parallel", options.parallel, 1, 64);
  options.prefix_cache = reader.flag("prefix_cache", options.prefix_cache);
  options.exact = reader.flag("exact", options.exact);
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
                                                 std::vector<deploy::Deployment> versions,
                                                 const EndpointOptions& options,
                                                 const EngineFactory& engine_factory,
                                                 std::shared_ptr<const Guardrails> guardrails) {
  if (versions.empty()) return invalid_argument("endpoint: there is no version to serve");
  const deploy::Deployment& first = versions.front();
  const std::string context = "endpoint " + first.name;
  infer::BatchEngineOptions engine_options;
  engine_options.context_tokens = options.context_tokens;
  engine_options.parallel_sequences = options.parallel;
  engine_options.threads = options.threads;
  engine_options.prefix_cache = options.prefix_cache;
  engine_options.exact = options.exact;
  engine_options.model_path = first.base.path;
  engine_options.base_sha256 = first.base.sha256;
  engine_options.variants.clear();
  std::vector<std::unique_ptr<store::MaterializedFile>> held;
  bool merged = false;
  for (const deploy::Deployment& version : versions) {
    engine_options.variants.emplace_back();
    if (version.base.sha256 != first.base.sha256) {
      return invalid_argument(context + ": its versions stand on different bases");
    }
    if (version.model_artifact.empty()) continue;
    RESIDENCY_TRY(const auto manifest, workspace.manifest(version.model_artifact));
    RESIDENCY_TRY(const auto blob, gguf_blob(manifest));
    RESIDENCY_TRY(auto file, workspace.materialize(manifest.id, blob));
    merged = merged || manifest.kind == "model";
    (manifest.kind == "model" ? engine_options.model_path : engine_options.variants.back()) =
        file->path();
    held.push_back(std::move(file));
  }
  if (merged && versions.size() > 1) {
    return invalid_argument(context + ": a merged model is served alone");
  }
  if (!merged) {
    if (auto checked = deploy::verify_base(workspace.env(), first.base); !checked.ok()) {
      return checked.error().with_context(context);
    }
  }
  auto engine = engine_factory(engine_options);
  if (!engine.ok()) return engine.error().with_context(context);
  return start(std::move(versions), options, *std::move(engine), std::move(guardrails),
               std::move(held));
}

EngineFactory llama_engine_factory() {
  return [](const infer::BatchEngineOptions& options) { return infer::BatchEngine::open(options); };
}

Result<ChatAnswer> Endpoint::chat(ChatRequest request, const infer::TextSink& sink) {
  const auto observer = std::make_shared<WaitingObserver>(sink);
  RESIDENCY_TRY_VOID(submit(std::move(request), {}, observer));
  return observer->wait();
}

}  // namespace residency::serve
