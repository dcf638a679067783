#include "recompute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "heddle/base/mebibytes.hpp"
#include "heddle/plan/recomputation.hpp"

namespace heddle::plan {
namespace {

using passes::Recompute;

/// What some blocks of a pipeline rank recompute, how much that costs and what it takes off the frames.
struct Choice {
  double flops = 0;
  std::int64_t saved = 0;
  ById<graph::BlockId, Recompute> by_block;
};

/// Leaves those that no other beats in both FLOPs and savings, by rising FLOPs.
std::vector<Choice> undominated(std::vector<Choice> choices) {
  std::stable_sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
    return a.flops != b.flops ? a.flops < b.flops : a.saved > b.saved;
  });
  std::vector<Choice> front;
  for (Choice& choice : choices)
    if (front.empty() || choice.saved > front.back().saved) front.push_back(std::move(choice));
  return front;
}

/// The choice for one pipeline rank. What frames shrink by adds up over blocks; scratch is the largest of any
/// block, so plans are asked.
class Chooser {
 public:
  Chooser(Draft& draft, ById<graph::BlockId, Recompute>& by_block, PipelineRank pipeline_rank)
      : draft_(draft),
        by_block_(by_block),
        pipeline_rank_(pipeline_rank),
        rank_(first_rank(draft.options.grid, pipeline_rank)),
        limit_(draft.options.train.memory_limit_mib * mebibyte),
        program_(draft.training.programs[pipeline_rank]),
        evaluation_(memory_plan(draft, draft.evaluation, draft.evaluation.programs[pipeline_rank], rank_)) {}

  void run() {
    none_ = trial();
    if (none_.bytes <= limit_) return;
    for (const Choice& choice : choices()) {
      if (none_.bytes - choice.saved + scratch_ > limit_) continue;
      for (const graph::BlockId block : blocks_) by_block_[block] = choice.by_block[block];
      if (trial().bytes <= limit_) return;
    }
    refuse();
  }

 private:
  /// What comes of the present choice.
  struct Trial {
    std::int64_t bytes = 0, frames = 0;
    double flops = 0;
  };

  Trial trial() const {
    const passes::Program program = recomputing(draft_.options, program_, by_block_);
    const schedule::MemoryPlan memory = memory_plan(draft_, draft_.training, program, rank_);
    Trial trial{memory.bytes + evaluation_bytes(memory, evaluation_) + draft_.options.rooms, 0,
                recomputed_flops(program, draft_.options.extents())};
    for (std::size_t i = schedule::fixed_pool_count; i < memory.pools.size(); ++i)
      trial.frames += memory.pools[i].bytes();
    return trial;
  }

  std::vector<Choice> choices() {
    std::vector<Choice> front = {{0, 0, by_block_}};
    std::int64_t least = limit_;
    for (const graph::BlockId block : blocks_of(program_)) {
      blocks_.insert(block);
      std::vector<Choice> longer = front;
      for (Recompute recompute : {Recompute::attention, Recompute::block}) {
        by_block_[block] = recompute;
        const Trial trial = this->trial();
        const std::int64_t saved = none_.frames - trial.frames;
        least = std::min(least, trial.bytes - (none_.bytes - saved));
        for (Choice choice : front) {
          choice.by_block[block] = recompute;
          choice.flops += trial.flops - none_.flops;
          choice.saved += saved;
          longer.push_back(std::move(choice));
        }
      }
      by_block_[block] = Recompute::none;
      front = undominated(std::move(longer));
    }
    scratch_ = least;
    return front;
  }

  [[noreturn]] void refuse() const {
    for (const graph::BlockId block : blocks_) by_block_[block] = Recompute::block;
    const double all = mebibytes(trial().bytes);
    throw KeyError(
        {"train.memory_limit_mib"},
        fmt::format("train.memory_limit_mib = {} is too little", draft_.options.train.memory_limit_mib),
        fmt::format("ranks of pipeline rank {} take {:.1f} MiB, and {:.1f} with every layer recomputed",
                    pipeline_rank_, mebibytes(none_.bytes), all),
        fmt::format("try train.memory_limit_mib = {:.0f}, smaller microbatches or more stages",
                    std::ceil(all)));
  }

  Draft& draft_;
  ById<graph::BlockId, Recompute>& by_block_;
  PipelineRank pipeline_rank_;
  Rank rank_;
  std::int64_t limit_;
  const passes::Program& program_;
  schedule::MemoryPlan evaluation_;
  Trial none_;
  std::set<graph::BlockId> blocks_;
  std::int64_t scratch_ = 0;  ///< what scratch grows by, at least, wherever anything is recomputed
};

}  // namespace

std::set<graph::BlockId> blocks_of(const passes::Program& program) {
  std::set<graph::BlockId> blocks;
  for (const graph::Node& node : program.graph.nodes)
    if (!graph::once_a_step(node.phase)) blocks.insert(node.block);
  return blocks;
}

passes::Recompute recompute_of(deck::Recompute recompute) {
  switch (recompute) {
    case deck::Recompute::selective: return Recompute::attention;
    case deck::Recompute::full: return Recompute::block;
    default: return Recompute::none;
  }
}

passes::Program recomputing(const Options& options, passes::Program differentiated,
                            const ById<graph::BlockId, Recompute>& by_block) {
  const passes::Retentions retentions = passes::retentions(differentiated, by_block);
  return fused(options, passes::rematerialize(std::move(differentiated), retentions));
}

ById<graph::BlockId, Recompute> recompute_in(Draft& draft) {
  const Options& options = draft.options;
  ById<PipelineRank, passes::Program>& programs = draft.training.programs;
  ById<graph::BlockId, Recompute> by_block(draft.graph.blocks.size(), recompute_of(options.train.recompute));
  if (options.train.recompute == deck::Recompute::automatic)
    for (const PipelineRank rank : programs.ids()) Chooser(draft, by_block, rank).run();
  for (passes::Program& program : programs) program = recomputing(options, std::move(program), by_block);
  return by_block;
}

}  // namespace heddle::plan
