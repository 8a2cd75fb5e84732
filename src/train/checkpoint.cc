#include "train/checkpoint.h"

#include <bit>
#include <cstring>
#include <openssl/evp.h>

namespace residency::train {
namespace {

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian");

constexpr std::string_view kMagic = "RSDCKPT3";
constexpr std::size_t kDigestBytes = 32;
constexpr std::uint64_t kHistoryMax = 1u << 28;

std::string digest_of(std::string_view bytes) {
  std::string digest(kDigestBytes, '\0');
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
             EVP_sha256(), nullptr);
  return digest;
}

template <class T>
void put(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <class T>
void put_all(std::string& to, const std::vector<T>& values) {
  put<std::uint64_t>(to, values.size());
  to.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

/// Takes values off the front of bytes; `bad` once there were too few.
struct Reader {
  std::string_view bytes;
  bool bad = false;

  template <class T>
  T take() {
    T value{};
    if (bytes.size() < sizeof(T)) {
      bad = true;
      return value;
    }
    std::memcpy(&value, bytes.data(), sizeof(T));
    bytes.remove_prefix(sizeof(T));
    return value;
  }

  std::string take_text() {
    const auto count = take<std::uint64_t>();
    if (bad || bytes.size() < count) {
      bad = true;
      return {};
    }
    std::string text(bytes.substr(0, count));
    bytes.remove_prefix(count);
    return text;
  }

  template <class T>
  std::vector<T> take_all(std::uint64_t count_max) {
    const auto count = take<std::uint64_t>();
    if (bad || count > count_max || bytes.size() / sizeof(T) < count) {
      bad = true;
      return {};
    }
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), bytes.data(), count * sizeof(T));
    bytes.remove_prefix(count * sizeof(T));
    return values;
  }
};

}  // namespace

std::string encode_checkpoint(const TrainState& state, std::string_view key) {
  std::string bytes;
  bytes.reserve(kMagic.size() + 2 * kDigestBytes + 128 +
                sizeof(float) * (state.values.size() + state.best_values.size()) +
                state.optimiser.size() + sizeof(LossPoint) * state.history.size());
  bytes += kMagic;
  bytes += digest_of(key);
  put(bytes, state.step);
  put(bytes, state.tokens);
  put_all(bytes, state.values);
  put<std::uint64_t>(bytes, state.optimiser.size());
  bytes += state.optimiser;
  put_all(bytes, state.best_values);
  put(bytes, state.best_validation_loss);
  put(bytes, state.evaluations_without_gain);
  put<std::uint8_t>(bytes, state.stopped_early ? 1 : 0);
  put_all(bytes, state.history);
  bytes += digest_of(bytes);
  return bytes;
}

Result<TrainState> decode_checkpoint(std::string_view bytes, std::string_view key,
                                     std::int64_t values) {
  if (bytes.size() < kMagic.size() + 2 * kDigestBytes || bytes.substr(0, kMagic.size()) != kMagic) {
    return corrupt("not a training checkpoint");
  }
  const std::string_view body = bytes.substr(0, bytes.size() - kDigestBytes);
  if (digest_of(body) != bytes.substr(body.size())) {
    return corrupt("the training checkpoint's digest does not hold");
  }
  if (body.substr(kMagic.size(), kDigestBytes) != digest_of(key)) {
    return failed_precondition("the training checkpoint belongs to other options or inputs");
  }
  Reader reader{body.substr(kMagic.size() + kDigestBytes)};
  const auto size = static_cast<std::uint64_t>(values);
  TrainState state;
  state.step = reader.take<std::int64_t>();
  state.tokens = reader.take<std::int64_t>();
  state.values = reader.take_all<float>(size);
  state.optimiser = reader.take_text();
  state.best_values = reader.take_all<float>(size);
  state.best_validation_loss = reader.take<double>();
  state.evaluations_without_gain = reader.take<std::int64_t>();
  state.stopped_early = reader.take<std::uint8_t>() == 1;
  state.history = reader.take_all<LossPoint>(kHistoryMax);
  if (reader.bad || !reader.bytes.empty() || state.step < 0) {
    return corrupt("the training checkpoint is cut short");
  }
  if (state.values.size() != size ||
      (!state.best_values.empty() && state.best_values.size() != size)) {
    return failed_precondition("the training checkpoint is of an adapter of another size");
  }
  return state;
}

}  // namespace residency::train
