// Times the path of a data set of N examples into training: tokens made and sealed into a
// workspace, packed, and a few steps of LoRA read from there. Prints one JSON line.
// usage: residency_scale_bench MODEL.gguf WORKSPACE EXAMPLES STEPS
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/env.h"
#include "dataset/packing.h"
#include "model/tokenizer.h"
#include "pipeline/stages/token_store.h"
#include "store/workspace.h"
#include "train/random.h"
#include "train/train.h"

namespace {

using namespace residency;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

class State final : public train::CheckpointStore {
 public:
  explicit State(store::Workspace& workspace) : workspace_(workspace) {}
  Result<void> put(const std::string& name, std::string_view bytes) override {
    return workspace_.put_state("bench/" + name, bytes);
  }
  Result<std::optional<std::string>> get(const std::string& name) override {
    return workspace_.get_state("bench/" + name);
  }
  Result<void> remove(const std::string& name) override {
    return workspace_.remove_state("bench/" + name);
  }

 private:
  store::Workspace& workspace_;
};

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

/// A note of 30 to 250 words that are drawn, so that no two are alike.
dataset::Example drawn_example(train::Random& random) {
  static constexpr const char* kWords[] = {
      "patient", "denies", "chest",    "pain",     "reports", "mild",      "nausea",   "history",
      "of",      "type",   "2",        "diabetes", "on",      "metformin", "500",      "mg",
      "daily",   "blood",  "pressure", "142/88",   "and",     "follow",    "up",       "in",
      "weeks",   "no",     "fever",    "cough",    "left",    "knee",      "swelling", "since",
      "Monday",  "x-ray",  "normal",   "plan"};
  dataset::Example example;
  std::string text;
  const std::uint64_t words = 30 + random.below(220);
  for (std::uint64_t i = 0; i < words; ++i)
    text += (i > 0 ? " " : "") + std::string(kWords[random.below(std::size(kWords))]);
  example.messages = {{"user", text}, {"assistant", "I10, E11.9"}};
  return example;
}

Result<std::string> bench(const std::string& model, const std::string& root, std::uint64_t count,
                          std::int64_t steps) {
  RESIDENCY_TRY_VOID(store::Workspace::init(Env::posix(), root));
  RESIDENCY_TRY(const auto workspace, store::Workspace::open(Env::posix(), root));
  State state(*workspace);
  const auto began = Clock::now();
  double drawing_s = 0;
  pipeline::TokenIndex index;
  {
    RESIDENCY_TRY(const auto tokenizer, model::Tokenizer::open(model));
    pipeline::TokenWriter writer(state, "tokens");
    dataset::TruncationReport report;
    train::Random random(7);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto drawing = Clock::now();
      const dataset::Example example = drawn_example(random);
      drawing_s += since(drawing);
      RESIDENCY_TRY(const auto tokens, dataset::tokenize(example, *tokenizer, 1025, report));
      RESIDENCY_TRY_VOID(writer.append(tokens));
    }
    RESIDENCY_TRY(index, writer.finish("bench", report));
  }
  const std::uint64_t tokens = index.report.tokens;
  dataset::PackOptions pack;
  pack.tokens_max = 1024;
  RESIDENCY_TRY(const auto sequences,
                pipeline::TokenSequences::packed(state, "tokens", std::move(index), pack));
  const double prepare_s = since(began) - drawing_s;
  const std::uint64_t prepared_rss = train::peak_rss_bytes();
  train::TrainOptions options;
  options.sequence_tokens_max = 1024;
  options.batch_tokens = 2048;
  options.epochs = steps;
  options.steps_max = steps;
  options.checkpoint_every_steps = steps + 1;
  const std::vector<dataset::PackedSequence> none;
  NoStore checkpoints;
  Steps seen;
  NoProgress progress;
  RESIDENCY_TRY([[maybe_unused]] const auto result,
                train::run(options, {model, *sequences, none}, checkpoints, seen, progress));
  double step_s = 0;
  double step_tokens = 0;
  for (const train::StepMetrics& step : seen.all) {
    if (step.step == 1) continue;  // memory is taken in the first
    step_s += step.seconds;
    step_tokens += static_cast<double>(step.tokens);
  }
  const double prepare_us = 1e6 * prepare_s / static_cast<double>(tokens);
  const double train_us = 1e6 * step_s / step_tokens;
  char line[512];
  std::snprintf(line, sizeof line,
                "{\"examples\": %llu, \"tokens\": %llu, \"prepare_us\": %.3f, \"train_us\": %.3f, "
                "\"cost_us\": %.3f, \"prepared_rss_mb\": %.0f, \"peak_rss_mb\": %.0f}",
                static_cast<unsigned long long>(count), static_cast<unsigned long long>(tokens),
                prepare_us, train_us, prepare_us + train_us,
                static_cast<double>(prepared_rss) / 1e6,
                static_cast<double>(train::peak_rss_bytes()) / 1e6);
  return std::string(line);
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) {
    std::fprintf(stderr, "usage: residency_scale_bench MODEL.gguf WORKSPACE EXAMPLES STEPS\n");
    return 2;
  }
  const auto line =
      bench(words[1], words[2], std::strtoull(words[3], nullptr, 10), std::atoll(words[4]));
  if (!line.ok()) {
    std::fprintf(stderr, "%s\n", line.error().message().c_str());
    return 1;
  }
  std::printf("%s\n", line->c_str());
  return 0;
}
