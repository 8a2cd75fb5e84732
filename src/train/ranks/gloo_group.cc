// join_ranks(): libtorch's c10d with Gloo, on CPUs.
#include <ATen/ATen.h>
#include <chrono>
#include <cstring>
#include <exception>
#include <fmt/format.h>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "train/ranks/rank_group.h"

namespace residency::train {
namespace {

Error lost(std::string_view where, const std::exception& failure) {
  const std::string what = failure.what();
  return io_error(fmt::format(
      "{}: another rank ended or did not answer in time; the job goes on from its last checkpoint "
      "when it is run again ({})",
      where, what.substr(0, std::min(what.find('\n'), std::size_t{200}))));
}

class GlooGroup final : public RankGroup {
 public:
  GlooGroup(const RankAddress& address, c10::intrusive_ptr<c10d::Store> store,
            c10::intrusive_ptr<c10d::ProcessGroupGloo> group)
      : address_(address), store_(std::move(store)), group_(std::move(group)) {}

  int rank() const override { return address_.rank; }
  int size() const override { return address_.size; }

  Result<std::vector<float>> gather(std::span<const float> values) override {
    return gather_as(values, at::kFloat);
  }
  Result<std::vector<double>> gather(std::span<const double> values) override {
    return gather_as(values, at::kDouble);
  }

  Result<std::string> share(std::string_view name, const std::string& text) override {
    const std::string key = fmt::format("residency/{}", name);
    try {
      if (rank() == 0) store_->set(key, std::vector<std::uint8_t>(text.begin(), text.end()));
      const std::vector<std::uint8_t> bytes = store_->get(key);
      return std::string(bytes.begin(), bytes.end());
    } catch (const std::exception& failure) {
      return lost("sharing between ranks", failure);
    }
  }

 private:
  template <class T>
  Result<std::vector<T>> gather_as(std::span<const T> values, at::ScalarType type) {
    try {
      const auto count = static_cast<std::int64_t>(values.size());
      const auto options = at::TensorOptions().dtype(type);
      std::vector<at::Tensor> mine{at::empty({count}, options)};
      std::memcpy(mine[0].data_ptr<T>(), values.data(), values.size_bytes());
      std::vector<std::vector<at::Tensor>> all(1);
      for (int i = 0; i < size(); ++i) all[0].push_back(at::empty({count}, options));
      group_->allgather(all, mine)->wait();
      std::vector<T> gathered;
      gathered.reserve(values.size() * static_cast<std::size_t>(size()));
      for (const at::Tensor& part : all[0]) {
        const T* from = part.data_ptr<T>();
        gathered.insert(gathered.end(), from, from + count);
      }
      return gathered;
    } catch (const std::exception& failure) {
      return lost("gathering from the ranks", failure);
    }
  }

  RankAddress address_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

}  // namespace

Result<std::unique_ptr<RankGroup>> join_ranks(const RankAddress& address,
                                              const std::function<Result<void>(int)>& started) {
  if (address.size < 1 || address.size > kRanksMax || address.rank < 0 ||
      address.rank >= address.size)
    return invalid_argument(
        fmt::format("a rank is from 0 to the number of ranks, at most {}", kRanksMax));
  try {
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(address.port);
    options.isServer = address.rank == 0;
    options.numWorkers = static_cast<std::size_t>(address.size);
    options.waitWorkers = false;
    options.timeout = std::chrono::seconds(address.timeout_s);
    auto store = c10::make_intrusive<c10d::TCPStore>(address.host, options);
    if (address.rank == 0 && started) RESIDENCY_TRY_VOID(started(store->getPort()));
    auto settings = c10d::ProcessGroupGloo::Options::create(
        std::chrono::milliseconds(std::int64_t{1000} * address.timeout_s));
    const bool local = address.host == "127.0.0.1" || address.host == "localhost";
    settings->devices.push_back(local
                                    ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                    : c10d::ProcessGroupGloo::createDefaultDevice());
    auto group = c10::make_intrusive<c10d::ProcessGroupGloo>(store, address.rank, address.size,
                                                             settings);
    return std::unique_ptr<RankGroup>(
        std::make_unique<GlooGroup>(address, std::move(store), std::move(group)));
  } catch (const std::exception& failure) {
    return lost(fmt::format("joining rank 0 at {}:{}", address.host, address.port), failure);
  }
}

}  // namespace residency::train
