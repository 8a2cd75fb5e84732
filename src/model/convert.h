// Conversion of GGUF models between number types, and merging of adapters into them.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"
#include "model/gguf.h"
#include "model/lora_adapter.h"

namespace residency::model {

/// The type of a converted model's matrices; vectors (norms) are always F32.
enum class WeightType : std::uint8_t { kF32, kF16, kBf16, kQ8_0 };

/// "f32", "f16", "bf16", "q8_0"; kInvalidArgument otherwise.
Result<WeightType> weight_type_named(std::string_view name);
std::string_view weight_type_name(WeightType type);

/// Writes `file` with every matrix in `type`, one tensor in memory at a time. Metadata is kept as
/// it stands but for general.file_type (and general.alignment, which becomes 32). A tensor already
/// of the type is copied. kInvalidArgument where a row is not whole blocks of the type.
Result<void> requantise(const GgufFile& file, WeightType type, WritableFile& out);

/// The same with (alpha / rank) * B @ A added in fp32 to each adapted matrix before rounding, and
/// rows scaled to their magnitudes where the adapter is DoRA.
/// kInvalidInput where the adapter does not fit the model.
Result<void> merge_lora(const GgufFile& base, const LoraAdapter& adapter, WeightType type,
                        WritableFile& out);

/// Gives a tensor's values in place of the file's own, or nothing.
using TensorValues = std::function<std::span<const float>(const std::string& tensor)>;

/// The same with other values for the tensors that `values` knows. kInvalidInput where their number
/// is another.
Result<void> replace_tensors(const GgufFile& file, const TensorValues& values, WeightType type,
                             WritableFile& out);

/// requantise and merge_lora to a file: written aside, synced and renamed, so that `to` is whole or
/// absent. `adapter` may be null.
Result<void> convert_file(Env& env, const std::string& from, const LoraAdapter* adapter,
                          WeightType type, const std::string& to);

}  // namespace residency::model
