// What a person can ask of the program that needs MPI, kernels or HDF5. Each command throws Error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heddle/app/commands.hpp"
#include "heddle/bench/bench.hpp"
#include "heddle/comm/world.hpp"
#include "heddle/data/prepare.hpp"

namespace heddle::app {

/// As read_deck of a command without ranks; on rank 0 it speaks. Collective where the deck is the standard input.
deck::Deck read_deck(const DeckArguments& arguments, deck::Purpose purpose, comm::World& world);

struct RunArguments {
  DeckArguments deck;
  std::vector<std::string> faults;  ///< to inject on purpose, "1F3:hang"
  bool overwrite = false;           ///< what an earlier run left in output.directory
  bool quiet = false;               ///< no progress on the standard output
  std::optional<std::string>
      restart;  ///< a run or a checkpoint to go on from; empty: what output.directory holds
};
/// Trains. Collective over the world.
void run(const RunArguments& arguments, comm::World& world);

struct BenchArguments {
  DeckArguments deck;  ///< may be without a file where a machine is measured
  bench::Settings settings;
  std::string machine;  ///< file to write what the machine gives to; empty: the deck's step is timed
};
/// Times the deck's training step on made-up tokens and prints where it goes, or measures the machine, with attention as
/// the deck has it. Collective over the world.
void bench(const BenchArguments& arguments, comm::World& world);

struct TimelineArguments {
  std::vector<std::string> runs;   ///< run files
  std::vector<std::string> steps;  ///< "A:B" or "A" of each; none: the last three
  std::string title = "Who did what when";
  std::string output;  ///< SVG file
  bool overwrite = false;
};
/// Draws steps of runs, measured or simulated. One process, no ranks.
void timeline(const TimelineArguments& arguments);

struct InspectArguments {
  std::string file;
  bool verify = false;  ///< reads all of it
};
/// Prints what a checkpoint, a run's file or a tokens file holds. Throws Error(failure) where a checksum is wrong. One process, no ranks.
void inspect(const InspectArguments& arguments);

struct DiffArguments {
  std::string first, second;
};
/// Prints in what two checkpoints, or two runs' files, differ. Throws Error(failure) where they do. One process, no ranks.
void diff(const DiffArguments& arguments);

/// Turns texts into a tokens file. One process, no ranks.
void prepare(const data::PrepareSettings& arguments);

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
