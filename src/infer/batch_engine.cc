#include "infer/batch_engine.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <fmt/format.h>
#include <mutex>
#include <thread>
#include <utility>

#include "infer/adapter_stack.h"
#include "infer/batch_loop.h"
#include "infer/embedder.h"
#include "infer/loaded_model.h"
#include "model/chat_template.h"

namespace residency::infer {
namespace {

Result<void> check_options(const BatchEngineOptions& options) {
  if (options.prompt_tokens_step < 1 || options.prompt_tokens_step > 1 << 20) {
    return invalid_argument(
        fmt::format("prompt_tokens_step is not from 1 to 1048576: {}", options.prompt_tokens_step));
  }
  return {};
}

class LlamaBatchEngine final : public BatchEngine {
 public:
  explicit LlamaBatchEngine(BatchEngineOptions options) : options_(std::move(options)) {}

  ~LlamaBatchEngine() override {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> load() {
    RESIDENCY_TRY_VOID(check_options(options_));
    RESIDENCY_TRY(const auto base, model::GgufFile::open(options_.model_path));
    RESIDENCY_TRY(stack_, AdapterStack::make(*base, options_.base_sha256, options_.variants));
    GraphHook hook;
    if (stack_->chooses()) {
      chooser_ = std::make_unique<AdapterChooser>(*stack_);
      hook = {&AdapterChooser::on_tensor, chooser_.get()};
    }
    EngineOptions plain;
    plain.model_path = options_.model_path;
    plain.context_tokens = options_.context_tokens;
    plain.parallel_sequences = options_.parallel_sequences;
    plain.threads = options_.threads;
    RESIDENCY_TRY(loaded_, LoadedModel::open(plain, hook));
    if (!stack_->path().empty()) {
      RESIDENCY_TRY(adapter_, load_adapter(loaded_.model.get(), stack_->path()));
      RESIDENCY_TRY_VOID(apply_adapter(loaded_.context.get(), adapter_));
    }
    note_control_tokens();
    thread_ = std::thread([this] { work(); });
    return {};
  }

  const std::string& chat_template() const override { return loaded_.chat_template; }

  Result<std::string> render_chat(const std::vector<ChatMessage>& messages,
                                  bool add_assistant) const override {
    std::vector<model::TemplateMessage> turns;
    turns.reserve(messages.size());
    for (const auto& message : messages) turns.push_back({message.role, message.content});
    return model::render_chat_template(loaded_.chat_template, turns, add_assistant);
  }

  Result<Tokens> tokenize(std::string_view text, bool add_bos, bool parse_special) const override {
    auto tokens = loaded_.vocabulary().encode(text, add_bos, parse_special);
    if (tokens.empty() && !text.empty()) return invalid_argument("text cannot be tokenized");
    return tokens;
  }

  Result<Tokens> prompt_tokens(std::string_view prompt) const override {
    RESIDENCY_TRY(auto tokens, tokenize(prompt, false, true));
    const auto vocabulary = loaded_.vocabulary();
    if (vocabulary.add_bos() && (tokens.empty() || tokens.front() != vocabulary.bos())) {
      tokens.insert(tokens.begin(), vocabulary.bos());
    }
    if (tokens.empty()) return invalid_argument("prompt is empty");
    return tokens;
  }

  bool spells_control_token(std::string_view text) const override {
    return std::any_of(control_.begin(), control_.end(), [&](const std::string& control) {
      return text.find(control) != std::string_view::npos;
    });
  }

  int context_tokens() const override { return loaded_.context_tokens; }
  std::size_t variants() const override { return options_.variants.size(); }

  Result<void> submit(GenerationRequest request, std::shared_ptr<GenerationSink> sink) override {
    RESIDENCY_TRY_VOID(check(request));
    RESIDENCY_TRY(auto sampler, Sampler::make(request.sampling, loaded_.vocab()));
    auto generating =
        std::make_unique<Generating>(std::move(request), std::move(sampler), std::move(sink));
    {
      const std::lock_guard lock(mutex_);
      arrived_.push_back(std::move(generating));
    }
    changed_.notify_one();
    return {};
  }

  Result<std::vector<std::vector<float>>> embed(const std::vector<Tokens>& texts,
                                                std::size_t variant) override {
    if (variant >= options_.variants.size()) return invalid_argument("no such variant");
    const std::lock_guard lock(embed_mutex_);
    if (embedder_ == nullptr) {
      RESIDENCY_TRY(embedder_, Embedder::make(loaded_, *stack_, adapter_, options_.threads));
    }
    return embedder_->run(texts, variant);
  }

  BatchEngineStats stats() const override {
    const std::lock_guard lock(mutex_);
    BatchEngineStats now = stats_;
    now.waiting += arrived_.size();
    return now;
  }

 private:
  Result<void> check(const GenerationRequest& request) const {
    const auto context = static_cast<std::size_t>(loaded_.context_tokens);
    if (request.prompt.empty()) return invalid_argument("prompt is empty");
    if (request.prompt.size() >= context) {
      return invalid_argument(fmt::format("prompt does not fit: {} tokens, the context holds {}",
                                          request.prompt.size(), context));
    }
    if (request.variant >= options_.variants.size()) return invalid_argument("no such variant");
    if (request.top_logprobs > kTopLogprobsMax) {
      return invalid_argument(
          fmt::format("top_logprobs is above {}: {}", kTopLogprobsMax, request.top_logprobs));
    }
    const int vocabulary = loaded_.vocabulary().size();
    for (const std::int32_t token : request.prompt) {
      if (token < 0 || token >= vocabulary) {
        return invalid_argument(
            fmt::format("token is outside the vocabulary of {}: {}", vocabulary, token));
      }
    }
    return {};
  }

  void note_control_tokens() {
    const auto* vocabulary = loaded_.vocab();
    for (std::int32_t token = 0; token < loaded_.vocabulary().size(); ++token) {
      const int kind = static_cast<int>(llama_vocab_get_attr(vocabulary, token));
      if ((kind & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN)) == 0) continue;
      const char* text = llama_vocab_get_text(vocabulary, token);
      if (text != nullptr && *text != '\0') control_.emplace_back(text);
    }
  }

  void work() {
    BatchLoop loop(loaded_, options_, chooser_.get());
    while (true) {
      {
        std::unique_lock lock(mutex_);
        stats_ = loop.stats();
        changed_.wait(lock, [&] { return closed_ || !arrived_.empty() || !loop.idle(); });
        for (auto& request : arrived_) loop.take(std::move(request));
        arrived_.clear();
        if (closed_) break;
      }
      loop.round();
    }
    loop.cancel_all();
  }

  const BatchEngineOptions options_;
  std::unique_ptr<AdapterStack> stack_;
  std::unique_ptr<AdapterChooser> chooser_;  // before the context that calls it
  LoadedModel loaded_;
  llama_adapter_lora* adapter_ = nullptr;  // freed with the model
  std::vector<std::string> control_;
  std::mutex embed_mutex_;
  std::unique_ptr<Embedder> embedder_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Generating>> arrived_;
  BatchEngineStats stats_;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<BatchEngine>> BatchEngine::open(const BatchEngineOptions& options) {
  auto engine = std::make_unique<LlamaBatchEngine>(options);
  RESIDENCY_TRY_VOID(engine->load());
  return std::unique_ptr<BatchEngine>(std::move(engine));
}

}  // namespace residency::infer
