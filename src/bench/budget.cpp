#include "budget.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

#include "exchanges.hpp"
#include "heddle/graph/ops.hpp"
#include "heddle/passes/loss_tail.hpp"
#include "heddle/schedule/null_machine.hpp"

namespace heddle::bench {
namespace {

using exec::Piece;
using exec::Work;
using schedule::Action;
using schedule::ActionKind;

/// "d.layers.3.mlp.up" of block "layers.3" is "d.mlp.up": the same in all layers.
std::string without_layer(std::string name, const graph::Block& block) {
  const std::string prefix = block.name + ".";
  const std::size_t begin = block.kind == graph::Block::Kind::layer ? name.find(prefix) : std::string::npos;
  return begin == std::string::npos ? name : name.erase(begin, prefix.size());
}

/// A node is run so many times a step, on so many of a rank's rows; -1: on all.
struct Runs {
  int times;
  std::int64_t rows = -1;
};

/// What one kind of piece costs a step.
struct Line {
  std::string name;
  Cost cost = {};
  std::optional<double> floor = {};
  bool continues = false;  ///< what another piece of the same name began: no call of its own
};

/// Tells of every slot of a stopwatch what it stands for. Collective, since maps and messages are measured.
class Lines {
 public:
  Lines(const session::Trainer& trainer, const Rates& rates, const Stopwatch& watch, Detail detail)
      : trainer_(trainer),
        program_(trainer.engine().program()),
        rates_(rates),
        microbatches_(trainer.plan().options.pipeline.microbatches),
        detail_(detail),
        watch_(watch),
        lines_(watch.slots()),
        loss_chunks_(trainer.plan().of(trainer.plan().training, trainer.grid().rank()).loss_chunks) {
    add_pipeline();
    add_reductions();
    const std::vector<passes::Reduction> in_buckets = passes::reductions(program_);
    for (int node = 0; node < static_cast<int>(program_.graph.nodes.size()); ++node)
      if (!std::ranges::count(in_buckets, node, &passes::Reduction::node)) add_node(node);
    line({.work = Work::load}) = {"load tokens"};
  }
  const std::vector<Line>& all() const { return lines_; }

 private:
  Line& line(const Piece& piece) { return lines_[watch_.slot(piece)]; }

  Tensor tensor(graph::ValueId id, std::int64_t rows = -1) const {
    Tensor tensor = trainer_.engine().arena().tensor(id, program_.graph[id].dtype);
    if (rows >= 0 && graph::has_rows(program_.graph[id].shape)) tensor.shape[0] = rows;
    return tensor;
  }
  std::vector<Runs> runs(int node) const {
    using passes::Phase;
    const Phase phase = program_.graph.nodes[node].phase;
    if (graph::once_a_step(phase)) return {{1}};
    if (phase != Phase::loss) return {{microbatches_}};
    std::vector<Runs> all;
    for (const maps::Block& chunk : loss_chunks_) all.push_back({microbatches_, chunk.size()});
    return all;
  }

  void add_node(int index) {
    const graph::Node& node = program_.graph.nodes[index];
    std::string suffix;
    if (detail_ == Detail::by_tensor)
      suffix = fmt::format(
          " {}", without_layer(program_.graph[node.out.front()].name, program_.graph.blocks[node.block]));
    const auto* map = std::get_if<maps::Map>(&node.attributes);
    Line& mine = line({.work = Work::node, .node = index});
    mine = {(map ? name(*map) : std::string(name(node.op))) + suffix, {}, 0.0};
    for (const Runs& run : runs(index)) {
      if (map)
        add_map(mine, node, *map, run);
      else
        add_op(mine, node, run);
    }
    if (map) line({.work = Work::wait, .node = index}) = {.name = mine.name, .continues = true};
  }

  void add_op(Line& line, const graph::Node& node, const Runs& run) const {
    std::vector<Shape> in, out;
    for (graph::ValueId id : node.in) in.push_back(tensor(id, run.rows).shape);
    for (graph::ValueId id : node.out) out.push_back(tensor(id, run.rows).shape);
    const Cost cost = graph::cost({program_.graph, node, in, out, trainer_.plan().options.extents()});
    for (int i = 0; i < run.times; ++i) line.cost += cost;
    *line.floor += run.times * floor_seconds(cost, rates_);
  }

  void add_map(Line& line, const graph::Node& node, const maps::Map& map, const Runs& run) {
    const Tensor in = tensor(node.in[0], run.rows), out = tensor(node.out[0], run.rows);
    double bytes = 0, seconds = 0;
    if (communicates(map.kind)) {
      bytes = static_cast<double>(std::max(in.bytes(), out.bytes()));
      seconds = measured(map, in, out);
    } else if (in.data != out.data) {
      bytes = static_cast<double>(2 * out.bytes());
      seconds = bytes / rates_.bytes;
    }
    line.cost.bytes += run.times * bytes;
    *line.floor += run.times * seconds;
  }

  double measured(const maps::Map& map, const Tensor& in, const Tensor& out) {
    std::vector<std::int64_t> key = {static_cast<int>(map.kind), map.axes.bits(),    map.dim, map.target_dim,
                                     static_cast<int>(in.dtype), in.data == out.data};
    key.insert(key.end(), in.shape.begin(), in.shape.end());
    key.insert(key.end(), out.shape.begin(), out.shape.end());
    const auto [known, is_new] = seconds_.try_emplace(key, 0.0);
    if (is_new) known->second = map_seconds(map, trainer_.grid(), in, out, trainer_.lane());
    return known->second;
  }

  void add_pipeline() {
    const comm::Communicator& pipeline = trainer_.grid().along(maps::Axis::pipeline);
    for (ActionKind kind : {ActionKind::send_forward, ActionKind::send_backward, ActionKind::receive_forward,
                            ActionKind::receive_backward}) {
      line({.work = Work::message, .action = {kind}}) = {fmt::format("post {}", name(kind))};
      line({.work = Work::wait, .action = {kind}}) = {fmt::format("wait for {}", name(kind))};
    }
    if (pipeline.size() == 1) return;
    using passes::Border;
    add_messages(pipeline, ActionKind::send_forward, 1, &Border::sent, &Border::received);
    add_messages(pipeline, ActionKind::send_backward, -1, &Border::sent_cotangents,
                 &Border::received_cotangents);
  }

  /// Those of all stages of the rank that go towards later stages (1) or earlier ones (-1).
  void add_messages(const comm::Communicator& pipeline, ActionKind send, int direction,
                    std::vector<graph::ValueId> passes::Border::*sent,
                    std::vector<graph::ValueId> passes::Border::*received) {
    std::vector<Message> out, in;
    for (const passes::Border& border : program_.borders) {
      const Stage from = border.stage - direction;
      add_messages(out, border.*sent, border.stage + direction, {send, border.stage});
      add_messages(in, border.*received, from, {send, from});
    }
    const ActionKind receive =
        send == ActionKind::send_forward ? ActionKind::receive_forward : ActionKind::receive_backward;
    const double times = microbatches_, seconds = exchange_seconds(pipeline, out, in, trainer_.lane());
    if (in.empty()) return;
    Line& mine = line({.work = Work::wait, .action = {receive}});
    for (const Message& message : in) mine.cost.bytes += times * static_cast<double>(message.tensor.bytes());
    mine.floor = times * seconds;
  }

  void add_messages(std::vector<Message>& messages, const std::vector<graph::ValueId>& values, Stage partner,
                    const Action& send) const {
    const auto& rank_of_stage = trainer_.plan().training.schedule.rank_of_stage;
    const int stages = static_cast<int>(rank_of_stage.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      messages.push_back({rank_of_stage[partner],
                          {static_cast<int>(i) * stages + send.stage, static_cast<int>(channel_of(send))},
                          tensor(values[i])});
  }

  void add_reductions() {
    Line &buckets = line({.work = Work::bucket}), &agree = line({.work = Work::agree});
    line({.work = Work::wait, .action = {ActionKind::reduce_gradients}}) = {"wait for gradient buckets"};
    for (const exec::GradientReducer::Message& message : trainer_.engine().buckets()) {
      buckets.name = "gradient buckets";
      buckets.cost.bytes += static_cast<double>(message.gradients.shape.count() * size_of(message.sent));
      buckets.floor =
          buckets.floor.value_or(0) +
          sum_seconds(trainer_.grid().along(message.axes), message.gradients, message.sent, trainer_.lane());
    }
    agree = {"loss and norm over ranks"};
  }

  const session::Trainer& trainer_;
  const passes::Program& program_;
  const Rates& rates_;
  int microbatches_;
  Detail detail_;
  const Stopwatch& watch_;
  std::vector<Line> lines_;
  std::vector<maps::Block> loss_chunks_;
  std::map<std::vector<std::int64_t>, double> seconds_;
};

/// The steps of the middle half by time: what they have in common is the step, what the others have
/// is the machine.
std::vector<std::size_t> middle_half(const std::vector<double>& seconds) {
  std::vector<std::size_t> order(seconds.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t step) { return seconds[step]; });
  const auto quarter = static_cast<std::ptrdiff_t>(order.size() / 4);
  return {order.begin() + quarter, order.end() - quarter};
}

}  // namespace

MemoryUse larger(const MemoryUse& a, const MemoryUse& b) {
  MemoryUse most{std::max(a.planned, b.planned), std::max(a.allocated, b.allocated),
                 std::max(a.resident, b.resident), a.device ? a.device : b.device};
  if (a.device && b.device)
    most.device = {std::max(a.device->start, b.device->start), std::max(a.device->set_up, b.device->set_up),
                   std::max(a.device->end, b.device->end), std::max(a.device->total, b.device->total)};
  return most;
}

Budget budget(const session::Trainer& trainer, const Rates& rates, const Stopwatch& watch,
              const std::vector<double>& step_seconds, Detail detail) {
  const Lines lines(trainer, rates, watch, detail);
  const std::vector<std::size_t> steps = middle_half(step_seconds);
  const auto mean = [&](const auto& seconds_of) {
    double sum = 0;
    for (std::size_t step : steps) sum += seconds_of(step);
    return sum / static_cast<double>(steps.size());
  };
  std::map<std::string, BudgetRow> named;
  for (std::size_t slot = 0; slot < lines.all().size(); ++slot) {
    const Line& line = lines.all()[slot];
    const int calls = watch.steps().back()[slot].calls;
    if (calls == 0 || line.name.empty()) continue;
    BudgetRow& row = named[line.name];
    row.name = line.name;
    row.calls += line.continues ? 0 : calls;
    row.seconds += mean([&](std::size_t step) { return watch.steps()[step][slot].seconds; });
    row.cost += line.cost;
    if (line.floor) row.floor = row.floor.value_or(0) + *line.floor;
  }
  const PipelineRank pipeline_rank = trainer.plan().pipeline_rank(trainer.grid().rank());
  Budget budget{.rank = trainer.grid().rank(),
                .pipeline_rank = pipeline_rank,
                .stages = trainer.plan().stages(pipeline_rank),
                .rates = rates,
                .rows = {},
                .step = {.name = "step", .calls = 1}};
  for (const auto& [name, row] : named) budget.rows.push_back(row);
  std::ranges::stable_sort(budget.rows, std::greater{}, &BudgetRow::seconds);
  BudgetRow& step = budget.step;
  step.seconds = mean([&](std::size_t i) { return step_seconds[i]; });
  double rest = step.seconds;
  for (const BudgetRow& row : budget.rows) {
    rest -= row.seconds;
    step.cost += row.cost;
    step.floor = step.floor.value_or(0) + row.floor.value_or(0);
  }
  budget.rows.push_back({.name = "rest", .seconds = rest});
  return budget;
}

}  // namespace heddle::bench
