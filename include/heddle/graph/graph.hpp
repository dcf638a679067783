// A model as a graph: values joined by nodes, in an order in which they can be computed.
// It is written for one device; the passes lay it over a grid by giving values layouts and inserting maps.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "heddle/base/ids.hpp"
#include "heddle/base/precision.hpp"
#include "heddle/graph/extents.hpp"
#include "heddle/graph/op.hpp"
#include "heddle/maps/map.hpp"

namespace heddle::graph {

using ValueId = int;
using NodeId = int;
using BlockId = Id<struct BlockKind>;  ///< in Graph::blocks

enum class Role : std::uint8_t {
  input,       ///< handed in from outside: tokens, targets, what an earlier stage sends
  parameter,   ///< trained
  gradient,    ///< of a parameter, summed over the microbatches of a step
  state,       ///< what the optimizer keeps from step to step beside a parameter
  remainder,   ///< what a parameter, which is bf16, leaves of its fp32 master (base/remainder.hpp)
  copy,        ///< of a parameter, in the type that products read
  replaced,    ///< what a step that may be taken back has replaced, until it counts
  activation,  ///< computed
};

/// What a step writes though it depends on parameters alone.
constexpr bool is_of_parameters(Role role) { return role == Role::parameter || role == Role::copy; }
/// What a run carries from step to step.
constexpr bool is_kept(Role role) {
  return role == Role::parameter || role == Role::state || role == Role::remainder;
}

/// How a parameter starts, and whether weight decay pulls it.
struct Initial {
  enum class Kind : std::uint8_t { constant, normal };
  Kind kind = Kind::constant;
  double value = 0.0;  ///< the constant, or the standard deviation
  bool decay = false;
};

/// A piece of a model that a pipeline is cut between and that recomputation chooses for.
struct Block {
  enum class Kind : std::uint8_t { embedding, layer, head };
  std::string name;  ///< that of what it makes and of its parameters begins with it, in layers
  Kind kind = Kind::layer;
};

struct Value {
  std::string name;
  Role role = Role::activation;
  DType dtype = DType::f32;
  Shape shape;
  maps::Layout layout = {};
  Initial initial = {};  ///< of parameters
  BlockId block{-1};     ///< of parameters: the block that they belong to, whoever else uses them
};

// What a node carries beside its values.
struct Linear {
  int split_out = 0;  ///< the output dim of the weight that an axis splits when it splits the output
  Rounding rounding = Rounding::none;  ///< of the product's factors, and of those of its gradients
};
struct Norm {
  double epsilon = 1e-5;
};
/// Masks are drawn from the key of the node's name, so that every layout draws the same.
struct Dropout {
  double rate = 0.0;
  std::string key;
};
struct ResidualNorm {
  Dropout dropout;
  Norm norm;
};
struct Attention {
  double scale = 1.0;
  Dropout dropout;
};

struct Update {
  bool decays = false;   ///< weight decay pulls the parameter
  bool copies = false;   ///< the last output is the new parameter's copy
  bool keeps = false;    ///< what the parameter was is an output, its remainder too
  std::string key = {};  ///< of the numbers that moments are rounded with where they are bf16
};

struct Conversion {
  DType to = DType::f32;
};

using Attributes = std::variant<std::monostate, Linear, Norm, Dropout, ResidualNorm, Attention, Update,
                                Conversion, maps::Map>;

/// When a node of a training step runs; passes::differentiate decides.
enum class Phase : std::uint8_t {
  prologue,         ///< once a step, before the first microbatch: what depends on parameters alone
  forward,          ///< F
  loss,             ///< the end of F, a few rows at a time: the graph's tail and all of its adjoint
  backward_input,   ///< the part of B that leads to the stage's inputs: I
  backward_weight,  ///< the part of B that leads to gradients: W
  epilogue,  ///< once a step, when the gradients are summed over the microbatches: the prologue's adjoint
  norm,      ///< after it: what clipping must know
  update,    ///< the optimizer's step
  redo,  ///< the same once more from what it replaced, where it was made with another scale than it should
  take_back,  ///< what it replaced stands again
  hand_on,    ///< what one rank has updated for others comes to them
  refresh,    ///< copies of parameters, where these were changed from outside
};

/// Is it run once a step, not once a microbatch?
constexpr bool once_a_step(Phase phase) { return phase == Phase::prologue || phase >= Phase::epilogue; }

struct Node {
  Op op;
  std::vector<ValueId> in;
  std::vector<ValueId> out;
  Attributes attributes = {};
  BlockId block = {};
  Stage stage = {};  ///< the one that computes it, once the graph is cut
  Phase phase = Phase::forward;
  bool recomputed = false;  ///< it makes what forward made once more, see passes/rematerialize.hpp
  /// Of the graph's tail, which goes from some value to the loss and in which every row stands for itself but
  /// for sums over all rows: it may be run a few rows at a time. Nothing outside the tail uses what it makes.
  bool tail = false;
};

/// Of its op, or of its map.
std::string name(const Node& node);

struct Graph {
  /// The model's structure, in the order of its nodes. Every pass hands it on whole, to each share of
  /// a pipeline too.
  ById<BlockId, Block> blocks;
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> outputs;

  ValueId add(Value value) {
    values.push_back(std::move(value));
    return static_cast<ValueId>(values.size()) - 1;
  }
  Value& operator[](ValueId id) { return values[id]; }
  const Value& operator[](ValueId id) const { return values[id]; }
};

/// Adds a node and the values it makes, named `name` (and `name.1`, ... for further outputs) and shaped by
/// the op's rule. Returns what it makes.
std::vector<ValueId> append(Graph& graph, Op op, std::vector<ValueId> in, const std::string& name,
                            Attributes attributes = {}, BlockId block = {});

/// The indices of the blocks of a kind, in their order: the i-th layer is block
/// `blocks_of(graph, Block::Kind::layer)[i]`.
std::vector<BlockId> blocks_of(const Graph& graph, Block::Kind kind);

/// One line a node: `%7 norm1 [rows, 64] fp32 [data split(0)] = layer_norm(%5, %1, %2)`.
std::string text(const Graph& graph);

}  // namespace heddle::graph
