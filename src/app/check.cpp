#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "heddle/app/blueprint.hpp"
#include "heddle/app/commands.hpp"
#include "heddle/app/drawn_schedule.hpp"
#include "heddle/app/recomputation.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/model/count.hpp"
#include "mebibytes.hpp"

namespace heddle::app {
namespace {

/// "stage 1", "stages 1 and 6".
std::string stages_of(const Blueprint& blueprint, int place) {
  std::vector<int> stages;
  for (const passes::Border& border : blueprint.shares[place].borders) stages.push_back(border.stage);
  return fmt::format("{} {}", stages.size() > 1 ? "stages" : "stage", fmt::join(stages, " and "));
}

void print_recomputation(const Blueprint& blueprint, const deck::Deck& deck) {
  if (deck.train.recompute == deck::Recompute::none) return;
  fmt::print("\n# made anew in backward, train.recompute = \"{}\"\n", deck::name(deck.train.recompute));
  for (int place = 0; place < blueprint.grid.extent(maps::Axis::pipeline); ++place)
    fmt::print("{}: {}; {:.3g} FLOPs a microbatch\n", stages_of(blueprint, place),
               recomputation_text(blueprint, place, deck.model.layers), flops_made_again(blueprint, place));
}

/// Ranks of one place differ by a row or a column of an uneven split; the first holds the larger part.
void print_memory(const Blueprint& blueprint, const deck::Deck& deck) {
  fmt::print("\n# memory of the largest rank of each place in the pipeline, MiB\n");
  for (int place = 0; place < blueprint.grid.extent(maps::Axis::pipeline); ++place) {
    const RankMemory memory = memory_of(blueprint, deck, first_rank(blueprint, place));
    fmt::print("{}: {:.1f}", stages_of(blueprint, place), mebibytes(memory.bytes()));
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

void print_stages(const Blueprint& blueprint, const deck::Deck& deck) {
  fmt::print("\n# stages\n");
  const int stages = blueprint.training.stages();
  for (int stage = 0; stage < stages; ++stage) {
    const int first = stage == 0 ? 0 : blueprint.cuts[stage - 1];
    const int end = stage + 1 == stages ? deck.model.layers + 2 : blueprint.cuts[stage];
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
  const deck::Deck deck = read_deck(arguments.file, arguments.overrides, deck::Purpose::training);
  const Blueprint blueprint = draw(deck);
  const model::Count count =
      model::count(deck, model::build(deck.model, model::Head::loss, deck.train.dtype));
  fmt::print("{}\n# parameters\n{} ({:.1f} million), of which {} in embeddings\n", deck::resolved(deck),
             count.parameters, static_cast<double>(count.parameters) / 1e6, count.embedding_parameters);
  fmt::print("\n# model FLOPs per step\n{:.3g} = {}\n", count.flops_per_step, count.formula);
  print_stages(blueprint, deck);
  print_recomputation(blueprint, deck);
  print_memory(blueprint, deck);
  fmt::print("\n{} ranks: {}\n", blueprint.grid.size(), maps::name(blueprint.grid));
}

}  // namespace heddle::app
