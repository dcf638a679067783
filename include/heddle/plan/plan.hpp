// A run as it is laid out before any process has started: the same on every rank, made once and never
// changed. Engine, trainer, `check`, `simulate` and `bench` all take it from here.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "heddle/maps/blocks.hpp"
#include "heddle/model/count.hpp"
#include "heddle/passes/rematerialize.hpp"
#include "heddle/passes/step_end.hpp"
#include "heddle/plan/options.hpp"
#include "heddle/plan/rank_classes.hpp"
#include "heddle/schedule/buckets.hpp"
#include "heddle/schedule/call_order.hpp"

namespace heddle::plan {

/// What the ranks of one class hold.
struct RankPlan {
  schedule::MemoryPlan memory;
  std::vector<maps::Block> loss_chunks;   ///< see passes/loss_tail.hpp
  std::vector<schedule::Bucket> buckets;  ///< of gradients
};

/// What the ranks do in a step of training, or of evaluation.
struct Execution {
  schedule::Schedule schedule;  ///< with communication, and verified
  int lookahead = 1;  ///< receives posted ahead: what is asked for, or more where the schedule needs it
  int channel_capacity = schedule::default_channel_capacity;
  ById<PipelineRank, passes::Program> programs = {};
  std::optional<schedule::CallOrder> calls = {};  ///< proved to come to their end; none: MPI carries messages
  std::vector<RankPlan> ranks = {};               ///< by class
};

using passes::Tie;

struct RankMemory {
  const schedule::MemoryPlan& training;
  /// Evaluation borrows what training does not need between two steps; this is what it takes if that
  /// is too little.
  std::int64_t evaluation = 0;
  /// What kernels of a GPU work in, beside the arena: base/device_rooms.hpp.
  std::int64_t rooms = 0;

  std::int64_t bytes() const { return training.bytes + evaluation + rooms; }
};

/// How often the costly passes were asked.
struct Effort {
  int differentiations = 0;
  int memory_plans = 0;
};

/// Its coordinate along the pipeline axis.
PipelineRank pipeline_rank_of(const maps::Grid& grid, Rank rank);

struct Plan {
  Options options;
  std::vector<int> cuts;                              ///< first block of every stage but the first
  ById<graph::BlockId, passes::Recompute> recompute;  ///< of every block of the model
  std::vector<Tie> ties;                              ///< in an order that all ranks share
  RankClasses classes;
  Execution training, evaluation;
  model::Count count;
  Effort effort;

  const maps::Grid& grid() const { return options.grid; }
  PipelineRank pipeline_rank(Rank rank) const { return pipeline_rank_of(grid(), rank); }
  const passes::Program& program(PipelineRank pipeline_rank) const {
    return training.programs[pipeline_rank];
  }
  const RankPlan& of(const Execution& execution, Rank rank) const {
    return execution.ranks[classes.class_of(rank)];
  }
  RankMemory memory(Rank rank) const;
  /// The stages of a pipeline rank, ascending.
  std::vector<Stage> stages(PipelineRank pipeline_rank) const;
};

/// Writes a model as for one device: its inputs are `tokens` and `targets`, its output the loss. It is asked
/// with the model of the options, and once more without dropout; the type is that of parameters.
using ModelWriter = std::function<graph::Graph(const deck::Model&, DType)>;
/// The model of the family that the deck names.
graph::Graph family(const deck::Model& model, DType dtype);

/// Throws KeyError where the options cannot be laid out. The cost does not grow with the number of replicas.
Plan make(const Options& options, const ModelWriter& write = family);

/// A model's logits on one rank, forward only and without dropout: for writing text. Its evaluation takes one
/// sample of the model's whole context; there is no training in it.
Plan for_inference(const deck::Model& model, Precision precision);

/// The sets of axes over which the ranks of a plan communicate: those of the maps of all pipeline ranks'
/// programs, those of messages between stages and of agreements within one. The same on every rank.
std::set<maps::AxisSet> axis_sets(const Plan& plan);

/// The rank of a pipeline rank that stands first on every other axis. Of uneven splits it holds
/// the larger part.
Rank first_rank(const maps::Grid& grid, PipelineRank pipeline_rank);

/// The parameters of a pipeline rank that an earlier one holds too.
std::vector<std::string> held_before(const Plan& plan, PipelineRank pipeline_rank);

}  // namespace heddle::plan
