#include "model/convert.h"

#include <cstring>
#include <fmt/format.h>
#include <ggml.h>
#include <map>

#include "model/gguf_index.h"
#include "model/gguf_writer.h"
#include "model/llama_config.h"

namespace residency::model {
namespace {

struct WeightTypeRow {
  WeightType type;
  std::string_view name;
  ggml_type ggml;
  std::uint64_t file_type;  // llama.h, enum llama_ftype
};

constexpr WeightTypeRow kWeightTypes[] = {
    {WeightType::kF32, "f32", GGML_TYPE_F32, 0},
    {WeightType::kF16, "f16", GGML_TYPE_F16, 1},
    {WeightType::kBf16, "bf16", GGML_TYPE_BF16, 32},
    {WeightType::kQ8_0, "q8_0", GGML_TYPE_Q8_0, 7},
};

const WeightTypeRow& row_of(WeightType type) { return kWeightTypes[static_cast<int>(type)]; }

/// Vectors, and tables of frequencies, stay exact.
ggml_type target_type(const GgufTensor& tensor, WeightType type) {
  return tensor.shape.size() < 2 ? GGML_TYPE_F32 : row_of(type).ggml;
}

std::string encode_floats(const std::vector<float>& values, std::int64_t row, ggml_type type) {
  const auto count = static_cast<std::int64_t>(values.size());
  std::string bytes(static_cast<std::size_t>(count / row) * ggml_row_size(type, row), '\0');
  switch (type) {
    case GGML_TYPE_F32:
      std::memcpy(bytes.data(), values.data(), bytes.size());
      break;
    case GGML_TYPE_F16:
      ggml_fp32_to_fp16_row(values.data(), reinterpret_cast<ggml_fp16_t*>(bytes.data()), count);
      break;
    case GGML_TYPE_BF16:
      ggml_fp32_to_bf16_row_ref(values.data(), reinterpret_cast<ggml_bf16_t*>(bytes.data()), count);
      break;
    default:
      ggml_quantize_chunk(type, values.data(), bytes.data(), 0, count / row, row, nullptr);
  }
  return bytes;
}

using ModulesByTensor = std::map<std::string_view, const LoraModule*>;

Result<GgufWriter> begin_output(const GgufFile& file, WeightType type, WritableFile& out) {
  std::vector<std::pair<std::string, std::string>> metadata;
  auto keys = file.metadata();
  keys["general.file_type"] = row_of(type).file_type;
  for (const auto& [key, value] : keys) {
    if (key == kGgufAlignmentKey) continue;
    const auto encoded = file.encoded_value(key);
    if (key == "general.file_type") {
      metadata.emplace_back(key, encode_gguf_value(value));
    } else {
      metadata.emplace_back(
          key, std::string(reinterpret_cast<const char*>(encoded.data()), encoded.size()));
    }
  }
  std::vector<GgufTensorShape> tensors;
  for (const auto& tensor : file.tensors()) {
    const auto target = target_type(tensor, type);
    if (tensor.shape[0] % ggml_blck_size(target) != 0) {
      return invalid_argument(fmt::format("tensor's rows of {} are not whole blocks of {}: {}: {}",
                                          tensor.shape[0], row_of(type).name, tensor.name,
                                          file.name()));
    }
    tensors.push_back({tensor.name, tensor.shape, target});
  }
  return GgufWriter::begin(out, metadata, std::move(tensors));
}

Result<void> convert(const GgufFile& file, const LoraAdapter* adapter, const TensorValues& other,
                     WeightType type, WritableFile& out) {
  ModulesByTensor modules;
  if (adapter != nullptr) {
    for (const auto& module : adapter->modules) modules[module.tensor] = &module;
  }
  RESIDENCY_TRY(auto writer, begin_output(file, type, out));
  for (const auto& tensor : file.tensors()) {
    const auto target = target_type(tensor, type);
    const auto module = modules.find(tensor.name);
    if (const auto given = other ? other(tensor.name) : std::span<const float>(); !given.empty()) {
      std::int64_t elements = 1;
      for (const std::int64_t size : tensor.shape) elements *= size;
      if (static_cast<std::int64_t>(given.size()) != elements)
        return invalid_input("a tensor's values are of another number: " + tensor.name);
      RESIDENCY_TRY_VOID(writer.append_tensor(
          encode_floats({given.begin(), given.end()}, tensor.shape[0], target)));
      continue;
    }
    if (tensor.type == target && module == modules.end()) {
      const auto data = file.data(tensor);
      RESIDENCY_TRY_VOID(
          writer.append_tensor({reinterpret_cast<const char*>(data.data()), data.size()}));
      continue;
    }
    RESIDENCY_TRY(auto values, file.to_f32(tensor));
    if (module != modules.end()) apply_module(*module->second, *adapter, values);
    RESIDENCY_TRY_VOID(writer.append_tensor(encode_floats(values, tensor.shape[0], target)));
  }
  return writer.finish();
}

}  // namespace

Result<WeightType> weight_type_named(std::string_view name) {
  for (const auto& row : kWeightTypes) {
    if (row.name == name) return row.type;
  }
  return invalid_argument(fmt::format("weight type is not one of f32, f16, bf16, q8_0: {}", name));
}

std::string_view weight_type_name(WeightType type) { return row_of(type).name; }

Result<void> requantise(const GgufFile& file, WeightType type, WritableFile& out) {
  return convert(file, nullptr, {}, type, out);
}

Result<void> merge_lora(const GgufFile& base, const LoraAdapter& adapter, WeightType type,
                        WritableFile& out) {
  RESIDENCY_TRY(const auto config, LlamaConfig::from_gguf(base));
  RESIDENCY_TRY_VOID(check_lora(adapter, config));
  return convert(base, &adapter, {}, type, out);
}

Result<void> replace_tensors(const GgufFile& file, const TensorValues& values, WeightType type,
                             WritableFile& out) {
  return convert(file, nullptr, values, type, out);
}

Result<void> convert_file(Env& env, const std::string& from, const LoraAdapter* adapter,
                          WeightType type, const std::string& to) {
  RESIDENCY_TRY(const auto file, GgufFile::open(from));
  const std::string aside = to + ".part";
  const auto write = [&]() -> Result<void> {
    RESIDENCY_TRY(auto out, env.create(aside));
    RESIDENCY_TRY_VOID(adapter == nullptr ? requantise(*file, type, *out)
                                          : merge_lora(*file, *adapter, type, *out));
    RESIDENCY_TRY_VOID(out->sync());
    RESIDENCY_TRY_VOID(out->close());
    RESIDENCY_TRY_VOID(env.rename(aside, to));
    const auto slash = to.find_last_of('/');
    return env.sync_directory(slash == std::string::npos ? "." : to.substr(0, slash + 1));
  };
  auto written = write();
  if (!written.ok() && env.exists(aside)) (void)env.remove(aside);  // the first error is reported
  return written;
}

}  // namespace residency::model
