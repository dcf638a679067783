#include "heddle/train/parameters.hpp"

#include <algorithm>

#include "heddle/base/random.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/kernels/fill_normal.hpp"
#include "heddle/maps/local.hpp"

namespace heddle::train {
namespace {

using maps::Axis;
using schedule::FixedPool;

/// A whole tensor belongs to the first of the ranks that hold it; a split one to each its part.
bool owns(const maps::Layout& layout, const comm::CartesianGrid& grid) {
  return std::ranges::all_of(maps::all_axes, [&](Axis axis) {
    return axis == Axis::pipeline || layout[axis] != maps::whole || grid.coordinates()[axis] == 0;
  });
}

Parameter parameter(graph::ValueId id, const passes::Program& program, const exec::Arena& arena,
                    const comm::CartesianGrid& grid, const std::vector<std::string>& held_before) {
  const graph::Value& value = program.graph[id];
  return {.name = value.name,
          .global = value.shape,
          .box = maps::local_box(value.shape, value.layout, grid.shape(), grid.rank()),
          .initial = value.initial,
          .value = id,
          .tensor = arena.tensor(id, value.dtype),
          .owner = owns(value.layout, grid) && !std::ranges::count(held_before, value.name)};
}

/// What belongs to a stepped parameter in a slot.
Tensor beside(const Parameter& parameter, const exec::Arena& arena, FixedPool where, int slot) {
  const Tensor pool = arena.whole(where, parameter.tensor.dtype, slot);
  return {static_cast<std::byte*>(pool.data) + arena.plan().state_offsets[parameter.value],
          parameter.tensor.dtype, parameter.tensor.shape};
}

}  // namespace

std::vector<Parameter> parameters(const passes::Program& program, const exec::Arena& arena,
                                  const comm::CartesianGrid& grid,
                                  const std::vector<std::string>& held_before) {
  std::vector<Parameter> all;
  for (std::size_t id = 0; id < program.graph.values.size(); ++id)
    if (program.graph.values[id].role == graph::Role::parameter)
      all.push_back(parameter(static_cast<graph::ValueId>(id), program, arena, grid, held_before));
  return all;
}

std::vector<TrainedParameter> trained_parameters(const passes::Program& program, const exec::Arena& arena,
                                                 const comm::CartesianGrid& grid,
                                                 const std::vector<std::string>& held_before) {
  std::vector<TrainedParameter> all;
  for (const passes::Trained& trained : program.trained) {
    TrainedParameter p{parameter(trained.parameter, program, arena, grid, held_before), {}, {}, {}, {}};
    p.gradient = arena.tensor(trained.gradient, p.tensor.dtype);
    if (trained.stepped) {
      p.first_moment = beside(p, arena, FixedPool::moments, 0);
      p.second_moment = beside(p, arena, FixedPool::moments, 1);
    }
    if (trained.stepped && arena.plan()[FixedPool::undo].bytes() > 0)
      p.undo = {beside(p, arena, FixedPool::undo, 0), beside(p, arena, FixedPool::undo, 1),
                beside(p, arena, FixedPool::undo, 2)};
    all.push_back(p);
  }
  return all;
}

void initialise(const Parameter& parameter, std::uint64_t seed) {
  const kernels::Lane lane;
  if (parameter.initial.kind == graph::Initial::Kind::constant)
    return kernels::fill(lane, parameter.tensor, parameter.initial.value);
  kernels::Box box{parameter.global, {}};
  for (const maps::Block& block : parameter.box) box.begin.push_back(block.begin);
  kernels::fill_normal(lane, parameter.tensor, random_key(parameter.name, seed), parameter.initial.value,
                       box);
}

}  // namespace heddle::train
