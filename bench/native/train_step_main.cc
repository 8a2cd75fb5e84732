// Times training steps for the benches of training: prints one JSON line with tokens per second,
// peak memory, where the time went, and the share of the GEMM peak.
// usage: residency_train_bench MODEL.gguf [--batch N] [--length N] [--steps N] [--warmup N]
//        [--threads N] [--precision bf16|fp32] [--method lora|qlora|full] [--dora 0|1]
//        [--optimiser adamw|adamw8bit] [--recompute none|feed_forward] [--learning-rate X]
//        [--texts FILE] [--steps-out FILE] [--adapter-out FOLDER]
// --texts: lines of JSON with a "text" each, in place of random tokens: packed into sequences of
// --length, --batch of them a step. --steps-out: the token lists of each step's texts, a JSON line
// a step, so that a peer can train on the same. --adapter-out: the adapter before the first step,
// as a PEFT folder.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "dataset/packing.h"
#include "model/gguf.h"
#include "model/peft.h"
#include "model/tokenizer.h"
#include "train/gemm_peak.h"
#include "train/parallel.h"
#include "train/random.h"
#include "train/step_plan.h"
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
  std::map<std::string, std::string> flags{{"batch", "2"},        {"length", "512"},
                                           {"steps", "5"},        {"warmup", "2"},
                                           {"threads", "0"},      {"rank", "16"},
                                           {"seed", "2"},         {"precision", "bf16"},
                                           {"method", "lora"},    {"optimiser", "adamw"},
                                           {"recompute", "none"}, {"dora", "0"},
                                           {"texts", ""},         {"steps-out", ""},
                                           {"adapter-out", ""},   {"learning-rate", "0.0002"}};
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

/// Texts as tokens, every one but the first of a text supervised.
struct Texts {
  std::vector<dataset::TokenizedExample> examples;
  std::vector<dataset::PackedSequence> sequences;
};

Result<Texts> read_texts(const std::string& path, const std::string& model, std::int64_t length,
                         std::uint64_t seed) {
  RESIDENCY_TRY(const auto tokenizer, model::Tokenizer::open(model));
  Texts texts;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    RESIDENCY_TRY(const Json json, parse_json(line));
    dataset::TokenizedExample example;
    example.tokens = tokenizer->encode(json_text(json, "text"), false, false);
    if (static_cast<std::int64_t>(example.tokens.size()) > length + 1)
      example.tokens.resize(static_cast<std::size_t>(length + 1));
    if (example.tokens.size() < 2) continue;
    example.loss.assign(example.tokens.size(), 1);
    texts.examples.push_back(std::move(example));
  }
  dataset::PackOptions options;
  options.tokens_max = static_cast<std::size_t>(length);
  options.seed = seed;
  RESIDENCY_TRY(texts.sequences, dataset::pack(texts.examples, options, 0));
  if (texts.sequences.empty()) return invalid_input("no text in " + path);
  return texts;
}

void write_steps(const std::string& path, const train::TrainOptions& options, const Texts& texts) {
  std::ofstream file(path);
  std::int64_t written = 0;
  for (std::int64_t epoch = 0; written < options.steps_max; ++epoch) {
    for (const auto& step : train::plan_epoch(options, texts.sequences, epoch)) {
      if (written++ == options.steps_max) return;
      Json lists = Json::array();
      for (const std::size_t sequence : step.sequences) {
        for (const std::size_t example : texts.sequences[sequence].examples)
          lists.push_back(texts.examples[example].tokens);
      }
      file << lists.dump() << "\n";
    }
  }
}

Result<void> write_first_adapter(const std::string& folder, const train::TrainOptions& options,
                                 const model::LlamaConfig& config) {
  const train::AdapterLayout layout = train::make_layout(config, options);
  const auto adapter = train::to_adapter(layout, train::initial_values(layout, options.seed));
  RESIDENCY_TRY(const auto files, model::export_peft(adapter, config, "base"));
  return model::write_peft_folder(Env::posix(), files, folder);
}

Result<model::LlamaConfig> config_of(const std::string& path) {
  RESIDENCY_TRY(const auto base, model::GgufFile::open(path));
  return model::LlamaConfig::from_gguf(*base);
}

using Flags = std::map<std::string, std::string>;

std::int64_t number(const Flags& flags, const char* name) {
  return std::atoll(flags.at(name).c_str());
}

train::TrainOptions options_of(const Flags& flags) {
  train::TrainOptions options;
  options.precision =
      flags.at("precision") == "fp32" ? train::Precision::kFp32 : train::Precision::kBf16;
  options.method = flags.at("method");
  if (flags.at("recompute") == "feed_forward") options.recompute = train::Recompute::kFeedForward;
  options.lora.rank = number(flags, "rank");
  options.lora.dora = number(flags, "dora") != 0;
  options.learning_rate = std::atof(flags.at("learning-rate").c_str());
  if (flags.at("optimiser") == "adamw8bit") options.optimiser = train::OptimiserKind::kAdamW8;
  options.batch_tokens = number(flags, "batch") * number(flags, "length");
  options.sequence_tokens_max = number(flags, "length");
  options.steps_max = number(flags, "warmup") + number(flags, "steps");
  options.checkpoint_every_steps = options.steps_max + 1000;  // no checkpoints in the timing
  options.epochs = options.steps_max;
  options.threads = number(flags, "threads");
  options.warmup_ratio = 0;
  options.schedule = train::Schedule::kConstant;
  return options;
}

Result<void> report(const Flags& flags, const train::TrainOptions& options,
                    const model::LlamaConfig& config, const train::TrainResult& result,
                    const std::vector<train::StepMetrics>& steps) {
  const std::uint64_t peak_rss = result.peak_rss_bytes;  // before the products below
  std::vector<double> seconds;
  double all_s = 0;
  double timed_s = 0;
  double tokens = 0;
  double last_losses = 0;
  const std::size_t last = std::min<std::size_t>(10, steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const train::StepMetrics& step = steps[i];
    all_s += step.seconds;
    std::fprintf(stderr, "step %lld: %.3f s, %lld tokens, loss %.4f, gradient norm %.4f\n",
                 static_cast<long long>(step.step), step.seconds,
                 static_cast<long long>(step.tokens), step.loss, step.gradient_norm);
    if (i + last >= steps.size()) last_losses += step.loss / static_cast<double>(last);
    if (step.step <= number(flags, "warmup")) continue;
    seconds.push_back(step.seconds);
    timed_s += step.seconds;
    tokens += static_cast<double>(step.tokens);
  }
  std::sort(seconds.begin(), seconds.end());
  const double step_s = seconds[seconds.size() / 2];
  // Steps of equal size: the median tells more than the mean.
  const double speed = flags.at("texts").empty()
                           ? static_cast<double>(options.batch_tokens) / step_s
                           : tokens / timed_s;
  RESIDENCY_TRY(const double peak,
                train::gemm_peak_gigaflops(options.precision, options.sequence_tokens_max,
                                           config.embedding, config.feed_forward));
  const auto estimate = train::estimate(options, config);
  const double gigaflops = estimate.gigaflops_per_token * speed;
  const train::PartSeconds& part = result.seconds;
  std::printf(
      "{\"tokens_per_second\": %.1f, \"step_s\": %.4f, \"loss\": %.4f, \"last_losses\": %.5f, "
      "\"peak_rss_mb\": %.0f, \"engine\": \"%s\", \"gemm_share\": %.3f, "
      "\"attention_share\": %.3f, \"loss_share\": %.3f, \"optimiser_share\": %.3f, "
      "\"other_share\": %.3f, \"gigaflops\": %.0f, \"gemm_peak_gigaflops\": %.0f, "
      "\"peak_share\": %.3f, \"estimated_mb\": %.0f}\n",
      speed, step_s, steps.back().loss, last_losses, static_cast<double>(peak_rss) / 1e6,
      result.engine.c_str(), part.gemm / all_s, part.attention / all_s, part.loss / all_s,
      part.optimiser / all_s, (part.other + part.adapter) / all_s, gigaflops, peak,
      gigaflops / peak, static_cast<double>(estimate.memory_bytes) / 1e6);
  return {};
}

Result<void> measure(const std::string& model, const Flags& flags) {
  RESIDENCY_TRY(const auto config, config_of(model));
  const train::TrainOptions options = options_of(flags);
  const auto seed = static_cast<std::uint64_t>(number(flags, "seed"));
  Texts texts;
  if (flags.at("texts").empty()) {
    texts.sequences =
        random_sequences(number(flags, "batch"), number(flags, "length"), config.vocabulary, seed);
  } else {
    RESIDENCY_TRY(texts, read_texts(flags.at("texts"), model, number(flags, "length"), seed));
  }
  if (!flags.at("steps-out").empty()) write_steps(flags.at("steps-out"), options, texts);
  if (!flags.at("adapter-out").empty())
    RESIDENCY_TRY_VOID(write_first_adapter(flags.at("adapter-out"), options, config));
  const std::vector<dataset::PackedSequence> none;
  NoStore store;
  Steps steps;
  NoProgress progress;
  RESIDENCY_TRY(const auto result,
                train::run(options, {model, texts.sequences, none}, store, steps, progress));
  return report(flags, options, config, result, steps.all);
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: residency_train_bench MODEL.gguf [--length N] [--steps N]...\n");
    return 2;
  }
  const auto done = measure(words[1], read_flags(count, words));
  if (done.ok()) return 0;
  std::fprintf(stderr, "%s\n", done.error().message().c_str());
  return 1;
}
