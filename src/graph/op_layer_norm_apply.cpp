// layer_norm_apply: y = (x - mean) * rstd * weight + bias, a layer norm whose statistics are known: how
// backward makes y anew.
#include "op_definitions.hpp"

namespace heddle::graph {

const OpDefinition layer_norm_apply_op = {.types = {"sw", "s"}, .shape = like_first, .flops = per_element<4>};

}  // namespace heddle::graph
