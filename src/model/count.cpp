#include "heddle/model/count.hpp"

#include <fmt/format.h>

namespace heddle::model {

Count count(const deck::Model& model, std::int64_t batch, std::int64_t sequence, const graph::Graph& graph) {
  Count count;
  for (const graph::Value& value : graph.values) {
    if (value.role != graph::Role::parameter) continue;
    count.parameters += value.shape.count();
    HEDDLE_EXPECT(value.block >= 0);
    if (graph.blocks[value.block].kind == graph::Block::Kind::embedding)
      count.embedding_parameters += value.shape.count();
  }
  const double n = static_cast<double>(count.parameters), layers = static_cast<double>(model.layers);
  const double length = static_cast<double>(sequence), width = static_cast<double>(model.width);
  const double tokens = static_cast<double>(batch) * length;
  count.flops_per_step = tokens * (6 * n + 6 * layers * length * width);
  count.formula = fmt::format(
      "{:.0f} tokens x (6 x {:.0f} parameters + 6 x {:.0f} layers x {:.0f} tokens x {:.0f} width)", tokens, n,
      layers, length, width);
  return count;
}

}  // namespace heddle::model
