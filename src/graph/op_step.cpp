// The optimizer's step, in place of values that outlive it:
//   sum_of_squares: squares[i] = sum of x_i^2 over what this rank counts of input i - all of it, or nothing where another
//                   rank that holds the same part counts it;
//   adamw:          parameter, first and second moment of the next step, from parameter, gradient and moments (Loshchilov &
//                   Hutter, arXiv 1711.05101). The parameter's remainder is a fifth input and a fourth output where it has
//                   one. What parameter and remainder were follows where the step may be taken back, and last a copy of
//                   the parameter where products read one;
//   restore:        y = x, what a step that does not count has replaced.
// They stand only in programs that train, after the layouts are chosen.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

std::vector<Shape> squares_shape(const Graph&, const Node& node) {
  return {Shape{static_cast<std::int64_t>(node.in.size())}};
}
double square_flops(const NodeCall& call) {
  double flops = 0;
  for (const Shape& shape : call.in) flops += 2.0 * static_cast<double>(shape.count());
  return flops;
}
}  // namespace

const OpDefinition sum_of_squares_op = {.types = {"w", "d"}, .shape = squares_shape, .flops = square_flops};
const OpDefinition adamw_op = {.types = {"owooo", "oooooo"}, .flops = per_element<16>};
const OpDefinition restore_op = {.types = {"a", "a"}, .flops = no_flops};

}  // namespace heddle::graph
