#include "heddle/model/count.hpp"

#include <fmt/format.h>

namespace heddle::model {

Count count(const deck::Deck& deck, const graph::Graph& graph) {
  Count count;
  for (const graph::Value& value : graph.values) {
    if (value.role != graph::Role::parameter) continue;
    count.parameters += value.shape.count();
    if (value.name.starts_with("embedding.")) count.embedding_parameters += value.shape.count();
  }
  const double n = static_cast<double>(count.parameters), layers = static_cast<double>(deck.model.layers);
  const double sequence = static_cast<double>(deck.train.sequence),
               width = static_cast<double>(deck.model.width);
  const double tokens = static_cast<double>(deck.train.batch) * sequence;
  count.flops_per_step = tokens * (6 * n + 6 * layers * sequence * width);
  count.formula = fmt::format(
      "{:.0f} tokens x (6 x {:.0f} parameters + 6 x {:.0f} layers x {:.0f} tokens x {:.0f} width)", tokens, n,
      layers, sequence, width);
  return count;
}

}  // namespace heddle::model
