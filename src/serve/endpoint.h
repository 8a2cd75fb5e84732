// Endpoint: one deployment with its engine, its queue and its output filter.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/config.h"
#include "base/result.h"
#include "deploy/deployment.h"
#include "infer/engine.h"
#include "serve/chat.h"
#include "serve/output_filter.h"
#include "store/workspace.h"

namespace residency::serve {

struct EndpointOptions {
  ChatLimits limits;
  int queue_max = 64;                 // requests waiting, beside those being answered
  int workers = 1;                    // requests answered at once; more than one only where the
                                      // engine gains by it
  std::int64_t timeout_ms = 120'000;  // from arrival to the last token
  int context_tokens = 2048;
  int threads = 0;  // 0: all cores

  /// Keys: queue_max, timeout_ms, context_tokens, threads, tokens_default, tokens_max,
  /// messages_max, content_bytes_max.
  static Result<EndpointOptions> from_config(const ConfigNode& node);
};

/// Opens the engine; tests put their own.
using EngineFactory =
    std::function<Result<std::unique_ptr<infer::Engine>>(const infer::EngineOptions&)>;

/// infer::Engine::open.
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
  std::uint64_t completion_tokens = 0;
  std::uint64_t spans_filtered = 0;
  std::uint64_t answers_blocked = 0;
  std::uint64_t queue_depth = 0;
  std::uint64_t running = 0;
  double seconds_queued = 0;      // summed over what was started
  double seconds_first_text = 0;  // from arrival to the first text, summed over `first_texts`
  double seconds_generating = 0;  // summed over what was ended
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

  /// Verifies the base model against its digest, takes the adapter out of the workspace into
  /// memory and loads both. kCorrupt where the base is another file.
  static Result<std::unique_ptr<Endpoint>> open(store::Workspace& workspace,
                                                deploy::Deployment deployment,
                                                const EndpointOptions& options,
                                                const EngineFactory& engine_factory,
                                                OutputFilterFactory filter_factory);
  /// Over an engine that is loaded already. `held` is kept as long as the engine.
  static std::unique_ptr<Endpoint> start(deploy::Deployment deployment,
                                         const EndpointOptions& options,
                                         std::unique_ptr<infer::Engine> engine,
                                         OutputFilterFactory filter_factory,
                                         std::unique_ptr<store::MaterializedFile> held = nullptr);

  virtual const deploy::Deployment& deployment() const = 0;
  virtual const ChatLimits& limits() const = 0;

  /// Queues a request. kResourceExhausted, and no call to `observer`, where the queue is full.
  /// A stop asked of `stop` ends the request with ChatFinish::kCancelled.
  virtual Result<void> submit(ChatRequest request, std::stop_token stop,
                              std::shared_ptr<ChatObserver> observer) = 0;
  /// submit() and wait; `sink` may be empty.
  Result<ChatAnswer> chat(ChatRequest request, const infer::TextSink& sink = {});

  /// When a refused request may be tried again, by the present pace: 1 to 60 seconds.
  virtual int retry_after_s() const = 0;
  virtual EndpointStats stats() const = 0;
};

}  // namespace residency::serve
