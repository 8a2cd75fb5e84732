// BaseWeights: a GGUF model's tensors, one at a time, in fp32.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/gguf.h"
#include "model/llama_config.h"

namespace residency::train {

/// The tensor in fp32, row-major [out, in]; kInvalidInput naming it where it is missing or holds
/// values that are not finite.
Result<std::vector<float>> base_tensor(const model::GgufFile& file, const std::string& name);

/// The same over several tensors of the same row length, rows one after the other.
Result<std::vector<float>> base_tensors(const model::GgufFile& file,
                                        const std::vector<std::string>& names);

/// The sum of each row's squares.
Result<std::vector<double>> row_squares(const model::GgufFile& file, const std::string& name);

/// What one pair of a head turns by at each position, for rotary embedding.
struct RotaryTable {
  std::vector<float> cosines;  // [position][head_dimension], both of a pair alike
  std::vector<float> sines;    // the same, negative on the even one
};

/// The table for positions [0, positions). Su et al., RoFormer, 2021; frequencies divided by
/// rope_freqs.weight where the model has it.
/// `windowed`: the windowed layers' own, without scaling, where they have one.
Result<RotaryTable> rotary_table(const model::GgufFile& file, const model::LlamaConfig& config,
                                 std::int64_t positions, bool windowed = false);

}  // namespace residency::train
