#include "heddle/session/fault.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <string_view>
#include <thread>
#include <vector>

#include "heddle/kernels/elementwise.hpp"

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
    else if (key == "rank")
      fault.rank = number(text, parts[i], 0, std::numeric_limits<int>::max());
    else if (key == "seconds" && fault.kind == Fault::Kind::delay)
      fault.seconds = number(text, parts[i], 0.0, longest_delay);
    else
      refuse(text, fmt::format("{} is unknown here", key), "give step=N, rank=N, or seconds=X of a delay");
  }
  return fault;
}

FaultInjector::FaultInjector(Fault fault, const plan::Plan& plan, const Trainer& trainer,
                             const comm::World& world)
    : fault_(std::move(fault)), trainer_(trainer) {
  choose_rank(plan, world.size());
  if (fault_.kind == Fault::Kind::hang && world.size() == 1)
    refuse(fault_.action + ":hang", "one rank has nobody who waits for it", "start more ranks");
  if (fault_.kind == Fault::Kind::nan && !fault_.action.ends_with(name(schedule::ActionKind::step)))
    refuse(fault_.action + ":nan", "it is put into the gradient before STEP", "try 0STEP:nan");
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

void FaultInjector::action_begins(const schedule::Action& action) {
  if (!mine_ || step_ != fault_.step || name(action) != fault_.action) return;
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
      const std::vector<train::TrainedParameter> held = trainer_.parameters();
      const auto counted = std::ranges::find(held, true, &train::TrainedParameter::owner);
      if (counted == held.end()) return;
      kernels::fill(trainer_.lane(), counted->gradient, std::numeric_limits<double>::quiet_NaN());
    }
  }
}

}  // namespace heddle::session
