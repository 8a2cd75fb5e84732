#include "train/train_options.h"

#include <algorithm>
#include <limits>

#include "base/json.h"
#include "model/lora_adapter.h"

namespace residency::train {
namespace {

constexpr std::int64_t kStepsMax = 100'000'000;
constexpr std::int64_t kBatchTokensMax = 1 << 26;
constexpr std::int64_t kSequenceTokensMax = 1 << 17;
constexpr std::int64_t kThreadsMax = 4096;

const std::vector<std::string> kSchedules{"cosine", "linear", "constant", "wsd"};
const std::vector<std::string> kOptimisers{"adamw", "adamw8bit", "adafactor", "sgd"};
const std::vector<std::string> kPrecisions{"bf16", "fp32"};
const std::vector<std::string> kBackends{"auto", "fast", "reference"};
const std::vector<std::string> kRecomputes{"none", "feed_forward"};

std::uint8_t index_of(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? 0 : static_cast<std::uint8_t>(found - names.begin());
}

Result<void> read_lora_modules(const ConfigNode& list, LoraOptions& lora) {
  for (const ConfigNode& item : list.items()) {
    ConfigReader reader(item, "train.lora.modules.");
    LoraModuleOptions module;
    module.pattern = reader.text_required("pattern");
    module.rank = reader.integer("rank", lora.rank, 0, model::kLoraRankMax);
    const double ratio = lora.alpha / static_cast<double>(lora.rank);
    module.alpha =
        reader.number("alpha", std::max(1e-6, ratio * static_cast<double>(module.rank)), 1e-6, 1e6);
    RESIDENCY_TRY_VOID(reader.finish());
    lora.modules.push_back(std::move(module));
  }
  return {};
}

Result<void> read_lora(const ConfigNode& node, LoraOptions& lora) {
  ConfigReader reader(node, "train.lora.");
  lora.rank = reader.integer("rank", lora.rank, 1, model::kLoraRankMax);
  lora.alpha = reader.number("alpha", 2.0 * static_cast<double>(lora.rank), 1e-6, 1e6);
  lora.rank_stabilised = reader.flag("rank_stabilised", false);
  lora.dora = reader.flag("dora", false);
  lora.plus_ratio = reader.number("plus_ratio", 1, 1e-3, 1e3);
  lora.top_blocks = reader.integer("top_blocks", 0, 0, 100'000);
  if (reader.has("modules")) reader.absorb(read_lora_modules(reader.child("modules"), lora));
  lora.targets = reader.texts("targets", {});
  for (const std::string& target : lora.targets) {
    const auto& known = model::lora_targets();
    if (std::none_of(known.begin(), known.end(),
                     [&](const model::LoraTarget& place) { return place.gguf == target; })) {
      reader.problem("targets",
                     "must be of attn_q, attn_k, attn_v, attn_output, ffn_gate, ffn_up, ffn_down");
    }
  }
  return reader.finish();
}

Result<void> read_head(const ConfigNode& node, HeadOptions& head) {
  ConfigReader reader(node, "train.head.");
  head.kind = reader.choice("kind", {"", "tags", "label", "labels"}, "");
  head.bidirectional = reader.choice("attention", {"both", "causal"}, "both") == "both";
  return reader.finish();
}

void read_loop(ConfigReader& reader, TrainOptions& options) {
  options.learning_rate = reader.number("learning_rate", options.learning_rate, 0, 10);
  options.epochs = reader.integer("epochs", options.epochs, 1, 100'000);
  options.steps_max = reader.integer("steps_max", options.steps_max, 0, kStepsMax);
  options.batch_tokens = reader.integer("batch_tokens", options.batch_tokens, 1, kBatchTokensMax);
  options.sequence_tokens_max =
      reader.integer("sequence_tokens_max", options.sequence_tokens_max, 8, kSequenceTokensMax);
  options.warmup_ratio = reader.number("warmup_ratio", options.warmup_ratio, 0, 1);
  options.schedule =
      static_cast<Schedule>(index_of(kSchedules, reader.choice("schedule", kSchedules, "cosine")));
  options.decay_ratio = reader.number("decay_ratio", options.decay_ratio, 0, 1);
  options.optimiser = static_cast<OptimiserKind>(
      index_of(kOptimisers, reader.choice("optimiser", kOptimisers, "adamw")));
  options.momentum = reader.number("momentum", options.momentum, 0, 0.99999);
  options.weight_decay = reader.number("weight_decay", options.weight_decay, 0, 10);
  options.beta1 = reader.number("beta1", options.beta1, 0, 0.999999);
  options.beta2 = reader.number("beta2", options.beta2, 0, 0.9999999);
  options.epsilon = reader.number("epsilon", options.epsilon, 1e-16, 1);
  options.gradient_clip = reader.number("gradient_clip", options.gradient_clip, 0, 1e9);
  options.spike_sigma = reader.number("spike_sigma", options.spike_sigma, 0, 1e6);
  options.bad_steps_max = reader.integer("bad_steps_max", options.bad_steps_max, 1, 1000);
  options.seed = static_cast<std::uint64_t>(
      reader.integer("seed", 0, 0, std::numeric_limits<std::int64_t>::max()));
  options.eval_every_steps = reader.integer("eval_every_steps", 0, 0, kStepsMax);
  options.early_stopping_patience = reader.integer("early_stopping_patience", 0, 0, 100'000);
  options.checkpoint_every_steps =
      reader.integer("checkpoint_every_steps", options.checkpoint_every_steps, 1, kStepsMax);
}

}  // namespace

Result<TrainOptions> TrainOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "train.");
  TrainOptions options;
  options.method = reader.choice("method", {"lora", "qlora", "full"}, "lora");
  options.objective = reader.choice("objective", {"sft", "dpo", "orpo", "kto"}, "sft");
  options.preference_beta = reader.number("preference_beta", options.preference_beta, 1e-6, 1e3);
  options.orpo_weight = reader.number("orpo_weight", options.orpo_weight, 0, 1e3);
  reader.absorb(read_lora(reader.child("lora"), options.lora));
  options.from = reader.text("from", "");
  if (!options.from.empty() && options.method == "full")
    reader.problem("from", "is an adapter, which method full does not train");
  reader.absorb(read_head(reader.child("head"), options.head));
  if (!options.head.kind.empty() && options.objective != "sft")
    reader.problem("objective", "must be sft where a head is trained");
  read_loop(reader, options);
  options.precision = static_cast<Precision>(
      index_of(kPrecisions, reader.choice("precision", kPrecisions, "bf16")));
  options.backend =
      static_cast<Backend>(index_of(kBackends, reader.choice("backend", kBackends, "auto")));
  options.recompute = static_cast<Recompute>(
      index_of(kRecomputes, reader.choice("recompute", kRecomputes, "none")));
  options.threads = reader.integer("threads", 0, 0, kThreadsMax);
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

std::string TrainOptions::canonical_json() const {
  Json modules = Json::array();
  for (const LoraModuleOptions& module : lora.modules) {
    modules.push_back(
        {{"pattern", module.pattern}, {"rank", module.rank}, {"alpha", module.alpha}});
  }
  Json json({{"method", method},
             {"objective", objective},
             {"preference_beta", preference_beta},
             {"orpo_weight", orpo_weight},
             {"lora",
              {{"rank", lora.rank},
               {"alpha", lora.alpha},
               {"rank_stabilised", lora.rank_stabilised},
               {"plus_ratio", lora.plus_ratio},
               {"top_blocks", lora.top_blocks},
               {"modules", modules},
               {"targets", lora.targets}}},
             {"decay_ratio", decay_ratio},
             {"optimiser", kOptimisers[static_cast<std::size_t>(optimiser)]},
             {"momentum", momentum},
             {"learning_rate", learning_rate},
             {"epochs", epochs},
             {"steps_max", steps_max},
             {"batch_tokens", batch_tokens},
             {"sequence_tokens_max", sequence_tokens_max},
             {"warmup_ratio", warmup_ratio},
             {"schedule", kSchedules[static_cast<std::size_t>(schedule)]},
             {"weight_decay", weight_decay},
             {"beta1", beta1},
             {"beta2", beta2},
             {"epsilon", epsilon},
             {"gradient_clip", gradient_clip},
             {"spike_sigma", spike_sigma},
             {"bad_steps_max", bad_steps_max},
             {"seed", seed},
             {"eval_every_steps", eval_every_steps},
             {"early_stopping_patience", early_stopping_patience},
             {"precision", kPrecisions[static_cast<std::size_t>(precision)]},
             {"backend", kBackends[static_cast<std::size_t>(backend)]},
             {"recompute", kRecomputes[static_cast<std::size_t>(recompute)]}});
  if (!from.empty()) json["from"] = from;
  if (lora.dora) json["lora"]["dora"] = true;
  if (!head.kind.empty()) {
    json["head"] = {{"kind", head.kind},
                    {"attention", head.bidirectional ? "both" : "causal"},
                    {"labels", head.labels}};
  }
  return dump_json(json);
}

}  // namespace residency::train
