#include "model/quantise.h"

#include <algorithm>
#include <fmt/format.h>
#include <llama.h>
#include <utility>

#include "model/gguf.h"
#include "model/gguf_quant.h"
#include "model/llama_config.h"
#include "model/llama_runtime.h"

namespace residency::model {
namespace {

struct Mixture {
  const char* name;
  llama_ftype type;
};

constexpr Mixture kMixtures[] = {
    {"q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},   {"q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},
    {"q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},   {"q5_1", LLAMA_FTYPE_MOSTLY_Q5_1},
    {"q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},   {"q4_k", LLAMA_FTYPE_MOSTLY_Q4_K_M},
    {"q5_k", LLAMA_FTYPE_MOSTLY_Q5_K_M}, {"q6_k", LLAMA_FTYPE_MOSTLY_Q6_K},
};

/// The first matrix that is quantised; empty where none is.
std::string quantised_matrix(const GgufFile& file) {
  for (const GgufTensor& tensor : file.tensors()) {
    const QuantLayout* layout = quant_layout(tensor.type);
    if (tensor.shape.size() > 1 && (layout == nullptr || layout->quantised)) return tensor.name;
  }
  return "";
}

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

/// Calls write(aside), checks what it wrote, and gives it its name.
template <class Write>
Result<void> write_aside(Env& env, const std::string& to, Write write) {
  const std::string aside = to + ".part";
  const auto all = [&]() -> Result<void> {
    RESIDENCY_TRY_VOID(write(aside));
    RESIDENCY_TRY(const LlamaConfig config, verify_gguf(aside));
    static_cast<void>(config);
    RESIDENCY_TRY(const auto written, env.open_append(aside));
    RESIDENCY_TRY_VOID(written->sync());
    RESIDENCY_TRY_VOID(written->close());
    RESIDENCY_TRY_VOID(env.rename(aside, to));
    return env.sync_directory(folder_of(to));
  };
  auto done = all();
  if (!done.ok() && env.exists(aside)) (void)env.remove(aside);  // the first error is reported
  return done;
}

}  // namespace

const std::vector<std::string>& quantised_type_names() {
  static const auto& names = *new std::vector<std::string>([] {
    std::vector<std::string> all;
    for (const Mixture& mixture : kMixtures) all.emplace_back(mixture.name);
    return all;
  }());
  return names;
}

bool is_quantised_type_name(std::string_view name) {
  return std::any_of(std::begin(kMixtures), std::end(kMixtures),
                     [&](const Mixture& mixture) { return name == mixture.name; });
}

Result<void> quantise_file(Env& env, const std::string& from, const QuantiseOptions& options,
                           const std::string& to) {
  const auto* mixture = std::find_if(std::begin(kMixtures), std::end(kMixtures),
                                     [&](const Mixture& one) { return options.type == one.name; });
  if (mixture == std::end(kMixtures)) {
    return invalid_argument(
        fmt::format("a quantised type is one of q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k, "
                    "not {}",
                    options.type));
  }
  {
    RESIDENCY_TRY(const auto file, GgufFile::open(from));
    RESIDENCY_TRY(const LlamaConfig config, verify_gguf(*file));
    static_cast<void>(config);
    if (const std::string name = quantised_matrix(*file); !name.empty() && !options.again) {
      return failed_precondition(fmt::format(
          "the model is quantised already ({}): take it as it is (as_is), or ask to quantise it "
          "again: {}",
          name, from));
    }
  }
  start_llama();
  return write_aside(env, to, [&](const std::string& aside) -> Result<void> {
    const LlamaErrorScope errors;
    auto parameters = llama_model_quantize_default_params();
    parameters.ftype = mixture->type;
    parameters.allow_requantize = options.again;
    if (llama_model_quantize(from.c_str(), aside.c_str(), &parameters) != 0) {
      return invalid_input(
          fmt::format("llama.cpp refused to quantise the model: {}: {}", errors.last(), from));
    }
    return {};
  });
}

Result<void> copy_model_file(Env& env, const std::string& from, const std::string& to) {
  return write_aside(env, to, [&](const std::string& aside) -> Result<void> {
    constexpr std::uint64_t kPieceBytes = 1u << 22;
    RESIDENCY_TRY(const auto in, env.open_read(from));
    RESIDENCY_TRY(const auto out, env.create(aside));
    for (std::uint64_t at = 0; at < in->size(); at += kPieceBytes) {
      const auto length = static_cast<std::size_t>(std::min(kPieceBytes, in->size() - at));
      RESIDENCY_TRY(const std::string piece, in->read_at(at, length));
      RESIDENCY_TRY_VOID(out->append(piece));
    }
    return out->close();
  });
}

}  // namespace residency::model
