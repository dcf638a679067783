#include "heddle/plan/state.hpp"

#include <map>

#include "heddle/base/random.hpp"
#include "heddle/maps/local.hpp"

namespace heddle::plan {
namespace {

/// Of the pipeline ranks that hold a value the first owns it.
class Collector {
 public:
  explicit Collector(const Plan& plan) : plan_(plan) {}

  std::vector<StateValue> run() {
    for (const PipelineRank pipeline_rank : plan_.training.programs.ids())
      for (const graph::Value& value : plan_.program(pipeline_rank).graph.values)
        if (graph::is_kept(value.role)) add(value, pipeline_rank);
    return std::move(all_);
  }

 private:
  void add(const graph::Value& value, PipelineRank pipeline_rank) {
    const maps::Grid& grid = plan_.grid();
    const auto [known, first] = index_.try_emplace(value.name, all_.size());
    if (first) {
      const std::vector<maps::Box> none(grid.size(), maps::Box::nothing(value.shape.rank()));
      all_.push_back({value.name, value.shape, value.dtype, none, none});
    }
    StateValue& state = all_[known->second];
    for (int rank = 0; rank < grid.size(); ++rank) {
      if (plan_.pipeline_rank(rank) != pipeline_rank) continue;
      state.held[rank] = maps::local_box(value.shape, value.layout, grid, rank);
      if (first && maps::owns(value.layout, grid, rank)) state.owned[rank] = state.held[rank];
    }
  }

  const Plan& plan_;
  std::vector<StateValue> all_;
  std::map<std::string, std::size_t> index_;
};

}  // namespace

std::vector<StateValue> state(const Plan& plan) { return Collector(plan).run(); }

std::uint64_t fingerprint(const Plan& plan) {
  std::map<std::string, Shape> parameters;
  for (const PipelineRank pipeline_rank : plan.training.programs.ids())
    for (const graph::Value& value : plan.program(pipeline_rank).graph.values)
      if (value.role == graph::Role::parameter) parameters.emplace(value.name, value.shape);
  std::uint64_t folded = 0;
  for (const auto& [name, shape] : parameters) {
    folded = random_key(name, folded);
    for (const std::int64_t extent : shape) folded = random_key(std::to_string(extent), folded);
  }
  return folded;
}

}  // namespace heddle::plan
