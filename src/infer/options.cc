#include <limits>

#include "base/config.h"
#include "base/json.h"
#include "infer/engine.h"
#include "infer/loaded_model.h"
#include "infer/sampler.h"

namespace residency::infer {

Result<EngineOptions> EngineOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node);
  EngineOptions options;
  options.context_tokens =
      static_cast<int>(reader.integer("context_tokens", options.context_tokens, 8, 1 << 20));
  options.parallel_sequences = static_cast<int>(
      reader.integer("parallel_sequences", options.parallel_sequences, 1, kSequencesMax));
  options.threads = static_cast<int>(reader.integer("threads", options.threads, 0, 512));
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

Result<SamplingOptions> SamplingOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node);
  SamplingOptions options;
  options.tokens_max =
      static_cast<int>(reader.integer("tokens_max", options.tokens_max, 1, 1 << 20));
  options.temperature = static_cast<float>(reader.number("temperature", 0, 0, 100));
  options.top_p = static_cast<float>(reader.number("top_p", 1, 0, 1));
  options.top_k = static_cast<int>(reader.integer("top_k", 0, 0, 1 << 24));
  options.seed = static_cast<std::uint64_t>(
      reader.integer("seed", 0, 0, std::numeric_limits<std::int64_t>::max()));
  options.stop = reader.texts("stop", {});
  options.grammar = reader.text("grammar", "");
  reader.absorb(check_sampling(options));
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

std::string SamplingOptions::canonical_json() const {
  return dump_json(Json{{"tokens_max", tokens_max},
                        {"temperature", temperature},
                        {"top_p", top_p},
                        {"top_k", top_k},
                        {"seed", seed},
                        {"stop", stop},
                        {"grammar", grammar}});
}

}  // namespace residency::infer
