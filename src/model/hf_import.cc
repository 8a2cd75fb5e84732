#include "model/hf_import.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <ggml.h>
#include <map>
#include <utility>
#include <vector>

#include "base/json.h"
#include "model/gguf_writer.h"
#include "model/hf_config.h"
#include "model/hf_tokenizer.h"
#include "model/peft.h"
#include "model/safetensors.h"

namespace residency::model {
namespace {

constexpr std::uint64_t kConfigBytesMax = 4u << 20;
constexpr std::uint64_t kTokenizerBytesMax = 256u << 20;
constexpr std::size_t kShardsMax = 1024;

Result<Json> read_json(Env& env, const std::string& path, std::uint64_t bytes_max) {
  RESIDENCY_TRY(const std::string text, env.read_file(path, bytes_max));
  auto json = parse_json(text);
  if (!json.ok() || !json->is_object()) return invalid_input("the file is no JSON object: " + path);
  return json;
}

/// All shards of a checkpoint, by tensor.
class Checkpoint {
 public:
  static Result<Checkpoint> open(Env& env, const std::string& folder) {
    Checkpoint checkpoint;
    RESIDENCY_TRY(const auto entries, env.list(folder));
    std::vector<std::string> names;
    for (const DirEntry& entry : entries) {
      if (entry.name.ends_with(".safetensors")) names.push_back(entry.name);
    }
    std::sort(names.begin(), names.end());
    if (names.empty()) return invalid_input("the folder holds no *.safetensors: " + folder);
    if (names.size() > kShardsMax)
      return invalid_input("the folder has too many shards: " + folder);
    for (const std::string& name : names) {
      const std::string path = folder + "/" + name;
      RESIDENCY_TRY(auto bytes, env.open_read(path));
      RESIDENCY_TRY(auto file, SafetensorsFile::open(std::move(bytes), path));
      checkpoint.files_.push_back(std::move(file));
      for (const auto& [tensor, entry] : checkpoint.files_.back().tensors()) {
        if (!checkpoint.file_of_.emplace(tensor, checkpoint.files_.size() - 1).second)
          return corrupt(fmt::format("tensor stands in two files: {}: {}", tensor, path));
      }
    }
    return checkpoint;
  }

  /// The file that holds a tensor, checked to be of `shape` (ggml order).
  Result<const SafetensorsFile*> find(const std::string& tensor,
                                      const std::vector<std::int64_t>& shape) const {
    const auto found = file_of_.find(tensor);
    if (found == file_of_.end())
      return invalid_input(fmt::format("tensor is missing: {}: {}", tensor, files_[0].name()));
    const SafetensorsFile& file = files_[found->second];
    std::vector<std::int64_t> theirs = file.tensors().at(tensor).shape;
    std::reverse(theirs.begin(), theirs.end());
    if (theirs != shape) {
      return invalid_input(fmt::format("tensor's shape is not [{}] but [{}] (ggml order): {}: {}",
                                       fmt::join(shape, ","), fmt::join(theirs, ","), tensor,
                                       file.name()));
    }
    return &file;
  }

  /// A tensor that no model of the family has; empty where there is none.
  std::string unknown(const std::map<std::string, bool>& known) const {
    for (const auto& [tensor, file] : file_of_) {
      const bool computed = tensor.ends_with(".rotary_emb.inv_freq");
      if (!known.contains(tensor) && !computed) return tensor;
    }
    return "";
  }

 private:
  std::vector<SafetensorsFile> files_;
  std::map<std::string, std::size_t> file_of_;
};

/// The type that a tensor of GGUF gets: its own, where ggml knows it.
Result<TensorType> type_of(const SafetensorsFile& file, const std::string& tensor, bool vector) {
  const std::string& dtype = file.tensors().at(tensor).dtype;
  if (vector || dtype == "F32" || dtype == "F64") return TensorType{GGML_TYPE_F32};
  if (dtype == "F16") return TensorType{GGML_TYPE_F16};
  if (dtype == "BF16") return TensorType{GGML_TYPE_BF16};
  return invalid_input(
      fmt::format("tensor is not of real numbers but {}: {}: {}", dtype, tensor, file.name()));
}

std::string as_bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

/// Rows from Hugging Face's order into GGUF's (model/peft.h).
std::string reorder_rows(const std::string& data, std::int64_t rows, std::int64_t head_dimension) {
  const std::size_t row_bytes = data.size() / static_cast<std::size_t>(rows);
  std::string ordered(data.size(), '\0');
  for (std::int64_t row = 0; row < rows; ++row) {
    std::memcpy(ordered.data() + static_cast<std::size_t>(row) * row_bytes,
                data.data() + static_cast<std::size_t>(hf_row(row, head_dimension)) * row_bytes,
                row_bytes);
  }
  return ordered;
}

Result<std::string> tensor_data(const SafetensorsFile& file, const std::string& hf,
                                const ExpectedTensor& tensor, const HfConfig& model) {
  const bool vector = tensor.shape.size() == 1;
  const bool wide = vector || file.tensors().at(hf).dtype == "F64";
  std::string data;
  if (wide) {
    RESIDENCY_TRY(auto values, file.to_f32(hf));
    if (tensor.name.ends_with("norm.weight")) {
      for (float& value : values) value += static_cast<float>(model.norm_shift);
    }
    data = as_bytes(values);
  } else {
    RESIDENCY_TRY(data, file.raw(hf));
  }
  const bool turned =
      model.config.rotary_pairs == RotaryPairs::kNeighbours &&
      (tensor.name.ends_with(".attn_q.weight") || tensor.name.ends_with(".attn_k.weight"));
  return turned ? reorder_rows(data, tensor.shape[1], model.config.head_dimension) : data;
}

Result<std::map<std::string, GgufValue>> read_vocabulary(Env& env, const std::string& folder,
                                                         std::int64_t vocabulary) {
  HfTokenizerFiles files;
  const std::string path = folder + "/tokenizer.json";
  if (!env.exists(path)) {
    return invalid_input(
        "the folder holds no tokenizer.json (Transformers writes it with save_pretrained): " +
        folder);
  }
  RESIDENCY_TRY(files.tokenizer, read_json(env, path, kTokenizerBytesMax));
  if (const std::string settings = folder + "/tokenizer_config.json"; env.exists(settings)) {
    RESIDENCY_TRY(files.settings, read_json(env, settings, kConfigBytesMax));
  }
  if (const std::string words = folder + "/chat_template.jinja"; env.exists(words)) {
    RESIDENCY_TRY(files.chat_template, env.read_file(words, kConfigBytesMax));
  }
  return hf_vocabulary(files, vocabulary, path);
}

Result<HfImported> write_model(const Checkpoint& checkpoint, const HfConfig& model,
                               const std::map<std::string, GgufValue>& metadata,
                               WritableFile& out) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [key, value] : metadata) encoded.emplace_back(key, encode_gguf_value(value));
  const std::vector<ExpectedTensor> expected = expected_tensors(model.config);
  std::vector<GgufTensorShape> shapes;
  std::map<std::string, bool> known{{"lm_head.weight", true}};  // tied: a copy of the embedding
  HfImported imported{model.config.architecture, 0, 0};
  for (const ExpectedTensor& tensor : expected) {
    std::int64_t elements = 1;
    for (const std::int64_t size : tensor.shape) elements *= size;
    imported.parameters += elements;
    imported.tensors += 1;
    if (tensor.name == "rope_freqs.weight") {
      shapes.push_back({tensor.name, tensor.shape, GGML_TYPE_F32});
      continue;
    }
    const std::string hf = hf_tensor_name(tensor.name, model.config);
    known[hf] = true;
    RESIDENCY_TRY(const auto* file, checkpoint.find(hf, tensor.shape));
    RESIDENCY_TRY(const auto type, type_of(*file, hf, tensor.shape.size() == 1));
    shapes.push_back({tensor.name, tensor.shape, type});
  }
  if (const std::string other = checkpoint.unknown(known); !other.empty())
    return invalid_input("tensor is not one of a model of the family: " + other);
  RESIDENCY_TRY(auto writer, GgufWriter::begin(out, encoded, shapes));
  for (const ExpectedTensor& tensor : expected) {
    if (tensor.name == "rope_freqs.weight") {
      RESIDENCY_TRY_VOID(writer.append_tensor(as_bytes(model.rope_factors)));
      continue;
    }
    const std::string hf = hf_tensor_name(tensor.name, model.config);
    RESIDENCY_TRY(const auto* file, checkpoint.find(hf, tensor.shape));
    RESIDENCY_TRY(const std::string data, tensor_data(*file, hf, tensor, model));
    RESIDENCY_TRY_VOID(writer.append_tensor(data));
  }
  RESIDENCY_TRY_VOID(writer.finish());
  return imported;
}

}  // namespace

Result<HfImported> import_hf(Env& env, const std::string& folder, const std::string& out) {
  if (env.exists(out)) return already_exists("the file is there already: " + out);
  const std::string config_path = folder + "/config.json";
  RESIDENCY_TRY(const Json config, read_json(env, config_path, kConfigBytesMax));
  RESIDENCY_TRY(HfConfig model, read_hf_config(config, config_path));
  RESIDENCY_TRY(auto metadata, read_vocabulary(env, folder, model.config.vocabulary));
  metadata.insert(model.metadata.begin(), model.metadata.end());
  const auto slash = folder.find_last_not_of('/');
  const std::string trimmed = folder.substr(0, slash + 1);
  metadata["general.name"] = trimmed.substr(trimmed.rfind('/') + 1);
  RESIDENCY_TRY(const auto checkpoint, Checkpoint::open(env, folder));
  const std::string aside = out + ".part";
  const auto write = [&]() -> Result<HfImported> {
    RESIDENCY_TRY(auto file, env.create(aside));
    RESIDENCY_TRY(const auto imported, write_model(checkpoint, model, metadata, *file));
    RESIDENCY_TRY_VOID(file->sync());
    RESIDENCY_TRY_VOID(file->close());
    RESIDENCY_TRY([[maybe_unused]] const auto checked, verify_gguf(aside));
    RESIDENCY_TRY_VOID(env.rename(aside, out));
    const auto end = out.find_last_of('/');
    RESIDENCY_TRY_VOID(env.sync_directory(end == std::string::npos ? "." : out.substr(0, end + 1)));
    return imported;
  };
  auto written = write();
  if (!written.ok() && env.exists(aside)) (void)env.remove(aside);  // the first error is reported
  return written;
}

}  // namespace residency::model
