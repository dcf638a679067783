// The deck of a command that several ranks take part in: each reads its file, and the first the standard input for all.
#include "commands.hpp"
#include "heddle/base/terminal.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::app {

deck::Deck read_deck(const DeckArguments& arguments, deck::Purpose purpose, comm::World& world) {
  const bool piped = arguments.file == "-";
  deck::DeckFile file;
  if (!piped || world.rank() == 0) file = deck::deck_file(arguments.file);
  if (piped)
    file = {
        std::string(deck::standard_input),
        comm::gather(world.all(), file.text, comm::Receivers::all, "the deck of the standard input").front()};
  deck::Deck deck = plan::read_deck(file, arguments.overrides, purpose);
  if (world.rank() == 0)
    for (const std::string& remark : deck.remarks) print_warning(remark);
  return deck;
}

}  // namespace heddle::app
