#include "train/adapter_layout.h"

#include <algorithm>
#include <cmath>

#include "train/random.h"

namespace residency::train {

const AdapterPlace* AdapterLayout::find(const std::string& tensor) const {
  const auto found = std::find_if(places.begin(), places.end(), [&](const AdapterPlace& place) {
    return place.tensor == tensor;
  });
  return found == places.end() ? nullptr : &*found;
}

AdapterLayout make_layout(const model::LlamaConfig& config, const LoraOptions& options) {
  AdapterLayout layout;
  layout.rank = options.rank;
  layout.alpha = options.alpha;
  const auto adapted = [&](std::string_view target) {
    return options.targets.empty() || std::find(options.targets.begin(), options.targets.end(),
                                                target) != options.targets.end();
  };
  const std::vector<model::ExpectedTensor> tensors = model::expected_tensors(config);
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    for (const model::LoraTarget& target : model::lora_targets()) {
      if (!adapted(target.gguf)) continue;
      const std::string name = model::block_tensor(layer, target.gguf);
      const auto found = std::find_if(tensors.begin(), tensors.end(),
                                      [&](const auto& tensor) { return tensor.name == name; });
      if (found == tensors.end()) continue;
      AdapterPlace place{name, found->shape[0], found->shape[1], layout.size, 0};
      place.b_offset = place.a_offset + layout.rank * place.in;
      layout.size = place.b_offset + place.out * layout.rank;
      layout.places.push_back(std::move(place));
    }
  }
  return layout;
}

std::vector<float> initial_values(const AdapterLayout& layout, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(layout.size), 0.0f);
  Random random(seed);
  for (const AdapterPlace& place : layout.places) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(place.in));
    for (std::int64_t i = 0; i < layout.rank * place.in; ++i) {
      values[static_cast<std::size_t>(place.a_offset + i)] =
          static_cast<float>((2.0 * random.uniform() - 1.0) * bound);
    }
  }
  return values;
}

model::LoraAdapter to_adapter(const AdapterLayout& layout, std::span<const float> values) {
  model::LoraAdapter adapter;
  adapter.rank = layout.rank;
  adapter.alpha = layout.alpha;
  for (const AdapterPlace& place : layout.places) {
    const auto a = values.begin() + place.a_offset;
    const auto b = values.begin() + place.b_offset;
    adapter.modules.push_back({place.tensor, place.in, place.out,
                               std::vector<float>(a, a + layout.rank * place.in),
                               std::vector<float>(b, b + place.out * layout.rank)});
  }
  return adapter;
}

}  // namespace residency::train
