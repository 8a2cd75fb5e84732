#include "train/base_weights.h"

#include <algorithm>
#include <cmath>

namespace residency::train {

Result<std::vector<float>> base_tensor(const model::GgufFile& file, const std::string& name) {
  const model::GgufTensor* tensor = file.find(name);
  if (tensor == nullptr) return invalid_input("the model lacks a tensor: " + name);
  RESIDENCY_TRY(std::vector<float> values, file.to_f32(*tensor));
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
    return invalid_input("the model holds a value that is not finite: " + name);
  }
  return values;
}

Result<std::vector<float>> base_tensors(const model::GgufFile& file,
                                        const std::vector<std::string>& names) {
  std::vector<float> all;
  for (const std::string& name : names) {
    RESIDENCY_TRY(const std::vector<float> one, base_tensor(file, name));
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

Result<std::vector<double>> row_squares(const model::GgufFile& file, const std::string& name) {
  RESIDENCY_TRY(const std::vector<float> values, base_tensor(file, name));
  const auto in = static_cast<std::size_t>(file.find(name)->shape[0]);
  std::vector<double> squares(values.size() / in, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    squares[i / in] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  return squares;
}

Result<RotaryTable> rotary_table(const model::GgufFile& file, const model::LlamaConfig& config,
                                 std::int64_t positions, bool windowed) {
  const bool own = windowed && config.rope_theta_windowed > 0;
  const double theta = own ? config.rope_theta_windowed : config.rope_theta;
  const double scale = own ? 1.0 : config.rope_scale;
  const std::int64_t n = config.head_dimension;
  std::vector<float> factors(static_cast<std::size_t>(n / 2), 1.0f);
  if (config.rope_factors) {
    RESIDENCY_TRY(factors, base_tensor(file, "rope_freqs.weight"));
  }
  RotaryTable table;
  table.cosines.resize(static_cast<std::size_t>(positions * n));
  table.sines.resize(table.cosines.size());
  for (std::int64_t pair = 0; pair < n / 2; ++pair) {
    const double frequency =
        std::pow(theta, -2.0 * static_cast<double>(pair) / static_cast<double>(n)) /
        static_cast<double>(factors[static_cast<std::size_t>(pair)]);
    for (std::int64_t position = 0; position < positions; ++position) {
      const double angle = static_cast<double>(position) * scale * frequency;
      const std::size_t at = static_cast<std::size_t>(position * n + 2 * pair);
      table.cosines[at] = table.cosines[at + 1] = static_cast<float>(std::cos(angle));
      table.sines[at + 1] = static_cast<float>(std::sin(angle));
      table.sines[at] = -table.sines[at + 1];
    }
  }
  return table;
}

}  // namespace residency::train
