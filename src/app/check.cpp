#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "heddle/app/commands.hpp"
#include "heddle/base/mebibytes.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/model/count.hpp"
#include "heddle/plan/plan.hpp"
#include "heddle/plan/read_deck.hpp"
#include "heddle/plan/recomputation.hpp"

namespace heddle::app {
namespace {

/// "stage 1", "stages 1 and 6".
std::string stages_of(const plan::Plan& plan, int place) {
  std::vector<int> stages;
  for (const passes::Border& border : plan.shares[place].borders) stages.push_back(border.stage);
  return fmt::format("{} {}", stages.size() > 1 ? "stages" : "stage", fmt::join(stages, " and "));
}

void print_recomputation(const plan::Plan& plan, const deck::Deck& deck) {
  if (deck.train.recompute == deck::Recompute::none) return;
  fmt::print("\n# made anew in backward, train.recompute = \"{}\"\n", deck::name(deck.train.recompute));
  for (int place = 0; place < plan.grid.extent(maps::Axis::pipeline); ++place)
    fmt::print("{}: {}; {:.3g} FLOPs a microbatch\n", stages_of(plan, place),
               plan::recomputation_text(plan, place, deck.model.layers), plan::flops_made_again(plan, place));
}

/// Ranks of one place differ by a row or a column of an uneven split; the first holds the larger part.
void print_memory(const plan::Plan& plan, const deck::Deck& deck) {
  fmt::print("\n# memory of the largest rank of each place in the pipeline, MiB\n");
  for (int place = 0; place < plan.grid.extent(maps::Axis::pipeline); ++place) {
    const plan::RankMemory memory = plan::memory_of(plan, deck, plan::first_rank(plan, place));
    fmt::print("{}: {:.1f}", stages_of(plan, place), mebibytes(memory.bytes()));
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

void print_stages(const plan::Plan& plan, const deck::Deck& deck) {
  fmt::print("\n# stages\n");
  const int stages = plan.training.stages();
  for (int stage = 0; stage < stages; ++stage) {
    const int first = stage == 0 ? 0 : plan.cuts[stage - 1];
    const int end = stage + 1 == stages ? deck.model.layers + 2 : plan.cuts[stage];
    const int layers = std::min(end, deck.model.layers + 1) - std::max(first, 1);
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
  const plan::Plan plan = plan::draw(deck);
  const model::Count count =
      model::count(deck, model::build(deck.model, model::Head::loss, deck.train.dtype));
  fmt::print("{}\n# parameters\n{} ({:.1f} million), of which {} in embeddings\n", deck::resolved(deck),
             count.parameters, static_cast<double>(count.parameters) / 1e6, count.embedding_parameters);
  fmt::print("\n# model FLOPs per step\n{:.3g} = {}\n", count.flops_per_step, count.formula);
  print_stages(plan, deck);
  print_recomputation(plan, deck);
  print_memory(plan, deck);
  fmt::print("\n{} ranks: {}\n", plan.grid.size(), maps::name(plan.grid));
}

}  // namespace heddle::app
