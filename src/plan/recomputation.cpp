#include "heddle/plan/recomputation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "heddle/base/mebibytes.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/graph/ops.hpp"
#include "heddle/passes/invariant.hpp"

namespace heddle::plan {
namespace {

using passes::Recompute;

constexpr std::int64_t mebibyte = std::int64_t{1} << 20;

/// Of what runs for every microbatch.
std::set<int> blocks_of(const passes::Share& share) {
  std::set<int> blocks;
  const auto invariant = passes::step_invariant(share.graph);
  for (const graph::Node& node : share.graph.nodes)
    if (!invariant[node.out.front()]) blocks.insert(node.block);
  return blocks;
}

std::vector<Shape> shapes_of(const graph::Graph& graph, const std::vector<graph::ValueId>& ids,
                             std::int64_t rows) {
  std::vector<Shape> shapes;
  for (graph::ValueId id : ids) shapes.push_back(graph::with_rows(graph[id].shape, rows));
  return shapes;
}

/// What some blocks of a place make anew, how much that costs and what it takes off the frames.
struct Choice {
  double flops = 0;
  std::int64_t saved = 0;
  std::vector<Recompute> by_block;
};

/// Leaves those that no other beats in both FLOPs and savings, by rising FLOPs.
std::vector<Choice> undominated(std::vector<Choice> choices) {
  std::stable_sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
    return a.flops != b.flops ? a.flops < b.flops : a.saved > b.saved;
  });
  std::vector<Choice> front;
  for (Choice& choice : choices)
    if (front.empty() || choice.saved > front.back().saved) front.push_back(std::move(choice));
  return front;
}

/// The choice for one place of the pipeline. What frames shrink by adds up over blocks; scratch is the largest of any block,
/// so plans are asked.
class Chooser {
 public:
  Chooser(Plan& plan, const deck::Deck& deck, int place)
      : plan_(plan),
        deck_(deck),
        place_(place),
        rank_(first_rank(plan, place)),
        limit_(deck.train.memory_limit_mib * mebibyte) {}

  void run() {
    none_ = memory();
    if (none_.bytes() <= limit_) return;
    for (const Choice& choice : choices()) {
      if (none_.bytes() - choice.saved + scratch_ > limit_) continue;
      apply(choice);
      if (memory().bytes() <= limit_) return;
    }
    refuse();
  }

 private:
  RankMemory memory() const { return memory_of(plan_, deck_, rank_); }

  static std::int64_t frames(const RankMemory& memory) {
    std::int64_t bytes = 0;
    for (std::size_t i = schedule::fixed_pool_count; i < memory.training.pools.size(); ++i)
      bytes += memory.training.pools[i].bytes();
    return bytes;
  }

  void apply(const Choice& choice) const {
    for (int block : blocks_) plan_.recompute[block] = choice.by_block[block];
  }

  std::vector<Choice> choices() {
    const double usual = flops_made_again(plan_, place_);
    std::vector<Choice> front = {{0, 0, plan_.recompute}};
    std::int64_t least = limit_;
    for (int block : blocks_of(plan_.shares[place_])) {
      blocks_.insert(block);
      std::vector<Choice> longer = front;
      for (Recompute recompute : {Recompute::attention, Recompute::block}) {
        plan_.recompute[block] = recompute;
        const RankMemory memory = this->memory();
        const std::int64_t saved = frames(none_) - frames(memory);
        const double flops = flops_made_again(plan_, place_) - usual;
        least = std::min(least, memory.bytes() - (none_.bytes() - saved));
        for (Choice choice : front) {
          choice.by_block[block] = recompute;
          choice.flops += flops;
          choice.saved += saved;
          longer.push_back(std::move(choice));
        }
      }
      plan_.recompute[block] = Recompute::none;
      front = undominated(std::move(longer));
    }
    scratch_ = least;
    return front;
  }

  [[noreturn]] void refuse() const {
    for (int block : blocks_) plan_.recompute[block] = Recompute::block;
    const double all = mebibytes(memory().bytes());
    throw deck::DeckError({fmt::format(
        "{}: {}", deck_.at("train.memory_limit_mib"),
        describe(
            fmt::format("train.memory_limit_mib = {} is too little", deck_.train.memory_limit_mib),
            fmt::format(
                "ranks of place {} in the pipeline take {:.1f} MiB, and {:.1f} with every layer made anew",
                place_, mebibytes(none_.bytes()), all),
            fmt::format("give {:.0f} MiB, smaller microbatches or more stages", std::ceil(all))))});
  }

  Plan& plan_;
  const deck::Deck& deck_;
  int place_, rank_;
  std::int64_t limit_;
  RankMemory none_;
  std::set<int> blocks_;
  std::int64_t scratch_ = 0;  ///< what scratch grows by, at least, wherever anything is made anew
};

}  // namespace

passes::Recompute recompute_of(deck::Recompute recompute) {
  switch (recompute) {
    case deck::Recompute::selective: return Recompute::attention;
    case deck::Recompute::full: return Recompute::block;
    default: return Recompute::none;
  }
}

void choose_recomputation(Plan& plan, const deck::Deck& deck) {
  int blocks = 0;
  for (const passes::Share& share : plan.shares) blocks = std::max(blocks, *blocks_of(share).rbegin() + 1);
  plan.recompute.assign(blocks, recompute_of(deck.train.recompute));
  if (deck.train.recompute != deck::Recompute::automatic) return;
  for (int place = 0; place < plan.grid.extent(maps::Axis::pipeline); ++place)
    Chooser(plan, deck, place).run();
}

double flops_made_again(const Plan& plan, int place) {
  const passes::Program program = training_program(plan, place);
  double flops = 0;
  for (std::size_t i = 0; i < program.graph.nodes.size(); ++i) {
    const graph::Node& node = program.graph.nodes[i];
    if (program.graph.nodes[i].recomputed)
      flops += graph::cost(program.graph, node, shapes_of(program.graph, node.in, plan.rows),
                           shapes_of(program.graph, node.out, plan.rows))
                   .flops;
  }
  return flops;
}

std::string recomputation_text(const Plan& plan, int place, int layers) {
  static constexpr std::array words = {"nothing", "attention", "all"};
  std::vector<int> blocks;
  for (int block : blocks_of(plan.shares[place]))
    if (block > 0 && block <= layers) blocks.push_back(block);
  std::vector<std::string> parts;
  for (auto first = blocks.begin(), end = first; first != blocks.end(); first = end) {
    const Recompute recompute = plan.recompute[*first];
    end = std::find_if(first, blocks.end(), [&](int block) { return plan.recompute[block] != recompute; });
    if (recompute == Recompute::none) continue;
    const int from = *first - 1, to = *std::prev(end) - 1;
    parts.push_back(fmt::format(
        "{} {}", from == to ? fmt::format("layer {}", from) : fmt::format("layers {} to {}", from, to),
        words[static_cast<std::size_t>(recompute)]));
  }
  return parts.empty() ? words.front() : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace heddle::plan
