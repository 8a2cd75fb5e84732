// Times LoRA training steps for bench lora-equal: prints one JSON line with tokens per second
// (median over the timed steps), peak memory, where the time went, and the share of the GEMM peak.
// usage: residency_train_bench MODEL.gguf [--batch N] [--length N] [--steps N] [--warmup N]
//        [--threads N] [--precision bf16|fp32] [--method lora|qlora|full]
//        [--optimiser adamw|adamw8bit] [--recompute none|feed_forward]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "train/gemm_peak.h"
#include "train/random.h"
#include "train/train.h"

namespace {

using namespace residency;

class NoStore final : public train::CheckpointStore {
 public:
  Result<void> put(const std::string&, std::string_view) override { return {}; }
  Result<std::optional<std::string>> get(const std::string&) override {
    return std::optional<std::string>();
  }
  Result<void> remove(const std::string&) override { return {}; }
};

class Steps final : public train::MetricSink {
 public:
  void step(const train::StepMetrics& metrics) override { all.push_back(metrics); }
  std::vector<train::StepMetrics> all;
};

std::map<std::string, std::string> read_flags(int count, char** words) {
  std::map<std::string, std::string> flags{
      {"batch", "2"},     {"length", "512"},      {"steps", "5"},       {"warmup", "2"},
      {"threads", "0"},   {"rank", "16"},         {"seed", "2"},        {"precision", "bf16"},
      {"method", "lora"}, {"optimiser", "adamw"}, {"recompute", "none"}};
  for (int i = 2; i + 1 < count; i += 2) flags[words[i] + 2] = words[i + 1];
  return flags;
}

std::vector<dataset::PackedSequence> random_sequences(std::int64_t count, std::int64_t length,
                                                      std::int64_t vocabulary, std::uint64_t seed) {
  train::Random random(seed);
  std::vector<dataset::PackedSequence> sequences;
  for (std::int64_t i = 0; i < count; ++i) {
    std::vector<std::int32_t> tokens;
    for (std::int64_t t = 0; t <= length; ++t) {
      tokens.push_back(
          static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocabulary))));
    }
    auto sequence = train::plain_sequence(std::span(tokens).first(tokens.size() - 1));
    sequence.targets.assign(tokens.begin() + 1, tokens.end());
    sequences.push_back(std::move(sequence));
  }
  return sequences;
}

Result<model::LlamaConfig> config_of(const std::string& path) {
  RESIDENCY_TRY(const auto base, model::GgufFile::open(path));
  return model::LlamaConfig::from_gguf(*base);
}

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message().c_str());
  return 1;
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: residency_train_bench MODEL.gguf [--length N] [--steps N]...\n");
    return 2;
  }
  auto flags = read_flags(count, words);
  const auto number = [&](const char* name) { return std::atoll(flags[name].c_str()); };
  const auto config = config_of(words[1]);
  if (!config.ok()) return fail(config.error());
  train::TrainOptions options;
  options.precision =
      flags["precision"] == "fp32" ? train::Precision::kFp32 : train::Precision::kBf16;
  options.method = flags["method"];
  if (flags["recompute"] == "feed_forward") options.recompute = train::Recompute::kFeedForward;
  options.lora.rank = number("rank");
  if (flags["optimiser"] == "adamw8bit") options.optimiser = train::OptimiserKind::kAdamW8;
  options.checkpoint_every_steps = options.steps_max + 1000;  // no checkpoints in the timing
  options.batch_tokens = number("batch") * number("length");
  options.sequence_tokens_max = number("length");
  options.steps_max = number("warmup") + number("steps");
  options.epochs = options.steps_max;
  options.threads = number("threads");
  const auto sequences = random_sequences(number("batch"), number("length"), config->vocabulary,
                                          static_cast<std::uint64_t>(number("seed")));
  const std::vector<dataset::PackedSequence> none;
  NoStore store;
  Steps steps;
  NoProgress progress;
  const auto result = train::run(options, {words[1], sequences, none}, store, steps, progress);
  if (!result.ok()) return fail(result.error());
  const std::uint64_t peak_rss = result->peak_rss_bytes;
  std::vector<double> seconds;
  double all_s = 0;
  for (const auto& step : steps.all) {
    all_s += step.seconds;
    std::fprintf(stderr, "step %lld: %.3f s, loss %.4f, gradient norm %.4f\n",
                 static_cast<long long>(step.step), step.seconds, step.loss, step.gradient_norm);
    if (step.step > number("warmup")) seconds.push_back(step.seconds);
  }
  std::sort(seconds.begin(), seconds.end());
  const double step_s = seconds[seconds.size() / 2];
  const double tokens = static_cast<double>(options.batch_tokens);
  const auto peak = train::gemm_peak_gigaflops(options.precision, options.sequence_tokens_max,
                                               config->embedding, config->feed_forward);
  if (!peak.ok()) return fail(peak.error());
  const double gigaflops = train::estimate(options, *config).gigaflops_per_token * tokens / step_s;
  const train::PartSeconds& part = result->seconds;
  std::printf(
      "{\"tokens_per_second\": %.1f, \"step_s\": %.4f, \"loss\": %.4f, \"peak_rss_mb\": %.0f, "
      "\"engine\": \"%s\", \"gemm_share\": %.3f, \"attention_share\": %.3f, \"loss_share\": %.3f, "
      "\"optimiser_share\": %.3f, \"other_share\": %.3f, \"gigaflops\": %.0f, "
      "\"gemm_peak_gigaflops\": %.0f, \"peak_share\": %.3f, \"estimated_mb\": %.0f}\n",
      tokens / step_s, step_s, steps.all.back().loss, static_cast<double>(peak_rss) / 1e6,
      result->engine.c_str(), part.gemm / all_s, part.attention / all_s, part.loss / all_s,
      part.optimiser / all_s, (part.other + part.adapter) / all_s, gigaflops, *peak,
      gigaflops / *peak, static_cast<double>(train::estimate(options, *config).memory_bytes) / 1e6);
  return 0;
}
