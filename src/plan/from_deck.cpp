#include "heddle/plan/from_deck.hpp"

#include "heddle/base/device_rooms.hpp"
#include "heddle/build_info.hpp"
#include "heddle/deck/check.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/plan/costs.hpp"
#include "heddle/plan/rows.hpp"
#include "heddle/plan/schedule_file.hpp"

namespace heddle::plan {
namespace {

maps::Grid grid_of(const deck::Grid& grid) { return maps::Grid(grid.extents(), grid.order); }

template <class F>
auto at_its_key(const deck::Deck& deck, F&& f) {
  try {
    return f();
  } catch (const KeyError& error) {
    throw deck::DeckError({deck::position_of(deck, error.keys()) + ": " + error.what()});
  }
}

/// Where the deck gives no pipeline.ranks and microbatches, they are the file's; its stages are always.
void take_numbers_from_file(deck::Deck& deck) {
  if (!is_file(deck.pipeline)) return;
  const schedule::Schedule rows =
      schedule::schedule_of(at_its_key(deck, [&] { return cells_of_file(deck.pipeline); }));
  const auto given = [&](std::string_view key) { return deck.positions.contains(key); };
  if (!given("pipeline.ranks") && !given("grid.pipeline"))
    deck.pipeline.ranks = deck.grid.pipeline = rows.ranks();
  if (!given("pipeline.microbatches")) deck.pipeline.microbatches = rows.microbatches;
  if (!given("pipeline.chunks")) deck.pipeline.chunks = 0;
  deck.pipeline.file_stages = rows.stages();
}

passes::Masters masters_of(deck::Masters word) {
  switch (word) {
    case deck::Masters::remainder: return passes::Masters::remainder;
    case deck::Masters::none: return passes::Masters::none;
    default: return passes::Masters::kept;
  }
}

}  // namespace

deck::Deck read_deck(const std::string& path, std::span<const std::string> overrides, deck::Purpose purpose) {
  return read_deck(deck::deck_file(path), overrides, purpose);
}

deck::Deck read_deck(const deck::DeckFile& file, std::span<const std::string> overrides,
                     deck::Purpose purpose) {
  deck::Deck deck = deck::read(file, overrides, purpose);
  deck::leave_out_idle(deck, purpose);
  take_numbers_from_file(deck);
  if (purpose == deck::Purpose::training && deck.pipeline.balance == deck::Balance::time)
    deck::leave_out_other_stages(deck);
  deck::check(deck, purpose);
  return deck;
}

Options options_of(const deck::Deck& deck) {
  using passes::ResidualStream, passes::Update;
  return {.model = deck.model,
          .train = deck.train,
          .pipeline = deck.pipeline,
          .cost = deck.cost,
          .machine = deck.machine,
          .grid = grid_of(deck.grid),
          .stream = deck.grid.sequence_parallel ? ResidualStream::split_rows : ResidualStream::whole,
          .update = deck.optimizer.validate == deck::Validate::after ? Update::revocable : Update::final,
          .masters = masters_of(deck.optimizer.masters),
          .narrow_moments = deck.optimizer.moments == deck::Width::bf16,
          .bucketing = {.most_bytes = static_cast<std::int64_t>(deck.comm.bucket_mib) << 20,
                        .narrow = deck.comm.gradients == deck::Width::bf16},
          .attention = build_info::attention,
          .rooms = build_info::device_rooms ? device_rooms::bytes : 0,
          .table_multiple = build_info::table_multiple,
          .fuses = build_info::fuses,
          .copies_state = deck.output.asynchronous && deck.output.checkpoint_every > 0 &&
                          deck.output.checkpoint_every < deck.train.steps,
          .ranks_key = deck::ranks_key(deck)};
}

Plan make(const deck::Deck& deck, const ModelWriter& write) {
  return at_its_key(deck, [&] { return make(options_of(deck), write); });
}

schedule::Schedule rows_of(const deck::Deck& deck) {
  const Options options = options_of(deck);
  return at_its_key(deck, [&] { return rows_of(options, costs_of(options)); });
}

Simulation simulate(const deck::Deck& deck) {
  return at_its_key(deck, [&] { return simulate(options_of(deck)); });
}

}  // namespace heddle::plan
