// Endpoint: one deployment with its engine, its queue and its guardrails.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/result.h"
#include "deploy/deployment.h"
#include "infer/batch_engine.h"
#include "serve/chat.h"
#include "serve/guardrail.h"
#include "store/workspace.h"

namespace residency::serve {

struct EndpointOptions {
  ChatLimits limits;
  int queue_max = 64;                 // requests waiting, beside those being answered
  int parallel = 8;                   // requests computed at once
  std::int64_t timeout_ms = 120'000;  // from arrival to the last token
  int context_tokens = 2048;          // of each request
  int threads = 0;                    // 0: all cores
  bool prefix_cache = true;           // keep what requests that begin alike have in common
  bool exact = false;                 // answers are those of the evaluation bit for bit

  /// Keys: queue_max, parallel, timeout_ms, context_tokens, threads, prefix_cache, exact,
  /// tokens_default, tokens_max, messages_max, content_bytes_max.
  static Result<EndpointOptions> from_config(const ConfigNode& node);
};

/// Opens the engine; tests put their own.
using EngineFactory =
    std::function<Result<std::unique_ptr<infer::BatchEngine>>(const infer::BatchEngineOptions&)>;

/// infer::BatchEngine::open.
EngineFactory llama_engine_factory();

/// Counts since the endpoint was opened, and what it is doing now.
struct EndpointStats {
  std::uint64_t requests = 0;  // accepted into the queue
  std::uint64_t refused = 0;   // the queue was full
  std::uint64_t answered = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t errors = 0;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t cached_tokens = 0;  // of them, not computed again
  std::uint64_t completion_tokens = 0;
  std::uint64_t spans_filtered = 0;
  std::uint64_t answers_blocked = 0;
  std::uint64_t restarts = 0;  // of the endpoint's process
  std::uint64_t queue_depth = 0;
  std::uint64_t running = 0;
  double seconds_first_text = 0;  // from arrival to the first text, summed over `first_texts`
  double seconds_generating = 0;  // from arrival to the end, summed over what was ended
  std::uint64_t first_texts = 0;
};

/// Takes one answer. Called from an endpoint's worker, one call at a time.
class ChatObserver {
 public:
  virtual ~ChatObserver() = default;
  /// Text that may leave; false stops the generation.
  virtual bool on_text(std::string_view text) = 0;
  /// Once, last.
  virtual void on_done(Result<ChatAnswer> outcome) = 0;
};

/// Thread-safe. Destroying it first answers everything that was accepted, so an observer must not
/// be what keeps it alive.
class Endpoint {
 public:
  virtual ~Endpoint() = default;

  /// Versions of one deployment that stand on one base: verifies the base against its digest, takes
  /// the adapters out of the workspace into memory and loads all of them. A merged model is served
  /// alone. kCorrupt where the base is another file.
  static Result<std::unique_ptr<Endpoint>> open(store::Workspace& workspace,
                                                std::vector<deploy::Deployment> versions,
                                                const EndpointOptions& options,
                                                const EngineFactory& engine_factory,
                                                std::shared_ptr<const Guardrails> guardrails);
  /// Over an engine that is loaded already; its variants are the versions, in order. `held` is kept
  /// as long as the engine.
  static std::unique_ptr<Endpoint> start(
      std::vector<deploy::Deployment> versions, const EndpointOptions& options,
      std::unique_ptr<infer::BatchEngine> engine, std::shared_ptr<const Guardrails> guardrails,
      std::vector<std::unique_ptr<store::MaterializedFile>> held = {});

  virtual const deploy::Deployment& deployment() const = 0;
  virtual const ChatLimits& limits() const = 0;

  /// Queues a request. kResourceExhausted, and no call to `observer`, where the queue is full.
  /// A stop asked of `stop` ends the request with ChatFinish::kCancelled.
  virtual Result<void> submit(ChatRequest request, std::stop_token stop,
                              std::shared_ptr<ChatObserver> observer) = 0;
  /// submit() and wait; `sink` may be empty.
  Result<ChatAnswer> chat(ChatRequest request, const infer::TextSink& sink = {});

  /// Asks what is no chat, answered through `done` from another thread, once:
  ///   {"what": "embed", "texts": [...], "version"} -> {"vectors": [[...]], "tokens": N}
  ///   {"what": "count", "request": chat_json's} -> {"tokens": N}
  virtual void ask(Json question, std::function<void(Result<Json>)> done) = 0;
  /// "ready"; with a process of its own also "starting", "stopped" (it starts when asked),
  /// "failed".
  virtual std::string_view state() const { return "ready"; }

  /// When a refused request may be tried again, by the present pace: 1 to 60 seconds.
  virtual int retry_after_s() const = 0;
  virtual EndpointStats stats() const = 0;
};

}  // namespace residency::serve
