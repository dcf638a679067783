// A residual connection and the layer norm of what it makes, in one pass over memory:
//   y = residual(x, branch, b); n, mean, rstd = layer_norm(y, w, c)   becomes   y, n, mean, rstd = residual_norm(x, branch, b, w, c)
// to the same bits, whatever the numbers' type. Both results stay, since y is the trunk of the next residual connection.
#pragma once

#include "heddle/passes/differentiate.hpp"

namespace heddle::passes {

/// Of a program in which nothing will be differentiated or recomputed any more, where both run at one time and nobody reads y in
/// between: not where a cut of the pipeline, a map or the loss's tail lies between the two.
Program with_residual_norms(Program program);

}  // namespace heddle::passes
