#include "train/adapter_layout.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fnmatch.h>

#include "train/base_weights.h"
#include "train/random.h"

namespace residency::train {

const AdapterPlace* AdapterLayout::find(const std::string& tensor) const {
  const auto found = std::find_if(places.begin(), places.end(), [&](const AdapterPlace& place) {
    return place.tensor == tensor;
  });
  return found == places.end() ? nullptr : &*found;
}

const DensePlace* AdapterLayout::find_dense(const std::string& tensor) const {
  const auto found = std::find_if(dense.begin(), dense.end(),
                                  [&](const DensePlace& place) { return place.tensor == tensor; });
  return found == dense.end() ? nullptr : &*found;
}

void AdapterLayout::add(std::string tensor, std::int64_t in, std::int64_t out, std::int64_t rank,
                        double scale, bool dora) {
  AdapterPlace place{std::move(tensor), in, out, rank, scale, size, size + rank * in};
  size = place.b_offset + out * rank;
  if (dora) {
    place.m_offset = size;
    size += out;
  }
  places.push_back(std::move(place));
}

std::int64_t AdapterLayout::rank_max() const {
  std::int64_t rank = 0;
  for (const AdapterPlace& place : places) rank = std::max(rank, place.rank);
  return rank;
}

namespace {

/// Rank and alpha of the projection blk.LAYER.TARGET; rank 0 where it is not adapted.
LoraModuleOptions module_of(const LoraOptions& options, std::int64_t layer, std::int64_t layers,
                            std::string_view target) {
  const auto& targets = options.targets;
  const bool wanted =
      targets.empty() || std::find(targets.begin(), targets.end(), target) != targets.end();
  if (!wanted || (options.top_blocks > 0 && layer < layers - options.top_blocks)) return {};
  const std::string name = fmt::format("blk.{}.{}", layer, target);
  for (const LoraModuleOptions& module : options.modules) {
    if (::fnmatch(module.pattern.c_str(), name.c_str(), 0) == 0) return module;
  }
  return {"", options.rank, options.alpha};
}

}  // namespace

AdapterLayout make_layout(const model::LlamaConfig& config, const LoraOptions& options) {
  AdapterLayout layout;
  layout.b_rate_factor = options.plus_ratio;
  const std::vector<model::ExpectedTensor> tensors = model::expected_tensors(config);
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    for (const model::LoraTarget& target : model::lora_targets()) {
      const LoraModuleOptions module = module_of(options, layer, config.layers, target.gguf);
      if (module.rank == 0) continue;
      const std::string name = model::block_tensor(layer, target.gguf);
      const auto found = std::find_if(tensors.begin(), tensors.end(),
                                      [&](const auto& tensor) { return tensor.name == name; });
      if (found == tensors.end()) continue;
      const auto rank = static_cast<double>(module.rank);
      layout.add(name, found->shape[0], found->shape[1], module.rank,
                 module.alpha / (options.rank_stabilised ? std::sqrt(rank) : rank), options.dora);
    }
  }
  return layout;
}

AdapterLayout make_full_layout(const model::LlamaConfig& config) {
  AdapterLayout layout;
  for (const model::ExpectedTensor& tensor : model::expected_tensors(config)) {
    if (tensor.name == "rope_freqs.weight") continue;
    DensePlace place{tensor.name, tensor.shape.size() > 1 ? tensor.shape[1] : 1, tensor.shape[0],
                     layout.size};
    layout.size += place.size();
    layout.dense.push_back(std::move(place));
  }
  return layout;
}

AdapterLayout make_layout(const model::LlamaConfig& config, const TrainOptions& options) {
  AdapterLayout layout =
      options.method == "full" ? make_full_layout(config) : make_layout(config, options.lora);
  if (options.head.kind.empty()) return layout;
  const auto kind = model::head_kind_named(options.head.kind);
  if (!kind.ok()) return layout;
  HeadPlace head;
  head.kind = *kind;
  head.bidirectional = options.head.bidirectional;
  head.labels = static_cast<std::int64_t>(options.head.labels.size());
  head.width = config.embedding;
  head.offset = layout.size;
  layout.size = head.bias_offset() + head.labels;
  layout.head = head;
  return layout;
}

namespace {

void start_head(const AdapterLayout& layout, Random& random, std::vector<float>& values) {
  if (!layout.head) return;
  const double bound = 1.0 / std::sqrt(static_cast<double>(layout.head->width));
  for (std::int64_t i = layout.head->offset; i < layout.head->bias_offset(); ++i)
    values[static_cast<std::size_t>(i)] =
        static_cast<float>((2.0 * random.uniform() - 1.0) * bound);
}

}  // namespace

Result<std::vector<float>> base_values(const AdapterLayout& layout, const model::GgufFile& base,
                                       std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(layout.size));
  for (const DensePlace& place : layout.dense) {
    RESIDENCY_TRY(const std::vector<float> tensor, base_tensor(base, place.tensor));
    if (static_cast<std::int64_t>(tensor.size()) != place.size())
      return invalid_input("a tensor is of another size than the model's: " + place.tensor);
    std::copy(tensor.begin(), tensor.end(), values.begin() + place.offset);
  }
  Random random(seed);
  start_head(layout, random, values);
  return values;
}

std::vector<ParameterBlock> parameter_blocks(const AdapterLayout& layout) {
  std::vector<ParameterBlock> blocks;
  for (const AdapterPlace& place : layout.places) {
    blocks.push_back({place.a_offset, place.rank, place.in, 1});
    blocks.push_back({place.b_offset, place.out, place.rank, layout.b_rate_factor});
    if (place.m_offset >= 0) blocks.push_back({place.m_offset, 1, place.out, 1, false});
  }
  for (const DensePlace& place : layout.dense)
    blocks.push_back({place.offset, place.rows, place.columns, 1, place.rows > 1});
  if (layout.head) {
    blocks.push_back({layout.head->offset, layout.head->labels, layout.head->width, 1});
    blocks.push_back({layout.head->bias_offset(), 1, layout.head->labels, 1, false});
  }
  return blocks;
}

std::vector<float> initial_values(const AdapterLayout& layout, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(layout.size), 0.0f);
  Random random(seed);
  for (const AdapterPlace& place : layout.places) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(place.in));
    for (std::int64_t i = 0; i < place.rank * place.in; ++i) {
      values[static_cast<std::size_t>(place.a_offset + i)] =
          static_cast<float>((2.0 * random.uniform() - 1.0) * bound);
    }
  }
  start_head(layout, random, values);
  return values;
}

Result<void> start_magnitudes(const AdapterLayout& layout, const model::GgufFile& base,
                              std::vector<float>& values) {
  for (const AdapterPlace& place : layout.places) {
    if (place.m_offset < 0) continue;
    RESIDENCY_TRY(const std::vector<double> squares, row_squares(base, place.tensor));
    for (std::size_t i = 0; i < squares.size(); ++i) {
      values[static_cast<std::size_t>(place.m_offset) + i] =
          static_cast<float>(std::sqrt(squares[i]));
    }
  }
  return {};
}

namespace {

/// DoRA begun from a plain adapter: the lengths that its sums have.
Result<void> measure_magnitudes(const AdapterPlace& place, const model::LoraModule& module,
                                const model::LoraAdapter& adapter, const model::GgufFile& base,
                                std::vector<float>& values) {
  RESIDENCY_TRY(std::vector<float> weights, base_tensor(base, place.tensor));
  model::apply_module(module, adapter, weights);
  const auto in = static_cast<std::size_t>(place.in);
  for (std::size_t row = 0; row < static_cast<std::size_t>(place.out); ++row) {
    double squares = 0;
    for (std::size_t i = 0; i < in; ++i) {
      squares += std::pow(static_cast<double>(weights[row * in + i]), 2);
    }
    values[static_cast<std::size_t>(place.m_offset) + row] = static_cast<float>(std::sqrt(squares));
  }
  return {};
}

}  // namespace

Result<void> take_adapter(const AdapterLayout& layout, const model::LoraAdapter& adapter,
                          const model::GgufFile& base, std::vector<float>& values) {
  const double theirs = adapter.alpha / static_cast<double>(adapter.rank);
  for (const model::LoraModule& module : adapter.modules) {
    const AdapterPlace* place = layout.find(module.tensor);
    if (place == nullptr)
      return invalid_input("train.from: the adapter has a module that train.lora leaves out: " +
                           module.tensor);
    if (adapter.rank > place->rank)
      return invalid_input(
          fmt::format("train.from: the adapter's rank is {}, train.lora gives {} to: {}",
                      adapter.rank, place->rank, module.tensor));
    if (adapter.is_dora() && place->m_offset < 0)
      return invalid_input("train.from: the adapter is DoRA: set train.lora.dora");
    std::copy(module.a.begin(), module.a.end(), values.begin() + place->a_offset);
    const auto factor = static_cast<float>(theirs / place->scale);
    for (std::int64_t row = 0; row < place->out; ++row) {
      for (std::int64_t i = 0; i < place->rank; ++i) {
        values[static_cast<std::size_t>(place->b_offset + row * place->rank + i)] =
            i < adapter.rank ? factor * module.b[static_cast<std::size_t>(row * adapter.rank + i)]
                             : 0.0f;
      }
    }
    if (place->m_offset < 0) continue;
    if (adapter.is_dora()) {
      std::copy(module.magnitude.begin(), module.magnitude.end(), values.begin() + place->m_offset);
    } else {
      RESIDENCY_TRY_VOID(measure_magnitudes(*place, module, adapter, base, values));
    }
  }
  return {};
}

std::optional<model::LabelHead> to_head(const AdapterLayout& layout, const HeadOptions& options,
                                        std::span<const float> values) {
  if (!layout.head) return std::nullopt;
  model::LabelHead head;
  head.kind = layout.head->kind;
  head.bidirectional = layout.head->bidirectional;
  head.labels = options.labels;
  head.width = layout.head->width;
  const auto weight = values.begin() + layout.head->offset;
  const auto bias = values.begin() + layout.head->bias_offset();
  head.weight.assign(weight, bias);
  head.bias.assign(bias, bias + layout.head->labels);
  return head;
}

model::LoraAdapter to_adapter(const AdapterLayout& layout, std::span<const float> values) {
  model::LoraAdapter adapter;
  adapter.rank = layout.rank_max();
  if (layout.places.empty()) return adapter;
  const double scale = layout.places.front().scale;
  adapter.alpha = scale * static_cast<double>(adapter.rank);
  const auto wide = static_cast<std::size_t>(adapter.rank);
  for (const AdapterPlace& place : layout.places) {
    const auto rank = static_cast<std::size_t>(place.rank);
    const auto out = static_cast<std::size_t>(place.out);
    const auto a = values.begin() + place.a_offset;
    const auto b = values.begin() + place.b_offset;
    model::LoraModule module{place.tensor, place.in, place.out, {}, {}, {}};
    if (place.m_offset >= 0) {
      const auto m = values.begin() + place.m_offset;
      module.magnitude.assign(m, m + place.out);
    }
    module.a.assign(a, a + place.rank * place.in);
    module.a.resize(wide * static_cast<std::size_t>(place.in), 0.0f);
    module.b.assign(out * wide, 0.0f);
    const bool same = place.scale == scale;
    const auto factor = static_cast<float>(place.scale / scale);
    for (std::size_t row = 0; row < out; ++row) {
      for (std::size_t i = 0; i < rank; ++i) {
        const float value = b[static_cast<std::ptrdiff_t>(row * rank + i)];
        module.b[row * wide + i] = same ? value : value * factor;
      }
    }
    adapter.modules.push_back(std::move(module));
  }
  return adapter;
}

}  // namespace residency::train
