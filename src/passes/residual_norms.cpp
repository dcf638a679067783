#include "heddle/passes/residual_norms.hpp"

#include "pairs.hpp"

namespace heddle::passes {

using graph::Node;
using graph::Op;

Program with_residual_norms(Program program) {
  Pairs(program.graph)
      .join(Op::residual, Op::layer_norm, Pairs::Reads::before_all,
            [](Node residual, const Node& norm) -> std::vector<Node> {
              residual.op = Op::residual_norm;
              residual.attributes = graph::ResidualNorm{std::get<graph::Dropout>(residual.attributes),
                                                        std::get<graph::Norm>(norm.attributes)};
              residual.in.insert(residual.in.end(), norm.in.begin() + 1, norm.in.end());
              residual.out.insert(residual.out.end(), norm.out.begin(), norm.out.end());
              return {std::move(residual)};
            });
  return program;
}

}  // namespace heddle::passes
