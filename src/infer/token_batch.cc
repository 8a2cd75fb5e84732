#include "infer/token_batch.h"

#include <exception>
#include <fmt/format.h>

namespace residency::infer {

Result<void> TokenBatch::decode(llama_context* context) {
  if (batch_.n_tokens == 0) return {};
  try {
    const int status = llama_decode(context, batch_);
    if (status == 0) return {};
    return internal_error(fmt::format("llama.cpp cannot decode a batch: status {}", status));
  } catch (const std::exception&) {
    return internal_error("llama.cpp cannot decode a batch: exception");
  }
}

}  // namespace residency::infer
