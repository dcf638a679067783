// A model that is no chain: values skip over several stages, and two parameters are used in two
// distant blocks each.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "heddle/deck/deck.hpp"
#include "heddle/graph/graph.hpp"

namespace heddle::tests {

/// Like a U-Net without convolutions: `model.layers` multilayer perceptrons on a residual stream, block i of
/// which adds what block layers + 1 - i made to its input, for i in the second half but for its first block.
/// So of 8 layers block 8 reads block 1, 7 reads 2, 6 reads 3. The embedding is added again in the middle and
/// before the last layer, so that its cotangent has three terms. Tied: the token table (embedding and head)
/// and the weight `mixer` (layers 2 and layers - 1).
class SkipModel {
 public:
  SkipModel(const deck::Model& model, DType dtype) : model_(model), dtype_(dtype) {}

  graph::Graph build() {
    graph_.blocks = {{"embedding", graph::Block::Kind::embedding}};
    for (int i = 1; i <= model_.layers; ++i) graph_.blocks.push_back({fmt::format("layers.{}", i)});
    graph_.blocks.push_back({"head", graph::Block::Kind::head});
    const graph::ValueId tokens = input("tokens");
    const graph::ValueId table = weight("table", {model_.vocabulary, model_.width});
    mixer_ = weight("mixer", {4 * model_.width, model_.width});
    const int layers = model_.layers;
    std::vector<graph::ValueId> made = {drop(node(graph::Op::embedding, {table, tokens}, "embedding"))};
    for (block_ = 1; block_ <= layers; ++block_) {
      graph::ValueId x = made.back();
      if (const int from = layers + 1 - block_; from > 0 && block_ > from + 1) x = add(x, made[from]);
      if (block_ == layers / 2 || block_ == layers) x = add(x, made.front());
      made.push_back(layer(x));
    }
    head(made.back(), table);
    return std::move(graph_);
  }

 private:
  graph::ValueId layer(graph::ValueId x) {
    const std::string prefix = fmt::format("layers.{}.", block_);
    const bool tied = block_ == 2 || block_ == model_.layers - 1;
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

  void head(graph::ValueId x, graph::ValueId table) {
    const graph::ValueId y = norm(x, "norm"), targets = input("targets");
    const std::size_t trunk = graph_.nodes.size();
    const graph::ValueId logits = node(graph::Op::linear, {y, table}, "logits", graph::Linear{});
    const graph::ValueId sum = node(graph::Op::log_sum_exp, {logits}, "loss.log_sum");
    const graph::ValueId log_probability =
        node(graph::Op::log_probability, {logits, sum, targets}, "loss.log_probability");
    graph_.outputs = {node(graph::Op::nll, {log_probability}, "loss")};
    for (std::size_t i = trunk; i < graph_.nodes.size(); ++i) graph_.nodes[i].tail = true;
  }

  graph::ValueId drop(graph::ValueId x) {
    if (model_.dropout == 0) return x;
    return node(graph::Op::dropout, {x}, "embedding.dropout", graph::Dropout{model_.dropout, "embedding"});
  }
  graph::ValueId add(graph::ValueId x, graph::ValueId y) {
    return node(graph::Op::add, {x, y}, fmt::format("layers.{}.joined", block_));
  }
  graph::ValueId norm(graph::ValueId x, const std::string& name) {
    const graph::ValueId weight = parameter(name + ".weight", {model_.width}, {.value = 1.0});
    return node(graph::Op::layer_norm, {x, weight, bias(name + ".bias", {model_.width})}, name,
                graph::Norm{});
  }

  graph::ValueId input(const std::string& name) {
    return graph_.add(
        {.name = name, .role = graph::Role::input, .dtype = DType::i32, .shape = {graph::rows}});
  }
  graph::ValueId parameter(const std::string& name, Shape shape, graph::Initial initial) {
    return graph_.add({.name = name,
                       .role = graph::Role::parameter,
                       .dtype = dtype_,
                       .shape = shape,
                       .initial = initial,
                       .block = block_});
  }
  graph::ValueId weight(const std::string& name, Shape shape) {
    return parameter(name, shape, {graph::Initial::Kind::normal, 0.1, true});
  }
  graph::ValueId bias(const std::string& name, Shape shape) { return parameter(name, shape, {}); }
  graph::ValueId node(graph::Op op, std::vector<graph::ValueId> in, const std::string& name,
                      graph::Attributes attributes = {}) {
    return graph::append(graph_, op, std::move(in), name, std::move(attributes), block_).front();
  }

  const deck::Model& model_;
  DType dtype_;
  graph::Graph graph_;
  graph::ValueId mixer_ = -1;
  int block_ = 0;
};

inline graph::Graph skip_model(const deck::Model& model, DType dtype) {
  return SkipModel(model, dtype).build();
}

}  // namespace heddle::tests
