// What a person can ask of the program without starting ranks. Each command throws Error; main turns that
// into an exit code.
#pragma once

#include <string>
#include <vector>

#include "heddle/deck/deck.hpp"

namespace heddle::app {

/// A deck and what the command line changes of it, `section.key=value`.
struct DeckArguments {
  std::string file;
  std::vector<std::string> overrides;
};

/// Reads it for a command without ranks, checks it, and prints to stderr what a person should know of it.
deck::Deck read_deck(const DeckArguments& arguments, deck::Purpose purpose);

/// Prints the resolved deck, parameters, memory per rank and FLOPs per step. Computes nothing.
void check(const DeckArguments& arguments);

struct SimulateArguments {
  DeckArguments deck;
  std::string json;      ///< file to write figures to, "-" for standard output; empty: none
  std::string run_file;  ///< run.h5 to write; empty: none
  std::string picture;   ///< SVG to draw the timeline to; empty: none
  bool overwrite = false;
};
/// Predicts a step of the deck's pipeline on virtual clocks and prints what it takes and holds.
void simulate(const SimulateArguments& arguments);

struct ScheduleArguments {
  DeckArguments deck;
  std::string format = "text";  ///< or "csv", "svg"
  bool communication = false;   ///< sends and receives too
  std::string output;           ///< file to write; empty: standard output, which svg does not take
  bool overwrite = false;
};
/// Prints or draws a deck's schedule. Computes nothing.
void schedule(const ScheduleArguments& arguments);

}  // namespace heddle::app
