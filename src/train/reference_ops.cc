#include "train/reference_ops.h"

#include <cmath>

namespace residency::train::reference {

at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  return x * (x.square().mean(-1, true) + epsilon).rsqrt() * weight;
}

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines) {
  const at::Tensor pairs = x.unflatten(-1, {x.size(-1) / 2, 2});
  const at::Tensor even = pairs.select(-1, 0);
  const at::Tensor odd = pairs.select(-1, 1);
  const at::Tensor c = cosines.unsqueeze(1);
  const at::Tensor s = sines.unsqueeze(1);
  return at::stack({even * c - odd * s, odd * c + even * s}, -1).flatten(-2);
}

at::Tensor rotate_halves(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines) {
  const std::int64_t half = x.size(-1) / 2;
  const at::Tensor low = x.narrow(-1, 0, half);
  const at::Tensor high = x.narrow(-1, half, half);
  const at::Tensor c = cosines.unsqueeze(1);
  const at::Tensor s = sines.unsqueeze(1);
  return at::cat({low * c - high * s, high * c + low * s}, -1);
}

at::Tensor row_stretch(const at::Tensor& weight, const at::Tensor& a, const at::Tensor& b,
                       double scale, const at::Tensor& magnitude) {
  const auto wide = [](const at::Tensor& t) {
    return t.scalar_type() == at::kDouble ? t.detach() : t.detach().to(at::kFloat);
  };
  const at::Tensor sum = wide(weight) + at::matmul(wide(b), wide(a)) * scale;
  const at::Tensor lengths = sum.square().sum(1).sqrt();
  const at::Tensor stretch = magnitude / lengths.clamp_min(1e-30).to(magnitude.scalar_type());
  return at::where(lengths.gt(0), stretch, at::ones_like(stretch));
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) { return at::silu(gate) * up; }

at::Tensor geglu(const at::Tensor& gate, const at::Tensor& up) {
  return at::gelu(gate, "tanh") * up;
}

at::Tensor softcap(const at::Tensor& x, double cap) {
  return cap > 0 ? at::tanh(x / cap) * cap : x;
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const std::vector<std::size_t>& segment_starts, const AttentionForm& form) {
  const std::int64_t group = q.size(1) / k.size(1);
  const double scale =
      form.scale > 0 ? form.scale : 1.0 / std::sqrt(static_cast<double>(q.size(2)));
  std::vector<at::Tensor> parts;
  for (std::size_t i = 0; i + 1 < segment_starts.size(); ++i) {
    const auto begin = static_cast<std::int64_t>(segment_starts[i]);
    const auto length = static_cast<std::int64_t>(segment_starts[i + 1]) - begin;
    const auto rows = [&](const at::Tensor& t, std::int64_t repeats) {
      return t.narrow(0, begin, length).repeat_interleave(repeats, 1).transpose(0, 1);
    };
    const at::Tensor all =
        at::ones({length, length}, at::TensorOptions().dtype(at::kBool).device(q.device()));
    at::Tensor hidden = form.causal ? all.triu(1) : all.logical_not();
    if (form.window > 0) hidden = hidden.logical_or(all.tril(-form.window));
    const at::Tensor scores =
        softcap(at::matmul(rows(q, 1), rows(k, group).transpose(1, 2)) * scale, form.softcap);
    const at::Tensor weights = scores.masked_fill(hidden, -INFINITY).softmax(-1);
    parts.push_back(at::matmul(weights, rows(v, group)).transpose(0, 1).flatten(1));
  }
  return at::cat(parts, 0);
}

at::Tensor adapted_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& a,
                          const at::Tensor& b, double scale) {
  const at::Tensor base = at::matmul(x, weight.t());
  if (!a.defined()) return base;
  return base + at::matmul(at::matmul(x, a.t()), b.t()) * scale;
}

at::Tensor cross_entropies(const at::Tensor& logits, const at::Tensor& targets) {
  return -logits.log_softmax(-1).gather(1, targets.unsqueeze(1)).squeeze(1);
}

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& targets) {
  return cross_entropies(logits, targets).sum();
}

}  // namespace residency::train::reference
