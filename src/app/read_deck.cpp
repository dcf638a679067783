// The deck of a command line.
#include "heddle/app/commands.hpp"
#include "heddle/base/terminal.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::app {

deck::Deck read_deck(const DeckArguments& arguments, deck::Purpose purpose) {
  deck::Deck deck = plan::read_deck(arguments.file, arguments.overrides, purpose);
  for (const std::string& remark : deck.remarks) print_warning(remark);
  return deck;
}

}  // namespace heddle::app
