// The deck of a command line.
#include <fmt/format.h>

#include <cstdio>

#include "heddle/app/commands.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::app {

deck::Deck read_deck(const DeckArguments& arguments, deck::Purpose purpose) {
  deck::Deck deck = plan::read_deck(arguments.file, arguments.overrides, purpose);
  for (const std::string& remark : deck.remarks) fmt::print(stderr, "{}\n", remark);
  return deck;
}

}  // namespace heddle::app
