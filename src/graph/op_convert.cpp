// convert: y = x in another number type, rounded to the nearest: how the weights that products read as bf16 are made of
// their fp32 masters. Rounding is not linear; as is usual, its derivative is taken for 1 (the straight-through estimate,
// Bengio et al., arXiv 1308.3432), so the cotangent of x, which is wide, is that of y.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

AxisLayout layout(const Node&, const Graph&, std::span<const maps::Part> in, const AxisChoice&) {
  return {{in[0]}, {in[0]}};
}

void adjoint(const Node&, AdjointWriter& writer) { writer.pass_on(0, writer.cotangent()); }

}  // namespace

const OpDefinition convert_op = {
    .types = {"a", "c"}, .shape = like_first, .flops = no_flops, .layout = layout, .adjoint = adjoint};

}  // namespace heddle::graph
