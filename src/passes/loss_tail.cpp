#include "heddle/passes/loss_tail.hpp"

#include <algorithm>

#include "heddle/maps/local.hpp"

namespace heddle::passes {
namespace {

using graph::ValueId;

/// Calls f(value) for whatever nodes of Phase::loss read or write by rows.
template <class F>
void for_each_row_value(const Program& program, F&& f) {
  for (const graph::Node& node : program.graph.nodes) {
    if (node.phase != Phase::loss) continue;
    for (const auto* ids : {&node.in, &node.out})
      for (ValueId id : *ids)
        if (graph::has_rows(program.graph[id].shape)) f(id);
  }
}

}  // namespace

std::vector<bool> inside_loss(const Program& program) {
  std::vector<bool> made(program.graph.values.size(), false), inside(made);
  for (const graph::Node& node : program.graph.nodes)
    if (node.phase == Phase::loss)
      for (ValueId id : node.out) made[id] = true;
  for_each_row_value(program, [&](ValueId id) { inside[id] = made[id]; });
  for (const graph::Node& node : program.graph.nodes)
    if (node.phase != Phase::loss)
      for (ValueId id : node.in) inside[id] = false;
  for (ValueId id : program.graph.outputs) inside[id] = false;
  for (const Border& border : program.borders)
    for (const auto* ids : {&border.sent, &border.sent_cotangents})
      for (ValueId id : *ids) inside[id] = false;
  return inside;
}

std::vector<maps::Block> loss_chunks(const Program& program, const maps::Grid& grid, Rank rank,
                                     const graph::Extents& extents) {
  std::int64_t held = -1;
  for_each_row_value(program, [&](ValueId id) {
    const graph::Value& value = program.graph[id];
    for (const maps::Axis axis : maps::all_axes)
      HEDDLE_EXPECT(!maps::traits(axis).shards_weights || value.layout[axis] != maps::split(0));
    const Shape here = maps::local_shape(graph::resolve(value.shape, extents), value.layout, grid, rank);
    HEDDLE_EXPECT(held < 0 || held == here[0]);
    held = here[0];
  });
  if (held < 0) return {};
  const std::int64_t most = program.loss_rows > 0 ? program.loss_rows : std::max<std::int64_t>(held, 1);
  const std::int64_t count = std::max<std::int64_t>((held + most - 1) / most, 1);
  return maps::balanced_blocks(held, static_cast<int>(count));
}

}  // namespace heddle::passes
