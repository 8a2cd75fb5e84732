#include "infer/adapter_stack.h"

#include <cstring>
#include <fmt/format.h>
#include <ggml-backend.h>
#include <set>

#include "infer/batch_engine.h"
#include "model/lora_gguf.h"

namespace residency::infer {
namespace {

constexpr std::string_view kSuffixA = ".lora_a";
constexpr std::string_view kSuffixB = ".lora_b";
constexpr std::string_view kBaseKey = "residency.adapter.base_sha256";

std::string b_of(const std::string& a) {
  return a.substr(0, a.size() - kSuffixA.size()) + std::string(kSuffixB);
}

Result<void> check_base(const model::GgufFile& adapter, const std::string& base_sha256) {
  const auto named = adapter.text(kBaseKey);
  if (!named.ok() || base_sha256.empty() || *named == base_sha256) return {};
  return invalid_input(fmt::format("adapter was made for another base model: {} instead of {}: {}",
                                   *named, base_sha256, adapter.name()));
}

std::string float_bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

}  // namespace

Result<std::unique_ptr<AdapterStack>> AdapterStack::make(const model::GgufFile& base,
                                                         const std::string& base_sha256,
                                                         const std::vector<std::string>& variants) {
  if (variants.empty() || variants.size() > kVariantsMax) {
    return invalid_argument(
        fmt::format("adapters are not 1 to {}: {}", kVariantsMax, variants.size()));
  }
  auto made = std::make_unique<AdapterStack>();
  made->variants_ = variants.size();
  std::vector<std::unique_ptr<model::GgufFile>> files;
  for (const std::string& path : variants) {
    files.emplace_back();
    if (path.empty()) continue;
    RESIDENCY_TRY(files.back(), model::GgufFile::open(path));
    RESIDENCY_TRY_VOID(model::verify_lora_gguf(*files.back(), base));
    RESIDENCY_TRY_VOID(check_base(*files.back(), base_sha256));
  }
  if (variants.size() == 1) {
    made->single_ = variants.front();
    return made;
  }
  RESIDENCY_TRY_VOID(made->stack(files));
  return made;
}

Result<void> AdapterStack::stack(const std::vector<std::unique_ptr<model::GgufFile>>& files) {
  std::set<std::string> names;
  std::string architecture;
  for (const auto& file : files) {
    if (file == nullptr) continue;
    RESIDENCY_TRY(architecture, file->text("general.architecture"));
    for (const auto& tensor : file->tensors()) {
      if (tensor.name.ends_with(kSuffixA)) names.insert(tensor.name);
    }
  }
  if (names.empty()) return {};
  std::vector<model::GgufTensorData> tensors;
  for (const std::string& name : names) {
    Module module(variants_);
    std::vector<float> a;
    std::vector<std::vector<float>> bs(variants_);
    std::int64_t in = 0;
    std::int64_t out = 0;
    std::int64_t rows = 0;
    for (std::size_t i = 0; i < variants_; ++i) {
      const auto* tensor = files[i] == nullptr ? nullptr : files[i]->find(name);
      if (tensor == nullptr) continue;
      const auto* b = files[i]->find(b_of(name));
      RESIDENCY_TRY(const double alpha, files[i]->number("adapter.lora.alpha"));
      in = tensor->shape[0];
      out = b->shape[1];
      module[i] = {rows, tensor->shape[1],
                   static_cast<float>(alpha / static_cast<double>(tensor->shape[1]))};
      rows += tensor->shape[1];
      RESIDENCY_TRY(const auto values, files[i]->to_f32(*tensor));
      a.insert(a.end(), values.begin(), values.end());
      RESIDENCY_TRY(bs[i], files[i]->to_f32(*b));
    }
    // B is [out, rank] row-major: each row of the stack is the adapters' rows, one after another.
    std::vector<float> b;
    b.reserve(static_cast<std::size_t>(out * rows));
    for (std::int64_t row = 0; row < out; ++row) {
      for (std::size_t i = 0; i < variants_; ++i) {
        const auto from = bs[i].begin() + static_cast<std::ptrdiff_t>(row * module[i].count);
        if (module[i].count > 0) b.insert(b.end(), from, from + module[i].count);
      }
    }
    tensors.push_back({name, {in, rows}, GGML_TYPE_F32, float_bytes(a)});
    tensors.push_back({b_of(name), {rows, out}, GGML_TYPE_F32, float_bytes(b)});
    modules_[name] = std::move(module);
  }
  // Without an alpha llama.cpp does not scale: the chooser does.
  const std::map<std::string, model::GgufValue> metadata{
      {"general.type", std::string("adapter")},
      {"general.architecture", architecture},
      {"adapter.type", std::string("lora")},
  };
  RESIDENCY_TRY(const std::string bytes, model::write_gguf(metadata, tensors));
  RESIDENCY_TRY(file_, MemoryFile::make(bytes));
  return {};
}

const AdapterStack::Module* AdapterChooser::module_of(const ggml_tensor* weights) {
  const auto known = known_.find(weights);
  if (known != known_.end()) return known->second;
  const auto found = stack_.modules_.find(weights->name);
  const auto* module = found == stack_.modules_.end() ? nullptr : &found->second;
  known_.emplace(weights, module);
  return module;
}

bool AdapterChooser::on_tensor(ggml_tensor* tensor, bool ask, void* self) {
  const bool product = tensor->op == GGML_OP_MUL_MAT && tensor->src[0] != nullptr &&
                       std::string_view(tensor->src[0]->name).ends_with(kSuffixA);
  if (!product) return !ask;
  if (!ask) static_cast<AdapterChooser*>(self)->choose(tensor);
  return true;
}

void AdapterChooser::choose(ggml_tensor* tensor) {
  const auto* module = module_of(tensor->src[0]);
  const auto columns = static_cast<std::size_t>(tensor->ne[1]);
  const auto& chosen = columns == all_.size() ? all_ : outputs_;
  // A width that is neither cannot come: a column without a variant would be another's answer.
  RESIDENCY_CHECK(module != nullptr && chosen.size() == columns && tensor->type == GGML_TYPE_F32);
  const auto rows = static_cast<std::size_t>(tensor->ne[0]);
  const bool host = ggml_backend_buffer_is_host(tensor->buffer);
  if (!host) {
    copied_.resize(rows * columns);
    ggml_backend_tensor_get(tensor, copied_.data(), 0, rows * columns * sizeof(float));
  }
  auto* values = host ? static_cast<float*>(tensor->data) : copied_.data();
  for (std::size_t column = 0; column < columns; ++column, values += rows) {
    const auto& own = (*module)[chosen[column]];
    const auto first = static_cast<std::size_t>(own.first);
    const auto end = first + static_cast<std::size_t>(own.count);
    for (std::size_t i = 0; i < rows; ++i) {
      values[i] = i >= first && i < end ? values[i] * own.scale : 0.0f;
    }
  }
  if (!host) ggml_backend_tensor_set(tensor, copied_.data(), 0, rows * columns * sizeof(float));
}

}  // namespace residency::infer
