// The operator table: number types, shape rule, cost, layout rule and adjoint of every op. Kernel and reference stand in
// kernels/ and are bound in exec/; a test demands that no op lacks one of its seven parts.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "heddle/base/cost.hpp"
#include "heddle/graph/graph.hpp"

namespace heddle::graph {

/// What kinds of numbers an op reads and writes, a letter a value; the last input's counts for all further ones.
///   s  of the type that streams through the model
///   w  wide: of the type that it is computed and summed in, which is s but where s is bf16
///   a  of any type, all of them of one
///   o  of its own type: what is stepped is stored as the plan says
///   c  as the node's Conversion says
///   d  fp64
///   i  int32
struct NumberTypes {
  std::string_view in, out;

  char of_input(std::size_t index) const { return in[std::min(index, in.size() - 1)]; }
};

/// The layouts of a node along one axis: what it needs of its inputs and what it makes. One rule
/// serves every axis.
struct AxisLayout {
  std::vector<std::optional<maps::Part>> in;  ///< no value: any part will do (integers, constants)
  std::vector<maps::Part> out;
};

/// What a layout rule knows of the axis it is asked about.
struct AxisChoice {
  maps::Part stream;    ///< how the residual stream lies along it: whole, or split(0) over the rows
  bool shards_weights;  ///< as in heddle::AxisTraits
};

/// Where the adjoint of a node is written: emitted nodes follow in the backward program.
class AdjointWriter {
 public:
  virtual ~AdjointWriter() = default;
  /// The cotangent of the node's first output. The loss is where differentiation starts; its cotangent is the
  /// number 1, which is not a value: the loss op does not ask for it.
  virtual ValueId cotangent() = 0;
  /// Emits a node that makes the cotangent of input `input` of the differentiated node; several
  /// contributions are added.
  virtual void contribute(int input, Op op, std::vector<ValueId> in, Attributes attributes = {}) = 0;
  /// The cotangent of input `input` is the given value itself.
  virtual void pass_on(int input, ValueId cotangent) = 0;
  /// Emits a node that adds to the gradients of the parameters at `inputs`.
  virtual void accumulate(std::vector<int> inputs, Op op, std::vector<ValueId> in,
                          Attributes attributes = {}) = 0;
  /// Emits a node with one output of its own that further contributions may use.
  virtual ValueId emit(Op op, std::vector<ValueId> in, Attributes attributes = {}) = 0;
};

/// One call of a node, as its cost sees it: the shapes of its inputs and outputs, local or global, and what
/// no shape tells, such as how long a sample is.
struct NodeCall {
  const Graph& graph;
  const Node& node;
  std::span<const Shape> in, out;
  const Extents& extents;
};

struct OpDefinition {
  NumberTypes types;
  /// Of the outputs. Null for ops that write into values which are there: gradients, parameters.
  std::vector<Shape> (*shape)(const Graph&, const Node&) = nullptr;
  double (*flops)(const NodeCall&) = nullptr;
  /// Null for ops that stand only in backward programs: they are written after the layout is chosen.
  AxisLayout (*layout)(const Node&, const Graph&, std::span<const maps::Part> in,
                       const AxisChoice&) = nullptr;
  /// Null for ops that are not differentiated (those of backward programs; log_sum_exp, which
  /// log_probability's gradient goes through).
  void (*adjoint)(const Node&, AdjointWriter&) = nullptr;
  /// The kernel allows its first output to be its first input.
  bool in_place = false;
  /// Bytes read and written, for ops that do not touch all of each value; null: each value once.
  double (*bytes)(const NodeCall&) = nullptr;
  /// The node that makes the first output once more, from inputs and outputs of the given one; `out` is left
  /// to the caller. Null for ops that cost more than the memory of what they make is worth.
  Node (*recompute)(const Node&) = nullptr;
};

const OpDefinition& definition(Op op);

/// The number types of a node's outputs, given those of its inputs.
std::vector<DType> output_types(const Graph& graph, const Node& node);
/// Throws Error where a node of the graph reads or writes a type that its op does not.
void check_types(const Graph& graph);

Cost cost(const NodeCall& call);
/// Of a call with global shapes.
Cost cost(const Graph& graph, const Node& node, const Extents& extents);

}  // namespace heddle::graph
