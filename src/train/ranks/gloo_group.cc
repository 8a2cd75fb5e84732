// join_ranks(): libtorch's c10d with Gloo, on CPUs.
#include <ATen/ATen.h>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <unistd.h>

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

/// This machine's address on the way to `host`: other ranks reach it there. A datagram socket is
/// connected and nothing sent. "" where there is no way.
std::string own_address(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return "";
  std::string address;
  const int file = ::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_storage own{};
  socklen_t size = sizeof(own);
  std::array<char, NI_MAXHOST> text{};
  if (file >= 0 && ::connect(file, found->ai_addr, found->ai_addrlen) == 0 &&
      ::getsockname(file, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
      ::getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0)
    address = text.data();
  if (file >= 0) ::close(file);
  ::freeaddrinfo(found);
  return address;
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
      c10d::AllgatherOptions waits;
      waits.timeout = std::chrono::milliseconds(std::int64_t{1000} * address_.timeout_s);
      group_->allgather(all, mine, waits)->wait();
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
    const int join_s = address.join_timeout_s > 0 ? address.join_timeout_s : address.timeout_s;
    options.timeout = std::chrono::seconds(join_s);
    auto store = c10::make_intrusive<c10d::TCPStore>(address.host, options);
    if (address.rank == 0 && started) RESIDENCY_TRY_VOID(started(store->getPort()));
    auto settings = c10d::ProcessGroupGloo::Options::create(
        std::chrono::milliseconds(std::int64_t{1000} * join_s));
    const char* const interface = std::getenv("GLOO_SOCKET_IFNAME");
    const std::string own = own_address(address.host, store->getPort());
    settings->devices.push_back(
        interface != nullptr ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
        : own.empty()        ? c10d::ProcessGroupGloo::createDefaultDevice()
                             : c10d::ProcessGroupGloo::createDeviceForHostname(own));
    auto group =
        c10::make_intrusive<c10d::ProcessGroupGloo>(store, address.rank, address.size, settings);
    store->setTimeout(std::chrono::seconds(address.timeout_s));
    return std::unique_ptr<RankGroup>(
        std::make_unique<GlooGroup>(address, std::move(store), std::move(group)));
  } catch (const std::exception& failure) {
    return lost(fmt::format("joining rank 0 at {}:{}", address.host, address.port), failure);
  }
}

}  // namespace residency::train
