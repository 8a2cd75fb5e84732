// KernelTable: the CPU kernels of the training step, for one activation type and one instruction
// set. Every kernel runs on the calling thread over the rows it is given; callers divide the work.
#pragma once

#include <cstdint>

#include "train/bf16.h"

namespace residency::train {

/// Rows of queries, and of keys, that attention handles at a time.
inline constexpr std::int64_t kAttentionBlock = 64;
/// Row lengths handed to kernels are multiples of this, but for cross entropy's.
inline constexpr std::int64_t kLanes = 16;

/// Rows of queries, keys and values, rotated: [heads * dimension | kv_heads * dimension | the
/// same], `stride` elements apart. All pointers below are to row 0 of the whole sequence.
struct AttentionShape {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t dimension = 0;  // of a head; a multiple of kLanes
  std::int64_t stride = 0;
  float scale = 0;
  bool causal = true;  // false: every row sees its whole segment
};

/// Rows [start, start + length) attend to themselves alone, causally.
struct AttentionSegment {
  std::int64_t start = 0;
  std::int64_t length = 0;
};

/// A small operand of a product, rearranged by `pack`: [ceil(k / k_step)][columns][k_step] of
/// `packed_bytes` each.
struct PackedOperand {
  const void* data = nullptr;
  std::int64_t columns = 0;  // of the whole operand
  std::int64_t column = 0;   // where the part meant begins
};

template <class T>
struct KernelTable {
  const char* name;
  std::int64_t k_step;
  std::int64_t packed_bytes;
  /// Whether oneDNN's products in bf16 are the fast ones beside these instructions; else frozen
  /// weights are widened tile by tile and multiplied in fp32.
  bool bf16_products;
  const KernelTable<float>* wide;  // the same instructions' kernels in fp32

  /// packed[k][column + n] = scale * source[k * k_stride + n * n_stride].
  void (*pack)(const float* source, std::int64_t k_stride, std::int64_t n_stride, std::int64_t k,
               std::int64_t n, float scale, void* packed, std::int64_t columns,
               std::int64_t column);
  /// c[rows, n] (+)= a[rows, k] * b; n and k multiples of kLanes.
  void (*multiply)(const T* a, std::int64_t a_stride, std::int64_t rows, std::int64_t k,
                   PackedOperand b, std::int64_t n, bool add, T* c, std::int64_t c_stride);
  /// to[column, row] = from[row, column]; columns of `to` past `rows` are left alone.
  void (*transpose)(const T* from, std::int64_t from_stride, std::int64_t rows,
                    std::int64_t columns, T* to, std::int64_t to_stride);
  /// gradient[m * m_stride + n * n_stride] += scale * sum over t < rows of
  /// left[m][t] * right[t][n], n a multiple of kLanes. `left` rows are zero from `rows` up to the
  /// next multiple of kAttentionBlock. `scratch`: packed_bytes * kAttentionBlock * n.
  void (*outer)(const T* left, std::int64_t left_stride, std::int64_t m, const T* right,
                std::int64_t right_stride, std::int64_t rows, std::int64_t n, float scale,
                void* scratch, float* gradient, std::int64_t m_stride, std::int64_t n_stride);

  /// x += y (where y is given); inverse[row] = 1 / rms(x); normal = x * inverse;
  /// out = normal * weight.
  void (*norm)(float* x, const T* y, const float* weight, std::int64_t rows, std::int64_t n,
               float epsilon, T* normal, T* out, float* inverse);
  /// out = normal * weight.
  void (*norm_scale)(const T* normal, const float* weight, std::int64_t rows, std::int64_t n,
                     T* out);
  /// dx += the gradient of norm at `dout`; `rounded` (where given) takes the new dx.
  void (*norm_backward)(const T* dout, const T* normal, const float* weight, const float* inverse,
                        std::int64_t rows, std::int64_t n, float* dx, T* rounded);

  /// Rotates neighbouring pairs of `heads` heads in each row; cosines and sines are [position][n]
  /// with both of a pair holding the pair's value, sines negated on the even one. `direction` -1
  /// turns back.
  void (*rotate)(T* x, std::int64_t stride, std::int64_t rows, std::int64_t heads, std::int64_t n,
                 const std::int32_t* positions, const float* cosines, const float* sines,
                 float direction);

  /// The same for pairs (i, i + n/2), n a multiple of 2 kLanes: each half of a row of cosines and
  /// sines holds the pairs' values, none negated.
  void (*rotate_halves)(T* x, std::int64_t stride, std::int64_t rows, std::int64_t heads,
                        std::int64_t n, const std::int32_t* positions, const float* cosines,
                        const float* sines, float direction);

  /// Norm of each of `heads` heads of n: inverse[row * heads + head] = 1 / rms(x), normal =
  /// x * inverse [row][heads * n], x = normal * weight.
  void (*head_norm)(T* x, std::int64_t stride, std::int64_t rows, std::int64_t heads,
                    std::int64_t n, const float* weight, float epsilon, T* normal, float* inverse);
  /// dx from the gradient of what came out, in place.
  void (*head_norm_backward)(T* dx, std::int64_t stride, std::int64_t rows, std::int64_t heads,
                             std::int64_t n, const float* weight, const T* normal,
                             const float* inverse);

  /// y += bias.
  void (*add_columns)(T* y, std::int64_t stride, const float* bias, std::int64_t rows,
                      std::int64_t n);
  /// sums += the sums over rows of a.
  void (*column_sums)(const T* a, std::int64_t stride, std::int64_t rows, std::int64_t n,
                      float* sums);

  /// out = silu(gate) * up over rows [gate | up] of 2n.
  void (*swiglu)(const T* gate_up, std::int64_t rows, std::int64_t n, T* out);
  /// The gradient, and `out` again.
  void (*swiglu_backward)(const T* dout, const T* gate_up, std::int64_t rows, std::int64_t n,
                          T* dgate_up, T* out);

  /// The same with gelu(gate) in its tanh form.
  void (*geglu)(const T* gate_up, std::int64_t rows, std::int64_t n, T* out);
  void (*geglu_backward)(const T* dout, const T* gate_up, std::int64_t rows, std::int64_t n,
                         T* dgate_up, T* out);

  /// -log softmax(logits)[target]; logits are overwritten. Where `dlogits` is given it takes
  /// weight * (softmax - onehot). columns_padded >= columns, a multiple of kLanes.
  float (*cross_entropy)(float* logits, std::int64_t columns, std::int64_t columns_padded,
                         std::int64_t target, float weight, T* dlogits);

  /// Packs keys and values of one kv head: each takes packed_bytes * dimension * length rounded
  /// up to kAttentionBlock.
  void (*attention_pack)(const AttentionShape& shape, AttentionSegment segment,
                         std::int64_t kv_head, const T* qkv, void* keys, void* values);
  /// One block of queries of one head. out: [row][heads * dimension]; log_sums: [row][heads].
  /// scores: kAttentionBlock * padded length floats; weights: as many T.
  void (*attention_forward)(const AttentionShape& shape, AttentionSegment segment,
                            std::int64_t head, std::int64_t block, const T* qkv, const void* keys,
                            const void* values, float* scores, T* weights, T* out, float* log_sums);
  /// Bytes of `scratch` for a segment of at most `length`.
  std::int64_t (*attention_scratch_bytes)(const AttentionShape& shape, std::int64_t length);
  /// One head of one segment: dq into dqkv's rows; dkv: this head's [row][2 * dimension] floats.
  void (*attention_backward)(const AttentionShape& shape, AttentionSegment segment,
                             std::int64_t head, const T* qkv, const T* out, const T* dout,
                             const float* log_sums, void* scratch, T* dqkv, float* dkv);
  /// Sums each kv head's gradients over its group of heads into dqkv. dkv: [head][row_count][2 *
  /// dimension].
  void (*attention_reduce)(const AttentionShape& shape, const float* dkv, std::int64_t row_count,
                           std::int64_t row, std::int64_t rows, T* dqkv);

  /// to = from, rounded.
  void (*round)(const float* from, std::int64_t count, T* to);
  /// to = from.
  void (*widen)(const T* from, std::int64_t count, float* to);
  /// to = scales * from (+ to, with `adds`), rounded once; `scales` [n] may be null: 1.
  void (*combine)(const float* from, std::int64_t from_stride, const float* scales,
                  std::int64_t rows, std::int64_t n, bool adds, T* to, std::int64_t to_stride);
  /// to = scales * from, rounded.
  void (*scale_columns)(const T* from, std::int64_t from_stride, const float* scales,
                        std::int64_t rows, std::int64_t n, T* to, std::int64_t to_stride);
  /// sums += the sums over rows of a * b.
  void (*column_products)(const T* a, std::int64_t a_stride, const T* b, std::int64_t b_stride,
                          std::int64_t rows, std::int64_t n, float* sums);
  /// to = `count` values of whole blocks of a type in model/tensor_types.h, rounded.
  void (*dequantise)(std::uint32_t type, const void* blocks, std::int64_t count, T* to);
};

enum class InstructionSet : std::uint8_t { kGeneric, kAvx2, kAvx512, kAvx512Bf16 };

/// The best this machine runs.
InstructionSet best_instruction_set();

/// Whether this machine runs `set`.
bool runs(InstructionSet set);

/// The kernels for `set`, which the machine must run. T is float or Bf16.
template <class T>
const KernelTable<T>& kernels(InstructionSet set);

}  // namespace residency::train
