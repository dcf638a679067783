// A model that is no chain: values skip over several stages, and two parameters are used in two
// distant blocks each.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "heddle/deck/deck.hpp"
#include "heddle/graph/builder.hpp"

namespace heddle::tests {

/// Like a U-Net without convolutions: `model.layers` multilayer perceptrons on a residual stream, block i of
/// which adds what block layers + 1 - i made to its input, for i in the second half but for its first block.
/// So of 8 layers block 8 reads block 1, 7 reads 2, 6 reads 3. The embedding is added again in the middle and
/// before the last layer, so that its cotangent has three terms. Tied: the token table (embedding and head)
/// and the weight `mixer` (layers 2 and layers - 1).
class SkipModel : private graph::Builder {
 public:
  SkipModel(const deck::Model& model, DType dtype) : Builder(dtype), model_(model) {}

  graph::Graph build() {
    begin_block(graph::Block::Kind::embedding, "embedding");
    const graph::ValueId tokens = input("tokens");
    const graph::ValueId table = weight("table", {model_.vocabulary, model_.width});
    mixer_ = weight("mixer", {4 * model_.width, model_.width});
    const int layers = model_.layers;
    std::vector<graph::ValueId> made = {drop(node(graph::Op::embedding, {table, tokens}, "embedding"))};
    for (int i = 1; i <= layers; ++i) {
      begin_block(graph::Block::Kind::layer, fmt::format("layers.{}", i));
      graph::ValueId x = made.back();
      if (const int from = layers + 1 - i; from > 0 && i > from + 1) x = add(x, made[from]);
      if (i == layers / 2 || i == layers) x = add(x, made.front());
      made.push_back(layer(x));
    }
    begin_block(graph::Block::Kind::head, "head");
    const graph::ValueId y = norm(made.back(), "norm");
    begin_tail();
    return finish(cross_entropy(node(graph::Op::linear, {y, table}, "logits", graph::Linear{})));
  }

 private:
  graph::ValueId layer(graph::ValueId x) {
    const std::string prefix = fmt::format("layers.{}.", block());
    const bool tied = block() == 2 || block() == model_.layers - 1;
    const graph::ValueId up = tied ? mixer_ : weight(prefix + "up", {4 * model_.width, model_.width});
    const graph::ValueId down = weight(prefix + "down", {model_.width, 4 * model_.width});
    const graph::ValueId wide =
        node(graph::Op::linear, {norm(x, prefix + "norm"), up}, prefix + "wide", graph::Linear{});
    const graph::ValueId bent =
        node(graph::Op::bias_gelu, {wide, bias(prefix + "gelu.bias", {4 * model_.width})}, prefix + "gelu");
    const graph::ValueId branch = node(graph::Op::linear, {bent, down}, prefix + "branch", graph::Linear{});
    return node(graph::Op::residual, {x, branch, bias(prefix + "bias", {model_.width})}, prefix + "out",
                graph::Dropout{model_.dropout, prefix + "dropout"});
  }

  graph::ValueId drop(graph::ValueId x) {
    if (model_.dropout == 0) return x;
    return node(graph::Op::dropout, {x}, "embedding.dropout", graph::Dropout{model_.dropout, "embedding"});
  }
  graph::ValueId add(graph::ValueId x, graph::ValueId y) {
    return node(graph::Op::add, {x, y}, fmt::format("layers.{}.joined", block()));
  }
  graph::ValueId norm(graph::ValueId x, const std::string& name) {
    return Builder::norm(x, model_.width, name, graph::Norm{}.epsilon);
  }
  graph::ValueId weight(const std::string& name, Shape shape) {
    return Builder::weight(name, std::move(shape), 0.1);
  }

  const deck::Model& model_;
  graph::ValueId mixer_ = -1;
};

inline graph::Graph skip_model(const deck::Model& model, DType dtype) {
  return SkipModel(model, dtype).build();
}

}  // namespace heddle::tests
