#include "serve/endpoint.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <thread>
#include <vector>

#include "serve/answering.h"
#include "serve/chat_queue.h"

namespace residency::serve {
namespace {

constexpr int kRetryAfterMaxS = 60;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

class QueuedEndpoint final : public Endpoint {
 public:
  QueuedEndpoint(deploy::Deployment deployment, const EndpointOptions& options,
                 std::unique_ptr<infer::Engine> engine, OutputFilterFactory filter_factory,
                 std::unique_ptr<store::MaterializedFile> held)
      : deployment_(std::move(deployment)),
        options_(options),
        held_(std::move(held)),
        engine_(std::move(engine)),
        filter_factory_(std::move(filter_factory)),
        queue_(static_cast<std::size_t>(std::max(options.queue_max, 0)),
               static_cast<std::size_t>(std::max(options.workers, 1))) {
    for (int i = 0; i < std::max(options_.workers, 1); ++i) {
      workers_.emplace_back([this] { work(); });
    }
  }

  ~QueuedEndpoint() override {
    queue_.close();
    for (std::thread& worker : workers_) worker.join();
  }

  const deploy::Deployment& deployment() const override { return deployment_; }
  const ChatLimits& limits() const override { return options_.limits; }

  Result<void> submit(ChatRequest request, std::stop_token stop,
                      std::shared_ptr<ChatObserver> observer) override {
    std::string param;
    RESIDENCY_TRY_VOID(check_chat_request(request, options_.limits, param));
    const auto now = Clock::now();
    const auto pushed = queue_.push({std::move(request), std::move(stop), std::move(observer), now,
                                     now + std::chrono::milliseconds(options_.timeout_ms)});
    const std::lock_guard lock(mutex_);
    if (pushed == ChatQueue::Pushed::kTaken) {
      ++stats_.requests;
      return {};
    }
    ++stats_.refused;
    if (pushed == ChatQueue::Pushed::kClosed) {
      return resource_exhausted("the endpoint is closing; try again");
    }
    return resource_exhausted("the endpoint's queue is full; requests waiting at most: " +
                              std::to_string(options_.queue_max));
  }

  int retry_after_s() const override {
    const EndpointStats now = stats();
    const double ended = static_cast<double>(now.answered + now.cancelled + now.timeouts);
    const double pace_s = ended > 0 ? now.seconds_generating / ended : 1;
    const double wait_s =
        pace_s * static_cast<double>(now.queue_depth + now.running) / std::max(options_.workers, 1);
    return static_cast<int>(std::clamp(std::ceil(wait_s), 1.0, double{kRetryAfterMaxS}));
  }

  EndpointStats stats() const override {
    EndpointStats copy;
    {
      const std::lock_guard lock(mutex_);
      copy = stats_;
    }
    copy.queue_depth = queue_.depth();
    copy.running = queue_.running();
    return copy;
  }

 private:
  void work() {
    while (auto job = queue_.pop()) {
      const auto started = Clock::now();
      Result<ChatAnswer> outcome = answer(*job, started);
      queue_.release();
      job->observer->on_done(std::move(outcome));
    }
  }

  Result<ChatAnswer> answer(ChatJob& job, Clock::time_point started) {
    if (job.stop.stop_requested()) {
      ChatAnswer gone;
      gone.finish = ChatFinish::kCancelled;
      return counted(job, started, std::nullopt, std::move(gone));
    }
    if (started >= job.deadline) {
      const std::lock_guard lock(mutex_);
      ++stats_.timeouts;
      return resource_exhausted("the request waited longer than its time limit in ms: " +
                                std::to_string(options_.timeout_ms));
    }
    const auto filter = filter_factory_();
    if (!filter) {
      return counted(job, started, std::nullopt, internal_error("the output filter is missing"));
    }
    Answering answering(*engine_, *filter, job);
    auto outcome = answering.run();
    return counted(job, started, answering.first_text(), std::move(outcome));
  }

  Result<ChatAnswer> counted(const ChatJob& job, Clock::time_point started,
                             std::optional<Clock::time_point> first_text,
                             Result<ChatAnswer> outcome) {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    stats_.seconds_queued += seconds_between(job.arrived, started);
    stats_.seconds_generating += seconds_between(started, now);
    if (first_text) {
      ++stats_.first_texts;
      stats_.seconds_first_text += seconds_between(job.arrived, *first_text);
    }
    if (!outcome.ok()) {
      ++stats_.errors;
      return outcome;
    }
    stats_.prompt_tokens += static_cast<std::uint64_t>(std::max(outcome->prompt_tokens, 0));
    stats_.completion_tokens += static_cast<std::uint64_t>(std::max(outcome->completion_tokens, 0));
    stats_.spans_filtered += outcome->spans_filtered;
    switch (outcome->finish) {
      case ChatFinish::kCancelled:
        ++stats_.cancelled;
        break;
      case ChatFinish::kTimeout:
        ++stats_.timeouts;
        break;
      case ChatFinish::kContentFilter:
        ++stats_.answers_blocked;
        ++stats_.answered;
        break;
      default:
        ++stats_.answered;
    }
    return outcome;
  }

  const deploy::Deployment deployment_;
  const EndpointOptions options_;
  const std::unique_ptr<store::MaterializedFile> held_;
  const std::unique_ptr<infer::Engine> engine_;
  const OutputFilterFactory filter_factory_;
  ChatQueue queue_;
  mutable std::mutex mutex_;
  EndpointStats stats_;
  std::vector<std::thread> workers_;
};

}  // namespace

std::unique_ptr<Endpoint> Endpoint::start(deploy::Deployment deployment,
                                          const EndpointOptions& options,
                                          std::unique_ptr<infer::Engine> engine,
                                          OutputFilterFactory filter_factory,
                                          std::unique_ptr<store::MaterializedFile> held) {
  RESIDENCY_CHECK(engine && filter_factory);
  return std::make_unique<QueuedEndpoint>(std::move(deployment), options, std::move(engine),
                                          std::move(filter_factory), std::move(held));
}

}  // namespace residency::serve
