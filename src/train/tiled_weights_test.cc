#include "train/tiled_weights.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "model/gguf_quant.h"
#include "train/testing/tiny_training.h"

namespace residency::train {
namespace {

using testing::relative_error;

const std::vector<std::uint32_t>& all_types() {
  static const auto& types = *new std::vector<std::uint32_t>([] {
    std::vector<std::uint32_t> all;
    for (const model::QuantLayout& layout : model::kQuantLayouts) all.push_back(layout.type);
    return all;
  }());
  return types;
}

/// Blocks of random bits with fp16 fields between 2^-7 and 2^-3, so that values stay small.
std::string random_blocks(const model::QuantLayout& layout, std::int64_t values,
                          std::uint64_t seed) {
  Random random(seed);
  std::string bytes(static_cast<std::size_t>(model::quant_bytes_of(layout, values)), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  const auto block = static_cast<std::size_t>(layout.block_bytes);
  const auto tame = [&](std::size_t at) {
    bytes[at + 1] = static_cast<char>(0x20 | random.below(16) | (random.below(2) << 7));
  };
  for (std::size_t at = 0; at < bytes.size(); at += block) {
    if (layout.type == model::kTypeQ6K) {
      tame(at + 208);
    } else if (layout.type == model::kTypeF32) {
      bytes[at + 3] = 0x3c;
    } else if (layout.type == model::kTypeBf16) {
      bytes[at + 1] = 0x3c;
    } else {
      tame(at);
      if (block > 2 && layout.type != model::kTypeQ8_0) tame(at + 2);
    }
  }
  return bytes;
}

constexpr std::int64_t kIn = 512;
constexpr std::int64_t kOutFirst = 200;
constexpr std::int64_t kOutSecond = 75;
constexpr std::int64_t kOut = 288;  // both, rounded up to kLanes
constexpr std::int64_t kRows = 70;
constexpr std::int64_t kRowsPadded = 128;

std::unique_ptr<model::GgufFile> two_matrices(std::uint32_t first, std::uint32_t second) {
  const auto matrix = [](const char* name, std::uint32_t type, std::int64_t out) {
    const model::QuantLayout& layout = *model::quant_layout(type);
    return model::GgufTensorData{name, {kIn, out}, type, random_blocks(layout, kIn * out, type)};
  };
  const auto bytes = model::write_gguf(
      {}, {matrix("first", first, kOutFirst), matrix("second", second, kOutSecond)});
  return model::GgufFile::from_bytes(bytes.value(), "two").value();
}

template <class T>
struct Draw {
  AlignedBuffer<T> buffer;
  Draw(const KernelTable<T>& kernels, std::int64_t rows, std::int64_t columns, std::uint64_t seed)
      : buffer(kRowsPadded * columns) {
    Random random(seed);
    std::vector<float> values(static_cast<std::size_t>(rows * columns));
    for (float& value : values) value = static_cast<float>(random.uniform() - 0.5);
    kernels.round(values.data(), rows * columns, buffer.data());
  }
};

template <class T>
std::vector<float> wide(const T* from, std::int64_t count) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(widen(from[i]));
  return values;
}

/// Holds the weights in tiles of 64 rows, and in one tile, to those packed by oneDNN; as the file
/// has them, and in T.
template <class T>
void products_agree(std::uint32_t type, std::uint32_t other, InstructionSet set) {
  const KernelTable<T>& table = kernels<T>(set);
  const auto file = two_matrices(type, other);
  const FrozenStore<T> packed_store(*file, WeightForm::kPacked, table);
  const auto plain = packed_store.plain({"first", "second"}).value();
  const auto packed = pack_weights<T>(plain.data(), kOut, kIn).value();
  const double error = sizeof(T) == 4 ? 2e-6 : 6e-3;
  const Draw<T> x(table, kRows, kIn, 1);
  const Draw<T> dy(table, kRows, kOut, 2);
  for (const std::int64_t tile_values : {std::int64_t{1}, kTileValues}) {
    const FrozenStore<T> store(*file, WeightForm::kQuantised, table, tile_values);
    for (const bool as_is : {true, false}) {
      std::unique_ptr<FrozenWeights<T>> weights =
          TiledWeights<T>::of_plain(store, plain.data(), kOut, kIn);
      if (as_is) weights = store.take({"first", "second"}).value();
      EXPECT_LE(weights->bytes(), packed->bytes());
      for (const bool adds : {false, true}) {
        Draw<T> y1(table, kRows, kOut, 3), y2(table, kRows, kOut, 3);
        ASSERT_TRUE(packed->forward(x.buffer.data(), kRows, y1.buffer.data(), adds).ok());
        ASSERT_TRUE(weights->forward(x.buffer.data(), kRows, y2.buffer.data(), adds).ok());
        EXPECT_LT(relative_error(wide(y2.buffer.data(), kRows * kOut),
                                 wide(y1.buffer.data(), kRows * kOut)),
                  error);
        Draw<T> dx1(table, kRows, kIn, 4), dx2(table, kRows, kIn, 4);
        ASSERT_TRUE(packed->backward(dy.buffer.data(), kRows, dx1.buffer.data(), adds).ok());
        ASSERT_TRUE(weights->backward(dy.buffer.data(), kRows, dx2.buffer.data(), adds).ok());
        EXPECT_LT(relative_error(wide(dx2.buffer.data(), kRows * kIn),
                                 wide(dx1.buffer.data(), kRows * kIn)),
                  error);
      }
      AlignedBuffer<float> w1(kRowsPadded * kOut), w2(kRowsPadded * kOut);
      ASSERT_TRUE(packed->forward_wide(x.buffer.data(), kRows, w1.data()).ok());
      ASSERT_TRUE(weights->forward_wide(x.buffer.data(), kRows, w2.data()).ok());
      EXPECT_LT(relative_error(wide(w2.data(), kRows * kOut), wide(w1.data(), kRows * kOut)),
                sizeof(T) == 4 ? 2e-6 : 1e-3);
    }
  }
}

class Quantised : public ::testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (!runs(GetParam())) GTEST_SKIP() << "the machine lacks the instruction set";
  }
};

TEST_P(Quantised, ProductsAreThoseOfPackedWeights) {
  for (std::size_t i = 0; i < all_types().size(); ++i) {
    SCOPED_TRACE(model::quant_layout(all_types()[i])->name);
    const std::uint32_t next = all_types()[(i + 1) % all_types().size()];
    products_agree<float>(all_types()[i], next, GetParam());
    products_agree<Bf16>(all_types()[i], next, GetParam());
  }
}

TEST_P(Quantised, RowsAreThoseOfTheFormat) {
  for (const std::uint32_t type : all_types()) {
    const model::QuantLayout& layout = *model::quant_layout(type);
    SCOPED_TRACE(layout.name);
    constexpr std::int64_t kCount = 256 * 13;  // no multiple of what the kernel takes at a time
    const std::string blocks = random_blocks(layout, kCount, 9);
    std::vector<float> expected(kCount), exact(kCount);
    std::vector<Bf16> rounded(kCount);
    model::dequantise_row(type, reinterpret_cast<const std::byte*>(blocks.data()), kCount,
                          expected.data());
    kernels<float>(GetParam()).dequantise(type, blocks.data(), kCount, exact.data());
    kernels<Bf16>(GetParam()).dequantise(type, blocks.data(), kCount, rounded.data());
    EXPECT_LT(relative_error(exact, expected), 1e-7);
    EXPECT_LT(relative_error(wide(rounded.data(), kCount), expected), 3e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, Quantised,
                         ::testing::Values(InstructionSet::kGeneric, InstructionSet::kAvx2,
                                           InstructionSet::kAvx512, InstructionSet::kAvx512Bf16));

TEST(TiledWeights, ValuesThatAreNotFiniteAreRefused) {
  std::string blocks = random_blocks(*model::quant_layout(model::kTypeQ8_0), kIn * 16, 1);
  blocks[1] = 0x7c;
  blocks[0] = 0;
  const auto bytes =
      model::write_gguf({}, {model::GgufTensorData{"first", {kIn, 16}, model::kTypeQ8_0, blocks}});
  const auto file = model::GgufFile::from_bytes(bytes.value(), "broken").value();
  const FrozenStore<Bf16> store(*file, WeightForm::kQuantised,
                                kernels<Bf16>(best_instruction_set()));
  const auto refused = store.take({"first"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidInput);
  EXPECT_FALSE(store.take({"none"}).ok());
}

}  // namespace
}  // namespace residency::train
