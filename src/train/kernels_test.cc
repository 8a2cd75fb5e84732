// The op table: every operation, in every type and for every instruction set, against its plain
// tensor form, gradients included.
#include <ATen/ATen.h>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "train/aligned_buffer.h"
#include "train/fast_attention.h"
#include "train/frozen_matrix.h"
#include "train/kernels/kernel_table.h"
#include "train/random.h"
#include "train/reference_ops.h"

namespace residency::train {
namespace {

std::vector<float> draw(std::int64_t count, std::uint64_t seed, double size = 1) {
  Random random(seed);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>((2 * random.uniform() - 1) * size);
  return values;
}

template <class T>
struct Cell {
  static constexpr bool kExact = sizeof(T) == 4;
  /// Relative error that the type's rounding allows.
  static constexpr double kError = kExact ? 2e-5 : 1.2e-2;

  static void put(AlignedBuffer<T>& to, const std::vector<float>& from) {
    to.reserve(static_cast<std::int64_t>(from.size()));
    for (std::size_t i = 0; i < from.size(); ++i) {
      if constexpr (kExact) {
        to.data()[i] = from[i];
      } else {
        to.data()[i] = round_bf16(from[i]);
      }
    }
  }
};

/// Values as the kernel sees them, as a tensor of doubles.
template <class T>
at::Tensor tensor(const AlignedBuffer<T>& from, std::vector<std::int64_t> shape) {
  std::vector<double> values;
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<double>(widen(from.data()[i])));
  }
  return at::tensor(values, at::TensorOptions().dtype(at::kDouble)).view(shape);
}

template <class T>
void expect_near(const AlignedBuffer<T>& answer, const at::Tensor& expected, double error,
                 const char* what) {
  const at::Tensor got = tensor(answer, expected.sizes().vec());
  const double difference = (got - expected).norm().template item<double>();
  EXPECT_LT(difference, error * (expected.norm().template item<double>() + 1e-12)) << what;
}

/// The gradient of sum(out * weights) with regard to `input`.
at::Tensor gradient(const at::Tensor& out, const at::Tensor& weights, at::Tensor& input) {
  input.mutable_grad() = at::Tensor();
  (out * weights).sum().backward({}, true);
  return input.grad().clone();
}

class Kernels : public ::testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (!runs(GetParam())) GTEST_SKIP() << "the machine lacks the instruction set";
  }

  template <class T>
  void norm();
  template <class T>
  void rotate();
  template <class T>
  void swiglu();
  template <class T>
  void cross_entropy();
  template <class T>
  void attention(const std::vector<std::size_t>& starts);
  template <class T>
  void products();
};

template <class T>
void Kernels::norm() {
  const auto& table = kernels<T>(GetParam());
  constexpr std::int64_t kRows = 7;
  constexpr std::int64_t n = 80;
  AlignedBuffer<float> x, weight, inverse(kRows), dx;
  AlignedBuffer<T> y, normal(kRows * n), out(kRows * n), dout, rounded(kRows * n);
  Cell<float>::put(x, draw(kRows * n, 1));
  Cell<float>::put(weight, draw(n, 2));
  Cell<float>::put(dx, draw(kRows * n, 3));
  Cell<T>::put(y, draw(kRows * n, 4));
  Cell<T>::put(dout, draw(kRows * n, 5));
  at::Tensor sum = (tensor(x, {kRows, n}) + tensor(y, {kRows, n})).set_requires_grad(true);
  const at::Tensor expected = reference::norm(sum, tensor(weight, {n}), 1e-5);
  const at::Tensor expected_dx =
      tensor(dx, {kRows, n}) + gradient(expected, tensor(dout, {kRows, n}), sum);
  table.norm(x.data(), y.data(), weight.data(), kRows, n, 1e-5f, normal.data(), out.data(),
             inverse.data());
  expect_near(x, sum.detach(), 1e-6, "x");
  expect_near(out, expected.detach(), Cell<T>::kError, "out");
  table.norm_backward(dout.data(), normal.data(), weight.data(), inverse.data(), kRows, n,
                      dx.data(), rounded.data());
  expect_near(dx, expected_dx, Cell<T>::kError, "dx");
  expect_near(rounded, expected_dx, Cell<T>::kError, "dx, rounded");
  table.norm_scale(normal.data(), weight.data(), kRows, n, out.data());
  expect_near(out, expected.detach(), Cell<T>::kError, "out again");
}

template <class T>
void Kernels::rotate() {
  const auto& table = kernels<T>(GetParam());
  constexpr std::int64_t kRows = 5;
  constexpr std::int64_t kHeads = 3;
  constexpr std::int64_t n = 32;
  AlignedBuffer<T> x;
  Cell<T>::put(x, draw(kRows * kHeads * n, 1));
  const std::vector<std::int32_t> positions{0, 1, 2, 0, 7};
  std::vector<float> cosines, sines;
  std::vector<double> half_cosines, half_sines;
  for (int position = 0; position < 8; ++position) {
    for (int i = 0; i < n; ++i) {
      const double angle = position * std::pow(10.0, -(i / 2) / 4.0);
      cosines.push_back(static_cast<float>(std::cos(angle)));
      sines.push_back(static_cast<float>(i % 2 == 0 ? -std::sin(angle) : std::sin(angle)));
    }
  }
  for (const std::int32_t position : positions) {
    for (int i = 0; i < n; i += 2) {
      half_cosines.push_back(
          static_cast<double>(cosines[static_cast<std::size_t>(position * n + i)]));
      half_sines.push_back(
          static_cast<double>(sines[static_cast<std::size_t>(position * n + i + 1)]));
    }
  }
  const auto doubles = at::TensorOptions().dtype(at::kDouble);
  const at::Tensor before = tensor(x, {kRows, kHeads, n});
  const at::Tensor expected =
      reference::rotate(before, at::tensor(half_cosines, doubles).view({kRows, n / 2}),
                        at::tensor(half_sines, doubles).view({kRows, n / 2}));
  table.rotate(x.data(), kHeads * n, kRows, kHeads, n, positions.data(), cosines.data(),
               sines.data(), 1);
  expect_near(x, expected, Cell<T>::kError, "forward");
  table.rotate(x.data(), kHeads * n, kRows, kHeads, n, positions.data(), cosines.data(),
               sines.data(), -1);
  expect_near(x, before, Cell<T>::kError, "and back, which is the gradient");
}

template <class T>
void Kernels::swiglu() {
  const auto& table = kernels<T>(GetParam());
  constexpr std::int64_t kRows = 3;
  constexpr std::int64_t n = 48;
  AlignedBuffer<T> gate_up, out(kRows * n), again(kRows * n), dout, dgate_up(kRows * 2 * n);
  Cell<T>::put(gate_up, draw(kRows * 2 * n, 1, 30));
  Cell<T>::put(dout, draw(kRows * n, 2));
  at::Tensor input = tensor(gate_up, {kRows, 2 * n}).set_requires_grad(true);
  const at::Tensor expected = reference::swiglu(input.narrow(1, 0, n), input.narrow(1, n, n));
  table.swiglu(gate_up.data(), kRows, n, out.data());
  expect_near(out, expected.detach(), Cell<T>::kError, "out");
  table.swiglu_backward(dout.data(), gate_up.data(), kRows, n, dgate_up.data(), again.data());
  expect_near(again, expected.detach(), Cell<T>::kError, "out again");
  expect_near(dgate_up, gradient(expected, tensor(dout, {kRows, n}), input), Cell<T>::kError,
              "gradient");
}

template <class T>
void Kernels::cross_entropy() {
  const auto& table = kernels<T>(GetParam());
  for (const std::int64_t columns : {16, 61, 272}) {
    const std::int64_t padded = round_up(columns, kLanes);
    AlignedBuffer<float> logits;
    AlignedBuffer<T> dlogits(padded);
    auto values = draw(padded, 9, 12);
    Cell<float>::put(logits, values);
    at::Tensor input = tensor(logits, {1, columns}).set_requires_grad(true);
    const std::int64_t target = columns - 2;
    const at::Tensor expected = reference::cross_entropy(
        input, at::tensor(std::vector<std::int64_t>{target}, at::TensorOptions().dtype(at::kLong)));
    (expected * 0.5).backward();
    const float loss =
        table.cross_entropy(logits.data(), columns, padded, target, 0.5f, dlogits.data());
    EXPECT_NEAR(static_cast<double>(loss), expected.item<double>(), 1e-5);
    expect_near(dlogits, input.grad().view({columns}), Cell<T>::kError, "gradient");
    for (std::int64_t i = columns; i < padded; ++i) EXPECT_LT(widen(dlogits.data()[i]), 1e-30f);
  }
}

template <class T>
void Kernels::attention(const std::vector<std::size_t>& starts) {
  constexpr std::int64_t kHeads = 4;
  constexpr std::int64_t kKvHeads = 2;
  constexpr std::int64_t n = 48;
  constexpr std::int64_t kStride = (kHeads + 2 * kKvHeads) * n;
  const auto rows = static_cast<std::int64_t>(starts.back());
  AlignedBuffer<T> qkv, dout, out(rows * kHeads * n), dqkv(rows * kStride);
  AlignedBuffer<float> log_sums(rows * kHeads);
  Cell<T>::put(qkv, draw(rows * kStride, 1, 2));
  Cell<T>::put(dout, draw(rows * kHeads * n, 2));
  at::Tensor input = tensor(qkv, {rows, kHeads + 2 * kKvHeads, n}).set_requires_grad(true);
  const at::Tensor expected =
      reference::attention(input.narrow(1, 0, kHeads), input.narrow(1, kHeads, kKvHeads),
                           input.narrow(1, kHeads + kKvHeads, kKvHeads), starts);
  FastAttention<T> fast(kernels<T>(GetParam()),
                        {kHeads, kKvHeads, n, kStride, 1.0f / std::sqrt(static_cast<float>(n))});
  fast.set_segments(starts);
  fast.forward(qkv.data(), out.data(), log_sums.data());
  expect_near(out, expected.detach(), Cell<T>::kError, "out");
  fast.backward(qkv.data(), out.data(), dout.data(), log_sums.data(), dqkv.data());
  expect_near(dqkv, gradient(expected, tensor(dout, {rows, kHeads * n}), input),
              2 * Cell<T>::kError, "gradient");
}

template <class T>
void Kernels::products() {
  const auto& table = kernels<T>(GetParam());
  for (const auto& [rows, k, n] : {std::tuple<std::int64_t, std::int64_t, std::int64_t>{1, 16, 16},
                                   {13, 48, 112},
                                   {70, 64, 80}}) {
    AlignedBuffer<T> a, c, turned(k * round_up(rows, 64));
    AlignedBuffer<float> b, g;
    Cell<T>::put(a, draw(rows * k, 1));
    Cell<T>::put(c, draw(rows * n, 2));
    Cell<float>::put(b, draw(k * n, 3));
    Cell<float>::put(g, draw(k * n, 4));
    AlignedBuffer<std::byte> packed(k * n * table.packed_bytes);
    AlignedBuffer<std::byte> scratch(64 * n * table.packed_bytes);
    const at::Tensor expected =
        tensor(c, {rows, n}) + at::matmul(tensor(a, {rows, k}), tensor(b, {k, n})) * 0.5;
    const at::Tensor expected_g =
        tensor(g, {k, n}) + at::matmul(tensor(a, {rows, k}).t(), tensor(c, {rows, n})) * 0.25;
    table.transpose(a.data(), k, rows, k, turned.data(), round_up(rows, 64));
    table.outer(turned.data(), round_up(rows, 64), k, c.data(), n, rows, n, 0.25f, scratch.data(),
                g.data(), n, 1);
    expect_near(g, expected_g, Cell<T>::kError, "outer");
    table.pack(b.data(), n, 1, k, n, 0.5f, packed.data(), n, 0);
    table.multiply(a.data(), k, rows, k, {packed.data(), n, 0}, n, true, c.data(), n);
    expect_near(c, expected, Cell<T>::kError, "multiply");
  }
}

TEST_P(Kernels, Norm) {
  norm<float>();
  norm<Bf16>();
}
TEST_P(Kernels, Rotate) {
  rotate<float>();
  rotate<Bf16>();
}
TEST_P(Kernels, Swiglu) {
  swiglu<float>();
  swiglu<Bf16>();
}
TEST_P(Kernels, CrossEntropy) {
  cross_entropy<float>();
  cross_entropy<Bf16>();
}
TEST_P(Kernels, Attention) {
  for (const std::vector<std::size_t>& starts :
       {std::vector<std::size_t>{0, 1}, {0, 64, 65, 130}, {0, 17, 200}, {0, 128}}) {
    attention<float>(starts);
    attention<Bf16>(starts);
  }
}
TEST_P(Kernels, Products) {
  products<float>();
  products<Bf16>();
}

INSTANTIATE_TEST_SUITE_P(Sets, Kernels,
                         ::testing::Values(InstructionSet::kGeneric, InstructionSet::kAvx2,
                                           InstructionSet::kAvx512, InstructionSet::kAvx512Bf16));

template <class T>
void check_frozen_matrix() {
  for (const auto& [rows, k, n] : {std::tuple<std::int64_t, std::int64_t, std::int64_t>{3, 64, 96},
                                   {64, 48, 272},
                                   {130, 272, 16}}) {
    AlignedBuffer<T> x, weights, y(round_up(rows, kRowBlock) * n);
    AlignedBuffer<float> wide(round_up(rows, kRowBlock) * n);
    Cell<T>::put(x, draw(round_up(rows, kRowBlock) * k, 1));
    Cell<T>::put(weights, draw(n * k, 2));
    const at::Tensor expected = at::matmul(tensor(x, {rows, k}), tensor(weights, {n, k}).t());
    auto matrix = FrozenMatrix<T>::create(weights.data(), k, n, 1, k).value();
    ASSERT_TRUE(matrix.multiply(x.data(), rows, y.data()).ok());
    expect_near(y, expected, Cell<T>::kError, "product");
    ASSERT_TRUE(matrix.multiply(x.data(), rows, y.data(), true).ok());
    expect_near(y, expected * 2, Cell<T>::kError, "added");
    ASSERT_TRUE(matrix.multiply_wide(x.data(), rows, wide.data()).ok());
    expect_near(wide, expected, 1e-5, "wide");
  }
}

TEST(FrozenMatrix, MultipliesAndAdds) {
  check_frozen_matrix<float>();
  check_frozen_matrix<Bf16>();
}

}  // namespace
}  // namespace residency::train
