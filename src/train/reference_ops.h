// The training step's operations in plain tensor form: what each means, on any device and type.
#pragma once

#include <ATen/ATen.h>
#include <cstdint>
#include <vector>

namespace residency::train::reference {

/// x / rms(x) * weight over the last dimension. Zhang and Sennrich, Root Mean Square Layer
/// Normalization, NeurIPS 2019.
at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, double epsilon);

/// Rotates neighbouring pairs of x [rows, heads, n]; cosines and sines are [rows, n / 2].
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines);

/// The same for pairs (i, i + n/2).
at::Tensor rotate_halves(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines);

/// silu(gate) * up.
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);
/// gelu(gate) * up, GELU in its tanh form. Shazeer, GLU Variants Improve Transformer, 2020.
at::Tensor geglu(const at::Tensor& gate, const at::Tensor& up);

/// cap * tanh(x / cap); x itself where cap is 0.
at::Tensor softcap(const at::Tensor& x, double cap);

struct AttentionForm {
  double scale = 0;         // of the scores; 0: 1 / sqrt(n)
  double softcap = 0;       // of the scaled scores; 0: none
  std::int64_t window = 0;  // tokens looked back at, itself among them; 0: all
  bool causal = true;       // false: a row sees what follows it, too
};

/// Attention within segments. q [rows, heads, n]; k and v [rows, kv_heads, n]; the result
/// is [rows, heads * n].
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const std::vector<std::size_t>& segment_starts,
                     const AttentionForm& form = {});

/// x weight^T + scale (x a^T) b^T; a and b may be undefined.
at::Tensor adapted_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& a,
                          const at::Tensor& b, double scale);

/// DoRA's factor of each output: magnitude / |row of (weight + scale b a)|, the length taken as a
/// constant in backward (Liu et al. 2024, section 4.3). 1 where the row is zero.
at::Tensor row_stretch(const at::Tensor& weight, const at::Tensor& a, const at::Tensor& b,
                       double scale, const at::Tensor& magnitude);

/// For each row -log softmax(logits)[target].
at::Tensor cross_entropies(const at::Tensor& logits, const at::Tensor& targets);
/// Their sum.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& targets);

}  // namespace residency::train::reference
