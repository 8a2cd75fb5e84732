#include "serve/endpoint.h"

namespace residency::serve {

EngineFactory llama_engine_factory() {
  return [](const infer::EngineOptions& options) { return infer::Engine::open(options); };
}

}  // namespace residency::serve
