// What a person can ask of the program. Each command throws Error; main turns that into an exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heddle/bench/bench.hpp"
#include "heddle/comm/world.hpp"
#include "heddle/io/vocabulary.hpp"

namespace heddle::app {

/// A deck and what the command line changes of it, `section.key=value`.
struct DeckArguments {
  std::string file;
  std::vector<std::string> overrides;
};

struct RunArguments {
  DeckArguments deck;
  std::vector<std::string> faults;  ///< to inject on purpose, "1F3:hang"
};
/// Trains. Collective over the world.
void run(const RunArguments& arguments, comm::World& world);

/// Prints the resolved deck, parameters, memory per rank and FLOPs per step. Starts no ranks, computes nothing.
void check(const DeckArguments& arguments);

struct BenchArguments {
  DeckArguments deck;
  bench::Settings settings;
};
/// Times the deck's training step on made-up tokens and prints where it goes. Collective over the world.
void bench(const BenchArguments& arguments, comm::World& world);

struct SimulateArguments {
  DeckArguments deck;
  std::string json;      ///< file to write figures to, "-" for standard output; empty: none
  std::string run_file;  ///< run.h5 to write; empty: none
  std::string picture;   ///< PNG to draw the timeline to; empty: none
};
/// Predicts a step of the deck's pipeline on virtual clocks and prints what it takes and holds. Starts no ranks.
void simulate(const SimulateArguments& arguments);

struct ScheduleArguments {
  DeckArguments deck;
  std::string format = "text";  ///< or "csv", "png"
  bool communication = false;   ///< sends and receives too
  std::string output;           ///< file to write; empty: standard output, which png does not take
};
/// Prints or draws a deck's schedule. Starts no ranks, computes nothing.
void schedule(const ScheduleArguments& arguments);

struct PrepareArguments {
  std::string text, tokens;
  io::TokenKind kind = io::TokenKind::byte;
};
/// Turns a text into a tokens file.
void prepare(const PrepareArguments& arguments);

struct GenerateArguments {
  std::string run;  ///< the run's directory, or its run.h5
  std::string prompt = "\n";
  std::int64_t tokens = 200;
  double temperature = 0.8;  ///< 0: always the likeliest token
  std::int64_t seed = 1;
};
/// Prints text that the run's last checkpoint goes on to write. One process.
void generate(const GenerateArguments& arguments, comm::World& world);

}  // namespace heddle::app
