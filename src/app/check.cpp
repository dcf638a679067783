#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "heddle/app/commands.hpp"
#include "heddle/base/mebibytes.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/model/count.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/plan/host_memory.hpp"
#include "heddle/plan/message_memory.hpp"
#include "heddle/plan/recomputation.hpp"

namespace heddle::app {
namespace {

/// "stage 1", "stages 1 and 6".
std::string stages_of(const plan::Plan& plan, PipelineRank pipeline_rank) {
  const std::vector<Stage> stages = plan.stages(pipeline_rank);
  return fmt::format("{} {}", stages.size() > 1 ? "stages" : "stage", fmt::join(stages, " and "));
}

std::string recomputation_section(const plan::Plan& plan) {
  const deck::Recompute recompute = plan.options.train.recompute;
  if (recompute == deck::Recompute::none) return "";
  std::string text =
      fmt::format("\n# recomputed in backward, train.recompute = \"{}\"\n", deck::name(recompute));
  for (const PipelineRank rank : plan.training.programs.ids())
    text += fmt::format("{}: {}; {:.3g} FLOPs a microbatch\n", stages_of(plan, rank),
                        recomputation_text(plan, rank),
                        plan::recomputed_flops(plan.program(rank), plan.options.extents()));
  return text;
}

/// "bf16 bf16 fp32".
std::string types_text(const graph::Graph& graph, const std::vector<graph::ValueId>& ids) {
  std::vector<std::string_view> types;
  for (const graph::ValueId id : ids) types.push_back(name(graph[id].dtype));
  return fmt::format("{}", fmt::join(types, " "));
}

/// What the ops of a step read and make, each kind of call once, where they are not all of one type.
std::string number_types_section(const plan::Plan& plan) {
  const Precision precision = plan.options.train.precision;
  if (stream_type(precision) == master_type(precision)) return "";
  std::set<std::string> lines;
  for (const passes::Program& program : plan.training.programs)
    for (const graph::Node& node : program.graph.nodes) {
      if (node.op == graph::Op::sum_of_squares || node.op == graph::Op::map) continue;
      lines.insert(fmt::format("{:<30}{:<30}-> {}\n", graph::name(node.op),
                               types_text(program.graph, node.in), types_text(program.graph, node.out)));
    }
  return fmt::format("\n# number types, train.precision = \"{}\": what each op reads -> makes\n{}",
                     deck::name(precision), fmt::join(lines, ""));
}

/// What messages take of a rank beside the plan, by who carries them: on a GPU that is known when the ranks are.
std::string messages_text(const plan::Plan& plan, Rank rank) {
  using enum plan::Carrying;
  const auto memory = [&](plan::Carrying by) { return message_memory(plan, rank, plan::all_by(by)); };
  const auto landing = [&](plan::Carrying by) { return mebibytes(bytes_of(memory(by).landing)); };
  const plan::MessageMemory through_host = memory(staged);
  if (through_host.landing.empty() && through_host.staged.empty()) return "";
  return fmt::format(
      "; beside it messages {:.1f} if a GPU's library carries them, else {:.1f} and {:.1f} of the host",
      landing(device), mebibytes(bytes_of(through_host.landing)), mebibytes(bytes_of(through_host.staged)));
}

/// What is no part of the arena: of the host's memory all that a rank takes, or what it takes of it beside a GPU.
std::string beside_text(const plan::Plan& plan, Rank rank) {
  if (plan.options.rooms == 0) return "; of the host " + text(host_memory(plan, rank));
  return fmt::format("{}; of the host {:.1f} for the copy that checkpoints are written from",
                     messages_text(plan, rank), mebibytes(state_copy(plan, rank)));
}

/// Ranks of one pipeline rank differ by a row or a column of an uneven split; the first holds
/// the larger part.
std::string memory_section(const plan::Plan& plan) {
  std::string text = "\n# memory of the largest rank of each pipeline rank, MiB\n";
  for (const PipelineRank rank : plan.training.programs.ids()) {
    const Rank first = plan::first_rank(plan.grid(), rank);
    const plan::RankMemory memory = plan.memory(first);
    text += fmt::format("{}: {:.1f}", stages_of(plan, rank), mebibytes(memory.bytes()));
    for (const schedule::Pool& pool : memory.training.pools)
      if (pool.bytes() > 0)
        text += fmt::format("{} {} {:.1f}{}", &pool == &memory.training.pools.front() ? " =" : " +",
                            pool.name, mebibytes(pool.bytes()),
                            pool.slot_count > 1
                                ? fmt::format(" ({} x {:.2f})", pool.slot_count, mebibytes(pool.slot_bytes))
                                : "");
    if (memory.evaluation > 0) text += fmt::format(" + evaluation {:.1f}", mebibytes(memory.evaluation));
    if (memory.rooms > 0) text += fmt::format(" + rooms of kernels {:.1f}", mebibytes(memory.rooms));
    text += fmt::format("{}\n", beside_text(plan, first));
  }
  return text;
}

/// " embedding, layers 0 to 2", "no layers, norm and head": the blocks [first, end).
std::string blocks_text(const graph::Graph& graph, int first, int end) {
  using enum graph::Block::Kind;
  const auto holds = [&](graph::Block::Kind kind) {
    return std::ranges::any_of(graph::blocks_of(graph, kind),
                               [&](graph::BlockId block) { return first <= block && block < end; });
  };
  const std::vector<graph::BlockId> layers = graph::blocks_of(graph, layer);
  const auto number = [&](int block) { return std::ranges::lower_bound(layers, block) - layers.begin(); };
  return fmt::format(
      "{}{}{}", holds(embedding) ? " embedding," : "",
      holds(layer) ? fmt::format(" layers {} to {}", number(first), number(end) - 1) : " no layers",
      holds(head) ? ", norm and head" : "");
}

std::string stages_section(const plan::Plan& plan) {
  std::string text = "\n# stages\n";
  const graph::Graph& graph = plan.training.programs.front().graph;
  std::vector<int> ends = plan.cuts;
  ends.push_back(static_cast<int>(graph.blocks.size()));
  for (std::size_t stage = 0; stage < ends.size(); ++stage)
    text += fmt::format("stage {}:{}\n", stage,
                        blocks_text(graph, stage == 0 ? 0 : ends[stage - 1], ends[stage]));
  return text;
}

/// Behind the deck, in the same file, if that is where it goes: TOML passes it over.
std::string as_comments(const std::string& text) {
  std::string comments;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    comments += fmt::format("{}{}\n", line.empty() || line.starts_with('#') ? "" : "# ", line);
  return comments;
}

}  // namespace

void check(const DeckArguments& arguments) {
  const deck::Deck deck = read_deck(arguments, deck::Purpose::training);
  const plan::Plan plan = plan::make(deck);
  const model::Count& count = plan.count;
  const std::string found = fmt::format(
      "\n# parameters\n{} ({:.1f} million), of which {} in embeddings\n\n# model FLOPs per step\n{:.3g} = "
      "{}\n{}{}{}{}\n{} ranks: {}\n",
      count.parameters, static_cast<double>(count.parameters) / 1e6, count.embedding_parameters,
      count.flops_per_step, count.formula, stages_section(plan), recomputation_section(plan),
      number_types_section(plan), memory_section(plan), plan.grid().size(), maps::name(plan.grid()));
  fmt::print("{}{}", deck::resolved(deck), as_comments(found));
}

}  // namespace heddle::app
