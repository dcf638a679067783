// A rank's share of a small GPT, on every grid of as many ranks as there are.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "heddle/exec/program_runner.hpp"
#include "heddle/passes/loss_tail.hpp"
#include "heddle/passes/parallelize.hpp"
#include "heddle/passes/step_end.hpp"
#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/one_f_one_b.hpp"
#include "heddle/train/parameters.hpp"
#include "support/axis_sets.hpp"
#include "support/lane.hpp"
#include "support/models.hpp"
#include "support/mpi_world.hpp"

namespace heddle::train {

using maps::Axis;

inline graph::Graph gpt() { return model::build(tests::small_model(), model::Head::loss, DType::f64); }

class Share {
 public:
  Share(const maps::Grid& shape, passes::ResidualStream stream)
      : grid(tests::world(), shape, tests::axis_sets()), pipeline_rank(grid.coordinates()[Axis::pipeline]) {
    const graph::Graph graph = passes::parallelize(gpt(), shape, stream);
    const int count = shape.extent(Axis::pipeline);
    const auto extents = graph::Extents::microbatch(4, 16);
    const auto shares = passes::partition(graph, passes::balanced_cuts(graph, count, extents));
    for (const passes::Share& s : shares)
      names_of_rank.push_back(tests::names(s.graph, tests::parameters(s.graph)));
    for (const PipelineRank before : first<PipelineRank>(pipeline_rank))
      held_before.insert(held_before.end(), names_of_rank[before].begin(), names_of_rank[before].end());
    const std::vector<passes::Tie> ties = find_ties();
    for (const passes::Tie& tie : ties)
      grid.make_group(Axis::pipeline, {tie.holders.begin(), tie.holders.end()});
    program = passes::with_step_end(passes::differentiate(shares[pipeline_rank]),
                                    {.ties = ties, .pipeline_rank = pipeline_rank});
    const auto schedule = schedule::finish_step(schedule::add_communication(schedule::one_f_one_b(count, 2)));
    arena.emplace(schedule::plan_memory({.program = program,
                                         .grid = shape,
                                         .rank = grid.rank(),
                                         .extents = extents,
                                         .row = schedule.rows[pipeline_rank],
                                         .microbatches = 2}),
                  exec::Packing::arena, tests::lane());
    runner.emplace(program, grid, *arena, extents, passes::loss_chunks(program, shape, grid.rank(), extents),
                   tests::lane());
    parameters = trained_parameters(program, *arena, grid, held_before);
  }

  /// The sums of tied gradients alone: no other one is added up over ranks.
  void sum_ties() {
    std::vector<bool> skip;
    for (const graph::Node& node : program.graph.nodes) {
      const auto* map = std::get_if<maps::Map>(&node.attributes);
      skip.push_back(!map || map->among.empty());
    }
    runner->finish_step({}, skip);
  }

  bool holds(PipelineRank other, const std::string& name) const {
    return std::ranges::count(names_of_rank[other], name) > 0;
  }

  comm::CartesianGrid grid;
  PipelineRank pipeline_rank;
  ById<PipelineRank, std::vector<std::string>> names_of_rank;  ///< the parameters of every pipeline rank
  std::vector<std::string> held_before;
  passes::Program program;
  std::optional<exec::Arena> arena;
  std::optional<exec::ProgramRunner> runner;
  std::vector<TrainedParameter> parameters;

 private:
  std::vector<passes::Tie> find_ties() const {
    std::vector<passes::Tie> ties;
    for (const std::string& name : names_of_rank.front()) {
      passes::Tie tie{name, {}};
      for (const PipelineRank other : names_of_rank.ids())
        if (holds(other, name)) tie.holders.push_back(other);
      if (tie.holders.size() > 1) ties.push_back(tie);
    }
    return ties;
  }
};

template <class F>
void for_each_share(F&& f) {
  const int ranks = tests::world().size();
  for (int tensor = 1; tensor <= 4; tensor *= 2)
    for (int pipeline = 1; pipeline <= 4; ++pipeline)
      for (auto stream : {passes::ResidualStream::whole, passes::ResidualStream::split_rows}) {
        if (ranks % (tensor * pipeline) != 0) continue;
        const maps::Grid shape({ranks / (tensor * pipeline), pipeline, tensor});
        SCOPED_TRACE(name(shape));
        Share share(shape, stream);
        f(share);
      }
}

/// f(i, global flat index) for every element i that the rank holds of a parameter.
template <class F>
void for_each_element(const Parameter& p, F&& f) {
  std::size_t i = 0;
  maps::for_each_run(maps::Box(p.global), p.box, [&](std::int64_t offset, std::int64_t length) {
    for (std::int64_t k = 0; k < length; ++k) f(i++, static_cast<std::uint64_t>(offset + k));
  });
}

inline std::vector<double> to_host(const Tensor& tensor) {
  std::vector<double> values(static_cast<std::size_t>(tensor.count()));
  tests::lane().copy_to_host(tensor, std::as_writable_bytes(std::span(values)));
  return values;
}

/// Fills a tensor of the parameter's shape with f(global flat index).
template <class F>
void fill(const Parameter& p, const Tensor& tensor, F&& f) {
  std::vector<double> values(static_cast<std::size_t>(tensor.count()));
  for_each_element(p, [&](std::size_t i, std::uint64_t index) { values[i] = f(index); });
  tests::lane().copy_from_host(std::as_bytes(std::span(values)), tensor);
}

}  // namespace heddle::train
