#include "heddle/passes/parallelize.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "heddle/graph/ops.hpp"

namespace heddle::passes {
namespace {

using graph::Graph;
using graph::Node;
using graph::Role;
using graph::Value;
using graph::ValueId;
using maps::Axis;
using maps::Layout;
using maps::Map;
using maps::Part;

/// The maps that lead from one layout to another. Axes that take the same map take it together, unless it
/// cuts a dim: cuts along several axes are nested, one after another.
std::vector<Map> path(const Layout& from, const Layout& to, const std::string& what) {
  std::vector<Map> steps;
  const auto add = [&](const Map& map) {
    for (Map& step : steps)
      if (step.kind == map.kind && map.dim < 0) {
        step.axes = step.axes | map.axes;
        return;
      }
    steps.push_back(map);
  };
  for (Axis axis : maps::all_axes) {
    if (from[axis] == to[axis]) continue;
    if (const auto direct = maps::conversion(from[axis], to[axis], axis)) {
      add(*direct);
      continue;
    }
    const auto first = maps::conversion(from[axis], maps::whole, axis);
    const auto second = maps::conversion(maps::whole, to[axis], axis);
    if (!first || !second)
      throw Error(ExitCode::failure,
                  fmt::format("no map leads {} from {} to {}", what, name(from), name(to)));
    add(*first);
    add(*second);
  }
  return steps;
}

class Parallelizer {
 public:
  Parallelizer(const Graph& model, const maps::Grid& grid, ResidualStream stream)
      : model_(model), grid_(grid), stream_(stream), renamed_(model.values.size(), -1) {}

  Graph run() {
    out_.blocks = model_.blocks;
    for (std::size_t id = 0; id < model_.values.size(); ++id) {
      const Value& value = model_.values[id];
      if (value.role == Role::activation) continue;
      renamed_[id] = out_.add(value);
      if (value.role != Role::input) continue;
      for (Axis axis : maps::all_axes)
        if (grid_.extent(axis) > 1) out_[renamed_[id]].layout[axis] = maps::input_layout()[axis];
    }
    for (const Node& node : model_.nodes) lay(node);
    for (ValueId id : model_.outputs) out_.outputs.push_back(renamed_[id]);
    return std::move(out_);
  }

 private:
  void lay(const Node& original) {
    Node node = original;
    for (ValueId& id : node.in) id = renamed_[id];
    std::vector<Layout> wanted, made(node.out.size());
    for (ValueId id : node.in) wanted.push_back(out_[id].layout);
    for (Axis axis : maps::all_axes)
      if (!maps::traits(axis).cuts_stages && grid_.extent(axis) > 1)
        lay_along(axis, node, original, wanted, made);
    for (std::size_t i = 0; i < node.in.size(); ++i) node.in[i] = convert(node.in[i], wanted[i], node.block);
    for (std::size_t i = 0; i < node.out.size(); ++i) {
      Value value = model_[original.out[i]];
      value.layout = made[i];
      node.out[i] = renamed_[original.out[i]] = out_.add(value);
    }
    if (node.tail) tail_.insert(node.out.begin(), node.out.end());
    out_.nodes.push_back(node);
  }

  void lay_along(Axis axis, const Node& node, const Node& original, std::vector<Layout>& wanted,
                 std::vector<Layout>& made) const {
    std::vector<Part> parts;
    for (ValueId id : node.in) parts.push_back(out_[id].layout[axis]);
    const graph::AxisLayout rule = definition(node.op).layout(original, model_, parts, choice(axis));
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (rule.in[i]) wanted[i][axis] = *rule.in[i];
    for (std::size_t i = 0; i < made.size(); ++i) made[i][axis] = rule.out[i];
  }

  graph::AxisChoice choice(Axis axis) const {
    const maps::AxisTraits& does = maps::traits(axis);
    const bool rows_split = does.splits_rows || stream_ == ResidualStream::split_rows;
    return {rows_split ? maps::split(0) : maps::whole, does.shards_weights};
  }

  /// The value in the wanted layout; a value that was converted before is used again.
  ValueId convert(ValueId id, const Layout& wanted, graph::BlockId block) {
    if (out_[id].role == Role::parameter) settle(id, wanted);
    for (const Map& map : path(out_[id].layout, wanted, out_[id].name)) id = apply(map, id, block);
    return id;
  }

  ValueId apply(const Map& map, ValueId id, graph::BlockId block) {
    const auto key = std::pair{id, maps::name(map)};
    if (const auto known = converted_.find(key); known != converted_.end()) return known->second;
    const ValueId result = append(out_, graph::Op::map, {id}, out_[id].name, map, block).front();
    if (tail_.contains(id)) {
      out_.nodes.back().tail = true;
      tail_.insert(result);
    }
    Layout layout = out_[id].layout;
    for (Axis axis : maps::all_axes)
      if (map.axes.contains(axis)) layout[axis] = maps::target(map);
    out_[result].layout = layout;
    return converted_[key] = result;
  }

  /// A parameter's home is decided by its first use; maps lead from there to the later ones.
  void settle(ValueId id, const Layout& wanted) {
    Value& parameter = out_[id];
    const bool first = settled_.insert(id).second;
    for (Axis axis : maps::all_axes) {
      if (wanted[axis].kind != Part::Kind::split) continue;
      if (first) parameter.layout[axis] = wanted[axis];
      if (parameter.layout[axis].kind == Part::Kind::split && parameter.layout[axis] != wanted[axis])
        throw Error(ExitCode::failure, fmt::format("parameter {} is wanted {} and {}", parameter.name,
                                                   name(parameter.layout), name(wanted)));
    }
  }

  const Graph& model_;
  const maps::Grid& grid_;
  ResidualStream stream_;
  Graph out_;
  std::vector<ValueId> renamed_;
  std::set<ValueId> settled_;  // parameters whose home is decided
  std::set<ValueId> tail_;     // what nodes of the tail make
  std::map<std::pair<ValueId, std::string>, ValueId> converted_;
};

}  // namespace

Graph parallelize(const Graph& model, const maps::Grid& grid, ResidualStream stream) {
  return Parallelizer(model, grid, stream).run();
}

}  // namespace heddle::passes
