// The input deck as typed structs: everything a person decides about a run. docs/deck_reference.md, generated
// from src/deck/keys.cpp, says what each key means; a section here is a section there.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/base/axis.hpp"
#include "heddle/base/precision.hpp"

namespace heddle::deck {

enum class Family : std::uint8_t { gpt2 };
enum class SampleOrder : std::uint8_t { random, sequential };
enum class OptimizerKind : std::uint8_t { adamw };
enum class Validate : std::uint8_t { before, after };
enum class Width : std::uint8_t { wide, bf16 };
enum class Masters : std::uint8_t { wide, remainder, none };
enum class RateSchedule : std::uint8_t { cosine, wsd, constant };
enum class Memory : std::uint8_t { arena, separate };
enum class Balance : std::uint8_t { work, flops, parameters, time, memory };
enum class Tied : std::uint8_t { replicate, transmit };
enum class Recompute : std::uint8_t { none, selective, full, automatic };
enum class OnNan : std::uint8_t { stop, skip, rollback };

/// What a deck calls the values of an enum, in the enum's order.
using Word = std::string_view;
constexpr auto names_of(Family) { return std::array<Word, 1>{"gpt2"}; }
constexpr auto names_of(SampleOrder) { return std::array<Word, 2>{"random", "sequential"}; }
constexpr auto names_of(Axis) {
  std::array<Word, axis_count> names{};
  for (Axis axis : all_axes) names[static_cast<std::size_t>(axis)] = heddle::name(axis);
  return names;
}
constexpr auto names_of(OptimizerKind) { return std::array<Word, 1>{"adamw"}; }
constexpr auto names_of(Validate) { return std::array<Word, 2>{"before", "after"}; }
constexpr auto names_of(Width) { return std::array<Word, 2>{"wide", "bf16"}; }
constexpr auto names_of(Masters) { return std::array<Word, 3>{"wide", "remainder", "none"}; }
constexpr auto names_of(RateSchedule) { return std::array<Word, 3>{"cosine", "wsd", "constant"}; }
constexpr auto names_of(Memory) { return std::array<Word, 2>{"arena", "separate"}; }
constexpr auto names_of(Balance) {
  return std::array<Word, 5>{"work", "flops", "parameters", "time", "memory"};
}
constexpr auto names_of(Tied) { return std::array<Word, 2>{"replicate", "transmit"}; }
constexpr auto names_of(Recompute) { return std::array<Word, 4>{"none", "selective", "full", "auto"}; }
constexpr auto names_of(OnNan) { return std::array<Word, 3>{"stop", "skip", "rollback"}; }
constexpr auto names_of(Precision) { return std::array<Word, 4>{"fp64", "fp32", "tf32", "bf16"}; }

/// The schedules that schedule/generate.hpp makes; beside them stands a file of rows.
inline constexpr Word schedule_file = "file:";
inline constexpr std::array<Word, 13> schedules = {
    "gpipe",          "1f1b", "looped-bfs", "interleaved", "zb-h1",     "zb-h2",  "zb-auto",
    "interleaved-zb", "zb-v", "v-half",     "v-min",       "dualpipev", "dynamic"};

template <class E>
constexpr Word name(E value) {
  return names_of(value)[static_cast<std::size_t>(value)];
}

struct Model {
  Family family = Family::gpt2;
  int layers = 0;
  int heads = 0;
  std::int64_t width = 0;
  std::int64_t context = 0;     ///< tokens
  std::int64_t vocabulary = 0;  ///< tokens
  double dropout = 0.0;
  double init_std = 0.02;
  double norm_epsilon = 1e-5;
  bool operator==(const Model&) const = default;
};

struct Data {
  std::string tokens;  ///< empty: the deck can be checked, not run
  double held_out = 0.1;
  SampleOrder order = SampleOrder::random;
  std::int64_t seed = 1;
  bool operator==(const Data&) const = default;
};

struct Grid {
  int data = 1;
  int pipeline = 1;
  int tensor = 1;
  std::vector<Axis> order = {all_axes.begin(), all_axes.end()};  ///< slowest to fastest
  bool sequence_parallel = false;

  /// The member of every axis, in the order of the table of axes.
  static constexpr auto members() {
    return std::array<int Grid::*, axis_count>{&Grid::data, &Grid::pipeline, &Grid::tensor};
  }
  int extent(Axis axis) const { return this->*members()[static_cast<std::size_t>(axis)]; }
  AxisExtents extents() const {
    AxisExtents all;
    for (Axis axis : all_axes) all[axis] = extent(axis);
    return all;
  }
  bool operator==(const Grid&) const = default;
};

struct Pipeline {
  std::string schedule = "1f1b";  ///< one of `schedules`, or `file:` and a path
  int microbatches = 1;           ///< per data rank and step
  int ranks = 0;                  ///< reading a deck fills 0 with grid.pipeline
  int chunks = 1;                 ///< stages a rank holds; 0: as the rows of a file have them
  int window = 16;                ///< actions, for "dynamic"
  double memory_limit = 0;  ///< activations of whole ranks a rank may hold, in microbatches; 0: no limit
  std::vector<int> cuts;    ///< first layer of each stage but the first; empty: balanced by cost
  int lookahead = 4;
  Balance balance = Balance::work;
  Tied tied = Tied::replicate;
  int file_stages = 0;  ///< no key: those of the rows of a file, once it is read

  /// As many as the rows of a file have, or the same number on every rank.
  std::int64_t stages(int of_ranks) const {
    return file_stages > 0 ? file_stages : std::int64_t{of_ranks} * chunks;
  }
  bool operator==(const Pipeline&) const = default;
};

struct Train {
  std::int64_t steps = 0;
  std::int64_t batch = 0;     ///< samples a step, over the whole grid
  std::int64_t sequence = 0;  ///< tokens a sample; reading a deck fills 0 with model.context
  Precision precision = Precision::fp32;
  Memory memory = Memory::arena;
  std::int64_t loss_rows = 1024;  ///< tokens of a rank
  Recompute recompute = Recompute::none;
  std::int64_t memory_limit_mib = 0;  ///< of a rank, for Recompute::automatic
  std::int64_t seed = 1;
  std::int64_t evaluate_every = 0;  ///< steps; 0: only at the end
  std::int64_t evaluate_windows = 64;
  OnNan on_nan = OnNan::stop;
  std::int64_t nan_limit = 10;  ///< steps of a run that are passed over
  double spike = 0;             ///< times the running mean; 0: no loss is one
  double max_seconds = 0;       ///< 0: no limit
  double reserve_seconds = 60;  ///< at an allocation's end
  bool operator==(const Train&) const = default;
};

struct Optimizer {
  OptimizerKind kind = OptimizerKind::adamw;
  double rate = 3e-4;
  double final_rate = 3e-5;
  RateSchedule schedule = RateSchedule::cosine;
  std::int64_t warmup = 0;  ///< steps
  std::int64_t decay =
      0;  ///< steps; wsd: length of the final decay; cosine: step that reaches final_rate, 0: the last
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0.1;
  double clip = 1.0;  ///< global gradient norm; 0: off
  Validate validate = Validate::before;
  Width moments = Width::wide;
  Masters masters = Masters::wide;
  bool operator==(const Optimizer&) const = default;
};

struct Comm {
  double timeout = 300.0;  ///< seconds a wait may last
  int bucket_mib = 16;
  Width gradients = Width::wide;
  bool device_aware = false;
  bool operator==(const Comm&) const = default;
};

struct Output {
  std::string directory;  ///< reading a deck fills an empty one with runs/ and the name of the deck
  std::int64_t checkpoint_every = 0;  ///< steps; 0: only at the end
  bool asynchronous = true;           ///< checkpoints before the last
  std::int64_t keep = 0;              ///< checkpoints; 0: all
  std::int64_t keep_best = 0;         ///< checkpoints beside them
  std::int64_t log_every = 10;        ///< steps
  bool events = true;
  std::int64_t events_mib = 256;
  bool operator==(const Output&) const = default;
};

/// A number for each stage, or one that stands for all; none: the default of its key.
struct PerStage {
  std::vector<double> values;

  bool given() const { return !values.empty(); }
  double operator[](std::size_t stage) const { return values.size() == 1 ? values[0] : values[stage]; }
  bool operator==(const PerStage&) const = default;
};

/// The keys of [cost] with a number for each stage, or for each border between stages. The first six are
/// seconds of a kind of action each, in the order of schedule::timed_kinds.
enum class Figure : std::uint8_t {
  forward,          ///< none: 1
  backward,         ///< none: the sum of the next two
  backward_input,   ///< none: half of backward, or as forward
  backward_weight,  ///< none: the same
  reduce_gradients,
  step,
  recompute,      ///< seconds
  send,           ///< seconds, by border
  message_bytes,  ///< by border
};
constexpr auto names_of(Figure) {
  return std::array<Word, 9>{"forward", "backward",  "backward_input", "backward_weight", "reduce_gradients",
                             "step",    "recompute", "send",           "message_bytes"};
}
constexpr bool is_by_border(Figure figure) { return figure >= Figure::send; }

struct Cost {
  std::string from;     ///< what `heddle bench --json` wrote; its figures stand where the deck gives none
  std::string machine;  ///< a file with a [machine]
  std::array<PerStage, names_of(Figure{}).size()> figures;
  std::vector<double> blocks;  ///< seconds of a microbatch in every block: embedding, layers, head
  double bandwidth = 0;        ///< bytes a second; 0: a message's length costs nothing
  bool contention = false;
  double weight_memory = 1;  ///< part of a microbatch's activations
  double load = 0;           ///< seconds a step

  PerStage& operator[](Figure figure) { return figures[static_cast<std::size_t>(figure)]; }
  const PerStage& operator[](Figure figure) const { return figures[static_cast<std::size_t>(figure)]; }
  bool operator==(const Cost&) const = default;
};

struct Machine {
  double fp64 = 0;  ///< FLOP/s of a rank in large matrix products; 0: not known
  double fp32 = 0;
  double tf32 = 0;  ///< 0: that of fp32
  double bf16 = 0;
  double memory = 0;  ///< bytes a second that a rank reads and writes; 0: not known
  double kernel = 0;  ///< seconds that every op takes at the least
  int ranks_per_node = 1;
  double latency = 0;       ///< seconds of a message within a node
  double bandwidth = 0;     ///< bytes a second; 0: a message's length costs nothing
  double node_latency = 0;  ///< the same between nodes
  double node_bandwidth = 0;
  bool contention = false;
  bool operator==(const Machine&) const = default;
};

/// What a deck is read for: to train needs a model and how to train it, a schedule and its simulation only
/// what they are made of.
enum class Purpose : std::uint8_t { training, schedule, simulation };

struct Deck {
  Model model;
  Data data;
  Grid grid;
  Pipeline pipeline;
  Train train;
  Optimizer optimizer;
  Comm comm;
  Output output;
  Cost cost;
  Machine machine;

  std::string name;                    ///< the file's name without folder and ending
  std::string source;                  ///< the file as it was named
  std::string text;                    ///< the file as it was written
  std::vector<std::string> overrides;  ///< of the command line, as given
  std::vector<std::string> remarks;    ///< lines that a person should know of, though nothing is wrong

  std::int64_t stages() const { return pipeline.stages(grid.pipeline); }

  /// Where each given key stands; keys left at their default are absent.
  std::map<std::string, std::string, std::less<>> positions;

  /// Where a key such as "model.heads" stands: "inputs/gpt2.toml:14:3", "command line:
  /// model.heads=6", or "default".
  std::string at(std::string_view key) const;
};

}  // namespace heddle::deck
