#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "heddle/app/commands.hpp"
#include "heddle/base/mebibytes.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/model/count.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/plan/recomputation.hpp"

namespace heddle::app {
namespace {

/// "stage 1", "stages 1 and 6".
std::string stages_of(const plan::Plan& plan, int pipeline_rank) {
  const std::vector<int> stages = plan.stages(pipeline_rank);
  return fmt::format("{} {}", stages.size() > 1 ? "stages" : "stage", fmt::join(stages, " and "));
}

void print_recomputation(const plan::Plan& plan) {
  const deck::Recompute recompute = plan.options.train.recompute;
  if (recompute == deck::Recompute::none) return;
  fmt::print("\n# made anew in backward, train.recompute = \"{}\"\n", deck::name(recompute));
  for (int rank = 0; rank < plan.pipeline_ranks(); ++rank)
    fmt::print("{}: {}; {:.3g} FLOPs a microbatch\n", stages_of(plan, rank), recomputation_text(plan, rank),
               plan::recomputed_flops(plan.program(rank), plan.options.rows()));
}

/// Ranks of one pipeline rank differ by a row or a column of an uneven split; the first holds the larger part.
void print_memory(const plan::Plan& plan) {
  fmt::print("\n# memory of the largest rank of each place in the pipeline, MiB\n");
  for (int rank = 0; rank < plan.pipeline_ranks(); ++rank) {
    const plan::RankMemory memory = plan.memory(plan::first_rank(plan.grid(), rank));
    fmt::print("{}: {:.1f}", stages_of(plan, rank), mebibytes(memory.bytes()));
    for (const schedule::Pool& pool : memory.training.pools)
      if (pool.bytes() > 0)
        fmt::print("{} {} {:.1f}{}", &pool == &memory.training.pools.front() ? " =" : " +", pool.name,
                   mebibytes(pool.bytes()),
                   pool.slot_count > 1
                       ? fmt::format(" ({} x {:.2f})", pool.slot_count, mebibytes(pool.slot_bytes))
                       : "");
    if (memory.evaluation > 0) fmt::print(" + evaluation {:.1f}", mebibytes(memory.evaluation));
    fmt::print("\n");
  }
}

void print_stages(const plan::Plan& plan) {
  fmt::print("\n# stages\n");
  const int stages = plan.training.schedule.stages(), all_layers = plan.options.model.layers;
  for (int stage = 0; stage < stages; ++stage) {
    const int first = stage == 0 ? 0 : plan.cuts[stage - 1];
    const int end = stage + 1 == stages ? all_layers + 2 : plan.cuts[stage];
    const int layers = std::min(end, all_layers + 1) - std::max(first, 1);
    fmt::print("stage {}:{}{}{}\n", stage, stage == 0 ? " embedding," : "",
               layers > 0
                   ? fmt::format(" layers {} to {}", std::max(first, 1) - 1, std::max(first, 1) + layers - 2)
                   : " no layers",
               stage + 1 == stages ? ", norm and head" : "");
  }
}

}  // namespace

void check(const DeckArguments& arguments) {
  const deck::Deck deck = plan::read_deck(arguments.file, arguments.overrides, deck::Purpose::training);
  const plan::Plan plan = plan::make(deck);
  const model::Count& count = plan.count;
  fmt::print("{}\n# parameters\n{} ({:.1f} million), of which {} in embeddings\n", deck::resolved(deck),
             count.parameters, static_cast<double>(count.parameters) / 1e6, count.embedding_parameters);
  fmt::print("\n# model FLOPs per step\n{:.3g} = {}\n", count.flops_per_step, count.formula);
  print_stages(plan);
  print_recomputation(plan);
  print_memory(plan);
  fmt::print("\n{} ranks: {}\n", plan.grid().size(), maps::name(plan.grid()));
}

}  // namespace heddle::app
