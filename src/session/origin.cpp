#include "heddle/session/origin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <tuple>

#include "heddle/comm/gather.hpp"

namespace heddle::session {
namespace {

using exec::Piece;
using exec::Work;

/// An action's name, with what it says in words: "1F3, stage 1, microbatch 3".
std::string where(const schedule::Action& action) {
  if (action.stage < Stage(0)) return "what is done once a step";
  std::string text = name(action);
  if (is_compute(action.kind))
    text += fmt::format(", stage {}, microbatch {}", action.stage, action.microbatch);
  return text;
}

}  // namespace

OriginFinder::OriginFinder(const Trainer& trainer, const exec::Clock& clock)
    : trainer_(trainer), clock_(clock) {
  const auto held = [this](const Tensor& tensor, const std::string& what) {
    const auto number = found_ ? std::nullopt : look(tensor);
    if (!number) return;
    found_ = {true, 0, 0, trainer_.plan().options.train.batch, true};  // of several ranks the lowest is told
    what_ = fmt::format("{} of {} is {}", place_in(tensor.shape, number->index), what, number->value);
  };
  for (const train::TrainedParameter& one : trainer.parameters()) {
    held(one.tensor, one.name);
    held(one.first_moment, "the first moment of " + one.name);
    held(one.second_moment, "the second moment of " + one.name);
  }
}

std::optional<NotFinite> OriginFinder::look(const Tensor& tensor) const {
  if (!tensor.data || tensor.count() == 0) return {};
  return first_not_finite(trainer_.lane().on_host(tensor).tensor);
}

/// Of a number that no kernel of this rank made of finite ones.
std::string OriginFinder::where_from(graph::ValueId value) const {
  const graph::Graph& graph = trainer_.engine().program().graph;
  for (const graph::Node& node : graph.nodes)
    if (std::ranges::count(node.out, value)) return fmt::format("it comes from {}", name(node));
  return graph[value].role == graph::Role::input ? "it comes from another stage"
                                                 : "it was there before the step";
}

void OriginFinder::keep(bool made, const Piece& piece, graph::ValueId value, const Tensor& tensor,
                        const NotFinite& number, const std::string& how) {
  const graph::Graph& graph = trainer_.engine().program().graph;
  const graph::Node& node = graph.nodes[piece.node];
  const deck::Train& train = trainer_.plan().options.train;
  const std::string block = is_compute(piece.action.kind) && int{node.block} < std::ssize(graph.blocks)
                                ? fmt::format(", block {}", graph.blocks[node.block].name)
                                : "";
  what_ = fmt::format("{} of {} is {}, which {} {} in {}{}", place_in(tensor.shape, number.index),
                      graph[value].name, number.value, name(node), how, where(piece.action), block);
  found_ = {made, clock_.now(), 0, train.batch, false};
  if (piece.action.microbatch < 0) return;
  found_->samples = trainer_.sample_count() / trainer_.plan().training.schedule.microbatches;
  found_->first_sample = trainer_.first_sample() + piece.action.microbatch * found_->samples;
}

void OriginFinder::reads(const Piece& piece, graph::ValueId value, const Tensor& tensor,
                         const NotFinite& number) {
  reads_finite_ = false;
  keep(false, piece, value, tensor, number, fmt::format("reads ({})", where_from(value)));
}

/// What sums over microbatches held is read too.
void OriginFinder::piece_begins(const Piece& piece) {
  reads_finite_ = true;
  if (piece.out.empty() || found_) return;
  const graph::Node& node = trainer_.engine().program().graph.nodes[piece.node];
  for (std::size_t i = 0; i < piece.in.size(); ++i)
    if (const auto number = look(piece.in[i])) return reads(piece, node.in[i], piece.in[i], *number);
  for (std::size_t i = 0; piece.adds && i < piece.out.size(); ++i)
    if (const auto number = look(piece.out[i])) return reads(piece, node.out[i], piece.out[i], *number);
}

/// What a map brings is there only when somebody reads it.
void OriginFinder::piece_ended(const Piece& piece) {
  if (piece.out.empty() || found_ || !reads_finite_ || piece.work == Work::map) return;
  const graph::Node& node = trainer_.engine().program().graph.nodes[piece.node];
  for (std::size_t i = 0; i < piece.out.size(); ++i)
    if (const auto number = look(piece.out[i]))
      return keep(true, piece, node.out[i], piece.out[i], *number, "made of finite numbers");
}

/// What came from elsewhere was made there, or by what brought it.
std::optional<Origin> OriginFinder::first(const comm::World& world) const {
  const std::span<const Found> mine(found_ ? &*found_ : nullptr, found_ ? 1 : 0);
  const char* const why = "all ranks' first number that is not finite";
  const auto all = comm::gather_rows(world.all(), mine, comm::Receivers::all, why);
  const auto texts = comm::gather(world.all(), what_, comm::Receivers::all, why);
  std::optional<std::size_t> first;
  const auto key = [&](std::size_t rank) { return std::tuple(!all[rank][0].made, all[rank][0].seconds); };
  for (std::size_t rank = 0; rank < all.size(); ++rank)
    if (!all[rank].empty() && (!first || key(rank) < key(*first))) first = rank;
  if (!first) return {};
  const Found& found = all[*first][0];
  return Origin{fmt::format("{}, on rank {} ({})", texts[*first], *first, world.hosts().at(*first)),
                found.first_sample, found.samples, found.before};
}

}  // namespace heddle::session
