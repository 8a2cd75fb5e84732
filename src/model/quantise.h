// Quantising a model's file with llama.cpp's own quantiser, for training and serving in less
// memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"

namespace residency::model {

/// llama.cpp's mixtures by the type of most matrices: "q4_0", "q4_1", "q5_0", "q5_1", "q8_0",
/// "q4_k" (its Q4_K_M), "q5_k" (Q5_K_M), "q6_k". Rows that are not whole blocks of 256 fall back to
/// blocks of 32: q5_0 for q4_k, q5_1 for q5_k, q8_0 for q6_k.
const std::vector<std::string>& quantised_type_names();
bool is_quantised_type_name(std::string_view name);

struct QuantiseOptions {
  std::string type;
  /// Take a file that is quantised already. What was lost then stays lost, and more is.
  bool again = false;
};

/// Writes the model at `from` as `to`, whole or not at all; an existing file is replaced. Both are
/// checked as verify_gguf() does. The same input gives the same bytes. kInvalidArgument for an
/// unknown type, kFailedPrecondition where `from` is quantised and `again` is not set.
Result<void> quantise_file(Env& env, const std::string& from, const QuantiseOptions& options,
                           const std::string& to);

/// A byte-for-byte copy, checked, whole or absent.
Result<void> copy_model_file(Env& env, const std::string& from, const std::string& to);

}  // namespace residency::model
