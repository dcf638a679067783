// What a device's library of products does to a result before it writes it, its epilogue: it adds a bias, and multiplies by the slope of
// gelu. Both only where numbers are bf16; what is fp32 or fp64 stays as it is on a host.
//
// Forward, a bias goes from gelu into the product before it,
//   h = linear(x, w); a = bias_gelu(h, b)      becomes   h = linear(x, w, b); a = bias_gelu(h)
// so that h is what gelu's slope is taken at, and backward becomes one product:
//   d = linear_input_gradient(dy, v); dh = bias_gelu_gradient(d, h)      becomes   dh = linear_gelu_gradient(dy, v, h)
// Gelu itself stays a kernel: in an epilogue it would be taken of a sum that is not rounded yet, and what is recomputed of the
// rounded one would have other bits.
#pragma once

#include "heddle/passes/differentiate.hpp"

namespace heddle::passes {

/// Of a graph with types. A bias moves where nobody else reads what the product makes.
graph::Graph with_biases_in_products(graph::Graph graph);

/// Of a program in which nothing will be recomputed any more; for gelu without a bias.
Program with_gelu_slopes_in_products(Program program);

}  // namespace heddle::passes
