#include "eval/calibration.h"

#include <algorithm>
#include <cmath>

namespace residency::eval {

std::uint64_t Calibration::items() const {
  std::uint64_t sum = 0;
  for (const Bin& bin : bins) sum += bin.items;
  return sum;
}

void Calibration::add(double confidence, bool correct, std::uint64_t times) {
  const double place = std::ceil(confidence * static_cast<double>(kBins)) - 1;
  const auto index =
      static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(kBins - 1)));
  bins[index].items += times;
  bins[index].correct += correct ? times : 0;
  bins[index].confidence += confidence * static_cast<double>(times);
}

double Calibration::error() const {
  double sum = 0;
  for (const Bin& bin : bins) sum += std::abs(static_cast<double>(bin.correct) - bin.confidence);
  const std::uint64_t all = items();
  return all == 0 ? 0 : sum / static_cast<double>(all);
}

Json Calibration::to_json() const {
  Json list = Json::array();
  for (const Bin& bin : bins)
    list.push_back(
        {{"items", bin.items}, {"correct", bin.correct}, {"confidence_sum", bin.confidence}});
  return list;
}

Result<Calibration> Calibration::from_json(const Json& json) {
  Calibration calibration;
  if (json.is_null()) return calibration;
  if (!json.is_array() || json.size() != kBins)
    return invalid_input("must be a list of ten bins: calibration");
  for (std::size_t i = 0; i < kBins; ++i) {
    const std::int64_t items = json_integer(json[i], "items", -1);
    const std::int64_t correct = json_integer(json[i], "correct", -1);
    if (items < 0 || correct < 0 || correct > items)
      return invalid_input("holds no counts of a bin: calibration");
    calibration.bins[i] = {static_cast<std::uint64_t>(items), static_cast<std::uint64_t>(correct),
                           json_number(json[i], "confidence_sum")};
  }
  return calibration;
}

double confidence_of(const Prediction& prediction) {
  if (prediction.logprobs.empty()) return 0;
  const double largest = *std::max_element(prediction.logprobs.begin(), prediction.logprobs.end());
  double sum = 0;
  for (const double logprob : prediction.logprobs) sum += std::exp(logprob - largest);
  return 1 / sum;
}

Calibration calibrate(const std::vector<Prediction>& predictions) {
  Calibration calibration;
  for (const Prediction& prediction : predictions) {
    if (prediction.asked && !prediction.logprobs.empty())
      calibration.add(confidence_of(prediction), prediction.correct, 1);
  }
  return calibration;
}

}  // namespace residency::eval
