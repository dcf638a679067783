// A run as the passes lay it out, before any process has started: the same on every rank, and all that `check` needs.
#pragma once

#include <functional>
#include <vector>

#include "heddle/deck/deck.hpp"
#include "heddle/maps/grid.hpp"
#include "heddle/model/build.hpp"
#include "heddle/passes/partition.hpp"
#include "heddle/passes/rematerialize.hpp"
#include "heddle/schedule/memory_plan.hpp"

namespace heddle::plan {

struct Plan {
  maps::Grid grid;
  std::int64_t rows = 0;       ///< of one microbatch over the whole data axis
  std::int64_t loss_rows = 0;  ///< of a rank, see passes::Program
  deck::Tied tied = deck::Tied::replicate;
  schedule::Update update = schedule::Update::final;
  std::vector<int> cuts = {};                         ///< first block of every stage but the first
  std::vector<passes::Share> shares = {};             ///< one a pipeline rank
  std::vector<passes::Share> evaluation_shares = {};  ///< the same without dropout
  std::vector<passes::Recompute> recompute = {};      ///< of every block of the model
  schedule::Schedule training;
  schedule::Schedule evaluation;  ///< forward only
  int lookahead = 1;  ///< receives posted ahead: what the deck gives, or more where a schedule needs it
};

/// Writes a model as for one device: its inputs are `tokens` and `targets`, its output the loss. It is asked with the deck's
/// [model], and once more without dropout.
using ModelWriter = std::function<graph::Graph(const deck::Model&, DType)>;

/// Throws Error(usage) where the deck cannot be laid out. Without a writer it is the deck's model.
Plan draw(const deck::Deck& deck);
Plan draw(const deck::Deck& deck, const ModelWriter& write);

/// What a pipeline rank does in training, with what `recompute` says made anew in backward, and in evaluation.
passes::Program training_program(const Plan& plan, int pipeline_rank);
passes::Program training_program(const passes::Share& share, std::int64_t loss_rows,
                                 const std::vector<passes::Recompute>& recompute);
passes::Program evaluation_program(const Plan& plan, int pipeline_rank);

/// The rank of a pipeline rank that stands first on every other axis.
int first_rank(const Plan& plan, int pipeline_rank);

/// One graph on one device, cut nowhere, without dropout.
passes::Share single_stage(const deck::Deck& deck, model::Head head);

/// The pipeline ranks that hold the parameter.
std::vector<int> holders(const std::vector<passes::Share>& shares, const std::string& parameter);
/// The parameters of a pipeline rank that an earlier one holds too, and those that any other holds.
std::vector<std::string> held_before(const std::vector<passes::Share>& shares, int pipeline_rank);
std::vector<std::string> tied(const std::vector<passes::Share>& shares, int pipeline_rank);

/// What one rank holds.
struct RankMemory {
  schedule::MemoryPlan training;
  /// Evaluation borrows what training does not need between two steps; this is what it takes if that is too little.
  std::int64_t evaluation = 0;

  std::int64_t bytes() const { return training.bytes + evaluation; }
};
RankMemory memory_of(const Plan& plan, const deck::Deck& deck, int rank);

}  // namespace heddle::plan
