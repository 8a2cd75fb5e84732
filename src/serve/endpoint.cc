#include "serve/endpoint.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "serve/answer_job.h"
#include "serve/chat_json.h"
#include "serve/desk.h"
#include "serve/endpoint_counts.h"

namespace residency::serve {
namespace {

constexpr std::size_t kTextsMax = 2048;

std::size_t desk_threads() { return std::thread::hardware_concurrency() > 4 ? 2 : 1; }

class BatchingEndpoint final : public Endpoint {
 public:
  BatchingEndpoint(std::vector<deploy::Deployment> versions, const EndpointOptions& options,
                   std::unique_ptr<infer::BatchEngine> engine,
                   std::shared_ptr<const Guardrails> guardrails,
                   std::vector<std::unique_ptr<store::MaterializedFile>> held)
      : versions_(std::move(versions)),
        options_(options),
        held_(std::move(held)),
        guardrails_(std::move(guardrails)),
        counts_(std::max(options.parallel, 1)),
        desk_(std::make_unique<Desk>(desk_threads())),
        questions_(std::make_unique<Desk>(1)),
        engine_(std::move(engine)) {}

  ~BatchingEndpoint() override {
    {
      std::unique_lock lock(mutex_);
      idle_.wait(lock, [&] { return under_way_ == 0; });
    }
    questions_.reset();
    desk_.reset();  // tells the last observers
    engine_.reset();
  }

  const deploy::Deployment& deployment() const override { return versions_.front(); }
  const ChatLimits& limits() const override { return options_.limits; }

  Result<void> submit(ChatRequest request, std::stop_token stop,
                      std::shared_ptr<ChatObserver> observer) override {
    std::string param;
    RESIDENCY_TRY_VOID(check_chat_request(request, options_.limits, param));
    RESIDENCY_TRY(const std::size_t variant, variant_of(request.version));
    if (!admit()) {
      counts_.refused();
      return resource_exhausted("the endpoint's queue is full; requests waiting at most: " +
                                std::to_string(options_.queue_max));
    }
    counts_.accepted();
    const std::size_t key = next_key_++;
    const auto deadline = Clock::now() + std::chrono::milliseconds(options_.timeout_ms);
    const auto job = std::make_shared<AnswerJob>(
        key, *desk_, std::move(request), std::move(stop), std::move(observer), deadline,
        [this](const JobTimes& times, const Result<ChatAnswer>& outcome) {
          counts_.ended(times, outcome);
          leave();
        });
    desk_->post(key, [this, job, variant] {
      job->begin(*engine_, *guardrails_, variant, versions_[variant].version);
    });
    return {};
  }

  void ask(Json question, std::function<void(Result<Json>)> done) override {
    if (!admit()) return done(resource_exhausted("the endpoint's queue is full"));
    questions_->post(0, [this, question = std::move(question), done = std::move(done)] {
      auto answer = answer_to(question);
      leave();
      done(std::move(answer));
    });
  }

  int retry_after_s() const override { return counts_.retry_after_s(); }
  EndpointStats stats() const override { return counts_.stats(); }

 private:
  bool admit() {
    const std::lock_guard lock(mutex_);
    const auto most = static_cast<std::size_t>(std::max(options_.queue_max, 0)) +
                      static_cast<std::size_t>(std::max(options_.parallel, 1));
    if (under_way_ >= most) return false;
    ++under_way_;
    return true;
  }

  void leave() {
    const std::lock_guard lock(mutex_);
    if (--under_way_ == 0) idle_.notify_all();
  }

  Result<std::size_t> variant_of(std::int64_t version) const {
    if (version == 0) return std::size_t{0};
    for (std::size_t i = 0; i < versions_.size(); ++i) {
      if (versions_[i].version == version) return i;
    }
    return not_found("model: no such version of the deployment is served");
  }

  Result<Json> answer_to(const Json& question) {
    const std::string what = json_text(question, "what");
    if (what == "embed") return embed(question);
    if (what != "count") return invalid_argument("a question that is not known");
    RESIDENCY_TRY(const auto request, chat_request_from_json(json_member(question, "request")));
    std::string param;
    RESIDENCY_TRY_VOID(check_chat_request(request, options_.limits, param));
    RESIDENCY_TRY(const auto tokens, request_tokens(*engine_, request));
    return Json{{"tokens", tokens.size()}};
  }

  Result<Json> embed(const Json& question) {
    RESIDENCY_TRY(const std::size_t variant, variant_of(json_integer(question, "version")));
    const Json& texts = json_member(question, "texts");
    if (!texts.is_array() || texts.empty() || texts.size() > kTextsMax) {
      return invalid_argument("input: give 1 to " + std::to_string(kTextsMax) + " texts");
    }
    std::vector<std::vector<std::int32_t>> all;
    std::size_t count = 0;
    for (const Json& text : texts) {
      const std::string bytes = text.is_string() ? text.get<std::string>() : "";
      if (bytes.empty() || bytes.size() > options_.limits.content_bytes_max) {
        return invalid_argument("input: a text must have 1 to " +
                                std::to_string(options_.limits.content_bytes_max) + " bytes");
      }
      RESIDENCY_TRY(auto tokens, engine_->tokenize(bytes, false, false));
      count += tokens.size();
      all.push_back(std::move(tokens));
    }
    auto vectors = engine_->embed(all, variant);
    if (!vectors.ok()) return vectors.error().with_context("input");
    return Json{{"vectors", *vectors}, {"tokens", count}};
  }

  const std::vector<deploy::Deployment> versions_;
  const EndpointOptions options_;
  const std::vector<std::unique_ptr<store::MaterializedFile>> held_;
  const std::shared_ptr<const Guardrails> guardrails_;
  EndpointCounts counts_;
  std::atomic<std::size_t> next_key_{0};
  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t under_way_ = 0;  // requests and questions
  std::unique_ptr<Desk> desk_;
  std::unique_ptr<Desk> questions_;  // of their own, since they may take long
  std::unique_ptr<infer::BatchEngine> engine_;
};

}  // namespace

std::unique_ptr<Endpoint> Endpoint::start(
    std::vector<deploy::Deployment> versions, const EndpointOptions& options,
    std::unique_ptr<infer::BatchEngine> engine, std::shared_ptr<const Guardrails> guardrails,
    std::vector<std::unique_ptr<store::MaterializedFile>> held) {
  RESIDENCY_CHECK(engine && guardrails && !versions.empty());
  return std::make_unique<BatchingEndpoint>(std::move(versions), options, std::move(engine),
                                            std::move(guardrails), std::move(held));
}

}  // namespace residency::serve
