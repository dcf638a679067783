#include "heddle/session/fault.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <string_view>
#include <thread>
#include <vector>

#include "heddle/exec/bindings.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/schedule/tasks.hpp"

namespace heddle::session {
namespace {

constexpr std::array<std::string_view, 4> kinds = {"delay", "hang", "fail", "nan"};
constexpr double longest_delay = 1e6;  // seconds

[[noreturn]] void refuse(const std::string& text, const std::string& why, const std::string& fix) {
  throw Error(ExitCode::usage, "command line: --fault " + text, why, fix);
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (char c : text)
    if (c == ':')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

template <class T>
T number(const std::string& text, const std::string& part, T least, T most) {
  const std::string digits = part.substr(part.find('=') + 1);
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !(value >= least && value <= most))
    refuse(text, fmt::format("{} is not a number from {} to {}", part, least, most), "");
  return value;
}

bool does(const schedule::Row& row, const std::string& action) {
  return std::ranges::any_of(row, [&](const schedule::Action& one) { return name(one) == action; });
}

/// Names of what the action's kernels make, but for the loss and what belongs to it.
std::vector<std::string> made_by(const std::string& action, const passes::Program& program,
                                 const schedule::Row& row) {
  const auto found =
      std::ranges::find_if(row, [&](const schedule::Action& one) { return name(one) == action; });
  std::vector<std::string> all;
  if (found == row.end() || !is_compute(found->kind)) return all;
  const schedule::Tasks tasks(program, schedule::backward_of(row));
  for (const graph::NodeId id : tasks.of(*found))
    if (const graph::Node& node = program.graph.nodes[id]; exec::binding(node.op))
      for (const graph::ValueId out : node.out) all.push_back(program.graph[out].name);
  return all;
}

}  // namespace

Fault read_fault(const std::string& text) {
  const std::vector<std::string> parts = split(text);
  const auto kind = std::ranges::find(kinds, parts.size() > 1 ? parts[1] : "");
  if (kind == kinds.end())
    refuse(text, "a fault is ACTION:KIND", "try 0F0:delay, 0F0:hang, 0F0:fail or 0STEP:nan");
  Fault fault{.action = parts[0], .kind = static_cast<Fault::Kind>(kind - kinds.begin())};
  for (std::size_t i = 2; i < parts.size(); ++i) {
    const std::string key = parts[i].substr(0, parts[i].find('='));
    if (key == "step")
      fault.step = number(text, parts[i], std::int64_t{1}, std::numeric_limits<std::int64_t>::max());
    else if (key == "times")
      fault.times = number(text, parts[i], std::int64_t{1}, std::numeric_limits<std::int64_t>::max());
    else if (key == "rank")
      fault.rank = number(text, parts[i], 0, std::numeric_limits<int>::max());
    else if (key == "seconds" && fault.kind == Fault::Kind::delay)
      fault.seconds = number(text, parts[i], 0.0, longest_delay);
    else if (key == "value" && fault.kind == Fault::Kind::nan && parts[i].size() > key.size() + 1)
      fault.value = parts[i].substr(key.size() + 1);
    else
      refuse(text, fmt::format("{} is unknown here", key),
             "give step=N, rank=N, times=N, seconds=X of a delay, or value=NAME of nan");
  }
  return fault;
}

FaultInjector::FaultInjector(Fault& fault, const plan::Plan& plan, const Trainer& trainer,
                             const comm::World& world)
    : fault_(fault), trainer_(trainer) {
  choose_rank(plan, world.size());
  if (fault_.kind == Fault::Kind::hang && world.size() == 1)
    refuse(fault_.action + ":hang", "one rank has nobody who waits for it", "start more ranks");
  const bool in_step = fault_.action.ends_with(name(schedule::ActionKind::step));
  if (fault_.kind == Fault::Kind::nan && in_step != fault_.value.empty())
    refuse(fault_.action + ":nan",
           "it is put into the gradient before STEP, or into a value that another action makes",
           "try 0STEP:nan, or 0F0:nan:value=layers.0.norm1");
  if (!fault_.value.empty()) check_value(plan);
  mine_ = fault_.rank == world.rank();
}

void FaultInjector::choose_rank(const plan::Plan& plan, int ranks) {
  const auto row = [&](Rank rank) { return plan.training.schedule.rows[plan.pipeline_rank(rank)]; };
  const bool chosen = fault_.rank >= 0;
  if (chosen && fault_.rank >= ranks)
    refuse(fmt::format("{}:...:rank={}", fault_.action, fault_.rank),
           fmt::format("there are {} ranks", ranks), "");
  if (chosen && !does(row(fault_.rank), fault_.action))
    refuse(fmt::format("{}:...:rank={}", fault_.action, fault_.rank), "this rank has no such action",
           fmt::format("try {}", name(row(fault_.rank).front())));
  for (int rank = 0; fault_.rank < 0 && rank < ranks; ++rank)
    if (does(row(rank), fault_.action)) fault_.rank = rank;
  if (fault_.rank < 0)
    refuse(fault_.action + ":...", "no rank has such an action", fmt::format("try {}", name(row(0).front())));
}

void FaultInjector::check_value(const plan::Plan& plan) const {
  const PipelineRank rank = plan.pipeline_rank(fault_.rank);
  const std::vector<std::string> made =
      made_by(fault_.action, plan.training.programs[rank], plan.training.schedule.rows[rank]);
  if (!std::ranges::count(made, fault_.value))
    refuse(fmt::format("{}:nan:value={}", fault_.action, fault_.value),
           "the action makes no such value with a kernel",
           made.empty() ? "" : fmt::format("it makes {}", fmt::join(made, ", ")));
}

void FaultInjector::action_begins(const schedule::Action& action) {
  if (!is_now(action)) return;
  switch (fault_.kind) {
    case Fault::Kind::delay:
      return std::this_thread::sleep_for(std::chrono::duration<double>(fault_.seconds));
    case Fault::Kind::hang:
      for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
    case Fault::Kind::fail:
      throw Error(ExitCode::failure,
                  fmt::format("rank {} fails before {} of step {}", fault_.rank, fault_.action, fault_.step),
                  "as --fault asks");
    case Fault::Kind::nan: {
      if (!fault_.value.empty()) return;
      const std::vector<train::TrainedParameter> held = trainer_.parameters();
      const auto counted = std::ranges::find(held, true, &train::TrainedParameter::owner);
      if (counted == held.end()) return;
      kernels::fill(trainer_.lane(), counted->gradient, std::numeric_limits<double>::quiet_NaN());
    }
  }
}

void FaultInjector::piece_ended(const exec::Piece& piece) {
  if (fault_.value.empty() || piece.out.empty() || !is_now(piece.action)) return;
  const graph::Graph& graph = trainer_.engine().program().graph;
  const auto& made = graph.nodes[piece.node].out;
  for (std::size_t i = 0; i < piece.out.size(); ++i)
    if (graph[made[i]].name == fault_.value && piece.out[i].count() > 0)
      kernels::fill(trainer_.lane(), {piece.out[i].data, piece.out[i].dtype, {1}},
                    std::numeric_limits<double>::quiet_NaN());
}

}  // namespace heddle::session
