// Writes a model down as for one device, block after block.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "heddle/graph/graph.hpp"

namespace heddle::graph {

/// What a model family is written with: each call adds to the block begun last.
class Builder {
 public:
  /// `dtype` is that of the parameters.
  explicit Builder(DType dtype) : dtype_(dtype) {}

  void begin_block(Block::Kind kind, const std::string& name);
  /// The nodes from here on may run a few rows at a time (Node::tail).
  void begin_tail() { tail_ = true; }

  ValueId input(const std::string& name);  ///< int32 [rows]
  ValueId parameter(const std::string& name, const Shape& shape, Initial initial);
  ValueId weight(const std::string& name, const Shape& shape, double std);  ///< normal, mean 0
  ValueId bias(const std::string& name, const Shape& shape);                ///< zeros
  ValueId node(Op op, std::vector<ValueId> in, const std::string& name, Attributes attributes = {});

  /// Layer norm of [rows, width] with the parameters `name.weight`, ones, and `name.bias`.
  ValueId norm(ValueId x, std::int64_t width, const std::string& name, double epsilon);
  /// The mean over the rows of a step, of logits [rows, vocabulary] and the input `targets`; a scalar.
  ValueId cross_entropy(ValueId logits);

  BlockId block() const { return BlockId(static_cast<int>(graph_.blocks.size()) - 1); }
  /// Hands over the graph, which ends in `output`.
  Graph finish(ValueId output);

 private:
  DType dtype_;
  Graph graph_;
  bool tail_ = false;
};

}  // namespace heddle::graph
