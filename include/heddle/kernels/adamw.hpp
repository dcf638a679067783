// AdamW: Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101), as
// torch.optim.AdamW does it.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/box.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

struct AdamWStep {
  double rate;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  double gradient_scale = 1;    ///< times the gradient before anything else: clipping
  double bias_correction1 = 1;  ///< 1 - beta1^t of step t = 1, 2, ...
  double bias_correction2 = 1;  ///< 1 - beta2^t
};

/// One pass over four tensors of one shape, fp32 or fp64: reads the gradient, updates the moments m and v
/// and the parameter.
void adamw(const lanes::Lane& lane, const Tensor& parameter, const Tensor& gradient, const Tensor& m,
           const Tensor& v, const AdamWStep& step);

/// A parameter and its moments: of the gradient's type, or where that is fp32 each also bf16. With a remainder (int16) the
/// parameter is fp32 bit by bit: bf16 is what products read of it, the rest stands in the remainder and in the sign of v
/// (base/remainder.hpp).
struct AdamWState {
  Tensor parameter, m, v, remainder = {};
};

/// What a step replaces of a parameter; no data: nobody asks.
struct Kept {
  Tensor parameter = {}, remainder = {};
};

/// What of them is bf16, but for a parameter with a remainder, is rounded with: random numbers that belong to the element's place in the whole tensor, so
/// that every layout rounds alike. A nearest bf16 would stand still: a step changes a moment by less than half of the
/// distance to the next.
struct Dither {
  std::uint64_t key = 0, stream = 0;
  Box box = {};
};

/// The same bits, into other memory: reads `from` and writes `to`, tensor by tensor another one or the same.
/// What the parameter was goes to `kept`, and what it becomes, rounded to the nearest bf16, to `rounded`, which may have
/// no data.
void adamw(const lanes::Lane& lane, const AdamWState& from, const Tensor& gradient, const AdamWState& to,
           const Kept& kept, const Tensor& rounded, const AdamWStep& step, const Dither& dither = {});

/// A parameter's first value, which is fp32, as a state with a remainder has it. v becomes zero; m stays as it is.
void split(const lanes::Lane& lane, const Tensor& whole, const AdamWState& to);

}  // namespace heddle::kernels
