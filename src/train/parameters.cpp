#include "heddle/train/parameters.hpp"

#include <algorithm>

#include "heddle/base/random.hpp"
#include "heddle/kernels/adamw.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/kernels/fill_normal.hpp"
#include "heddle/maps/local.hpp"

namespace heddle::train {

namespace {

Parameter parameter(graph::ValueId id, const passes::Program& program, const exec::Arena& arena,
                    const comm::CartesianGrid& grid, const std::vector<std::string>& held_before) {
  const graph::Value& value = program.graph[id];
  return {.name = value.name,
          .global = value.shape,
          .box = maps::local_box(value.shape, value.layout, grid.shape(), grid.rank()),
          .initial = value.initial,
          .value = id,
          .tensor = arena.tensor(id, value.dtype),
          .owner = maps::owns(value.layout, grid.shape(), grid.rank()) &&
                   !std::ranges::count(held_before, value.name)};
}

void fill(const Parameter& parameter, const Tensor& tensor, std::uint64_t seed, const lanes::Lane& lane) {
  if (parameter.initial.kind == graph::Initial::Kind::constant)
    return kernels::fill(lane, tensor, parameter.initial.value);
  kernels::fill_normal(lane, tensor, random_key(parameter.name, seed), parameter.initial.value,
                       {parameter.global, parameter.box.origin()});
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
  const auto tensor = [&](graph::ValueId id) {
    return id < 0 ? Tensor{} : arena.tensor(id, program.graph[id].dtype);
  };
  for (const passes::Trained& trained : program.trained)
    all.push_back({parameter(trained.parameter, program, arena, grid, held_before), tensor(trained.gradient),
                   tensor(trained.moments.first), tensor(trained.moments.second), tensor(trained.remainder)});
  return all;
}

void initialise(const TrainedParameter& parameter, std::uint64_t seed, const lanes::Lane& lane) {
  if (!parameter.remainder.data) return fill(parameter, parameter.tensor, seed, lane);
  fill(parameter, parameter.gradient, seed, lane);
  kernels::split(lane, parameter.gradient,
                 {parameter.tensor, parameter.first_moment, parameter.second_moment, parameter.remainder});
}

}  // namespace heddle::train
