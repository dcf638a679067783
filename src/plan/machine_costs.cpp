#include "heddle/plan/machine_costs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "heddle/deck/read.hpp"
#include "heddle/maps/local.hpp"
#include "heddle/plan/plan.hpp"
#include "heddle/schedule/estimate.hpp"

namespace heddle::plan {
namespace {

double known(const deck::Deck& deck, const char* key, double value) {
  if (value > 0) return value;
  const std::string position = deck.at(key) == "default" ? deck.at("cost.machine") : deck.at(key);
  throw deck::DeckError({position + ": " +
                         describe(fmt::format("{} is not known", key), "the time of an op follows from it",
                                  fmt::format("set {}, or take another machine", key))});
}

double bandwidth(double given) { return given > 0 ? given : std::numeric_limits<double>::infinity(); }

schedule::MachineModel model_of(const deck::Deck& deck) {
  const deck::Machine& machine = deck.machine;
  const double flops = deck.train.dtype == DType::f64 ? known(deck, "machine.fp64", machine.fp64)
                                                      : known(deck, "machine.fp32", machine.fp32);
  return {.rates = {flops, known(deck, "machine.memory", machine.memory)},
          .kernel = machine.kernel,
          .ranks_per_node = machine.ranks_per_node,
          .within = {machine.latency, bandwidth(machine.bandwidth), machine.contention},
          .between = {machine.node_latency, bandwidth(machine.node_bandwidth), machine.contention}};
}

class MachineCosts {
 public:
  explicit MachineCosts(const deck::Deck& deck) : deck_(deck), plan_(draw(deck)), machine_(model_of(deck)) {
    const int stages = plan_.training.stages();
    costs_.stages.resize(stages);
    costs_.links.resize(std::max(stages - 1, 0));
    costs_.boundary_bytes.resize(std::max(stages - 1, 0));
  }

  schedule::Costs run() {
    for (int place = 0; place < plan_.training.ranks(); ++place) add(place);
    return std::move(costs_);
  }

 private:
  void add(int place) {
    const passes::Program program = training_program(plan_, place);
    const int rank = first_rank(plan_, place);
    auto stages = estimate({.program = program,
                            .grid = plan_.grid,
                            .rank = rank,
                            .rows = plan_.rows,
                            .sequence = deck_.train.sequence,
                            .bucket_bytes = static_cast<double>(deck_.comm.bucket_mib) * (1 << 20)},
                           machine_);
    schedule::StageCost& first = stages.begin()->second;
    first.reduce_gradients += ties(program, place);
    // Loss and norm go over all ranks, one after the other.
    const schedule::Link& link =
        plan_.grid.size() > machine_.ranks_per_node ? machine_.between : machine_.within;
    first.step += 4 * std::bit_width(static_cast<unsigned>(plan_.grid.size() - 1)) * link.latency;
    for (const auto& [stage, cost] : stages) costs_.stages[stage] = cost;
    for (const passes::Border& border : program.borders) add_border(program, border, place);
  }

  void add_border(const passes::Program& program, const passes::Border& border, int place) {
    if (border.stage + 1 == plan_.training.stages()) return;
    const int next = plan_.training.rank_of_stage[border.stage + 1];
    const bool one_node = machine_.one_node(first_rank(plan_, place), first_rank(plan_, next));
    costs_.links[border.stage] = one_node ? machine_.within : machine_.between;
    for (const graph::ValueId id : border.sent)
      costs_.boundary_bytes[border.stage] += bytes(program.graph[id], place);
  }

  double bytes(const graph::Value& value, int place) const {
    const Shape shape = maps::local_shape(graph::with_rows(value.shape, plan_.rows), value.layout, plan_.grid,
                                          first_rank(plan_, place));
    return static_cast<double>(shape.count() * size_of(value.dtype));
  }

  /// The sums of what several places of the pipeline hold.
  double ties(const passes::Program& program, int place) const {
    double seconds = 0;
    for (const std::string& name : tied(plan_.shares, place)) {
      const auto value = std::ranges::find_if(program.graph.values, [&](const graph::Value& one) {
        return one.role == graph::Role::parameter && one.name == name;
      });
      const auto holders = plan::holders(plan_.shares, name);
      const auto n = static_cast<double>(holders.size());
      const bool one_node =
          machine_.one_node(first_rank(plan_, holders.front()), first_rank(plan_, holders.back()));
      const schedule::Link& link = one_node ? machine_.within : machine_.between;
      seconds += 2 * ((n - 1) / n * bytes(*value, place) / link.bandwidth +
                      std::bit_width(holders.size() - 1) * link.latency);
    }
    return seconds;
  }

  const deck::Deck& deck_;
  Plan plan_;
  schedule::MachineModel machine_;
  schedule::Costs costs_;
};

}  // namespace

schedule::Costs machine_costs(const deck::Deck& deck) { return MachineCosts(deck).run(); }

}  // namespace heddle::plan
