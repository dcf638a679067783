#include "heddle/plan/read_deck.hpp"

#include "heddle/deck/check.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/plan/schedule_file.hpp"

namespace heddle::plan {

deck::Deck read_deck(const std::string& file, std::span<const std::string> overrides, deck::Purpose purpose) {
  deck::Deck deck = deck::read(file, overrides, purpose);
  take_numbers_from_file(deck);
  if (purpose == deck::Purpose::training && deck.pipeline.balance == deck::Balance::time)
    deck::leave_out_other_stages(deck);
  deck::check(deck, purpose);
  return deck;
}

}  // namespace heddle::plan
