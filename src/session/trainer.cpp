#include "heddle/session/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "heddle/base/target.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/comm/message_memory.hpp"
#include "heddle/comm/watch_over.hpp"
#include "heddle/kernels/product_library.hpp"
#include "heddle/lanes/range.hpp"
#include "heddle/maps/local.hpp"
#include "heddle/train/rate.hpp"

namespace heddle::session {

using maps::Axis;

namespace {

/// Of both schedules, which send on the same ones. None where one of them has no order of calls.
std::set<comm::Channel> channels(const plan::Plan& plan) {
  std::set<comm::Channel> all;
  for (const plan::Execution* execution : {&plan.training, &plan.evaluation}) {
    if (!execution->calls) return {};
    for (const auto& [from, to, number] : execution->calls->channels)
      all.insert({from, to, static_cast<int>(number)});
  }
  return all;
}

}  // namespace

Options options_of(const deck::Deck& deck) {
  return {
      .optimizer = deck.optimizer,
      .steps = deck.train.steps,
      .seed = static_cast<std::uint64_t>(deck.train.seed),
      .packing = deck.train.memory == deck::Memory::separate ? exec::Packing::separate : exec::Packing::arena,
      .products = kernels::product_library(),
      .spike = deck.train.spike};
}

Trainer::Trainer(Options options, const plan::Plan& plan, const comm::Communicator& ranks,
                 const exec::Clock& clock, lanes::Lane lane)
    : options_(std::move(options)),
      plan_(plan),
      ranks_(ranks),
      clock_(clock),
      lane_(std::move(lane)),
      grid_(ranks, plan.grid(), plan::axis_sets(plan)) {
  comm::watch_over(lane_, ranks);
  for (const plan::Tie& tie : plan.ties)
    grid_.make_group(Axis::pipeline, {tie.holders.begin(), tie.holders.end()});
  if (plan.grid().extent(Axis::pipeline) > 1) grid_.open_channels(Axis::pipeline, channels(plan));
  // Before there is an arena, so that what is timed finds memory.
  if (options_.products)
    products_ = choose_products(*options_.products, plan, ranks, grid_.rank(), options_.earlier_products);
  engine_.emplace(engine_input(plan.training));
  exec::EngineInput evaluation = engine_input(plan.evaluation);
  evaluation.lender = &engine_->arena();
  evaluation_.emplace(evaluation);
  for (const train::TrainedParameter& one : parameters()) train::initialise(one, options_.seed, lane_);
  optimizer_.emplace(options_.optimizer, engine_->runner(), ranks, loss_share(*engine_),
                     train::RunningLoss(options_.spike), options_.votes);
  provide_message_memory();
}

plan::Carriers Trainer::carriers() const {
  using enum plan::Carrying;
  const plan::Carrying hosts = lane_.shares_memory()                      ? host
                               : comm::by_device_aware_mpi(ranks_, lane_) ? aware
                                                                          : staged;
  return {.maps = comm::by_device(ranks_, lane_) ? device : hosts,
          .stages = grid_.has_channels(Axis::pipeline, lane_) ? device : hosts,
          .hosts = hosts};
}

/// So that no step allocates any.
void Trainer::provide_message_memory() {
  const plan::MessageMemory memory = plan::message_memory(plan_, grid_.rank(), carriers());
  for (const auto& [axes, bytes, count, among] : memory.landing)
    comm::provide_landing(grid_.group(axes, among), lane_, bytes, count);
  for (const plan::MessageRooms& rooms : memory.staged)
    comm::provide_staging(ranks_, lane_, rooms.bytes, rooms.count);
  message_bytes_ = plan::bytes_of(memory.landing);
}

std::vector<train::TrainedParameter> Trainer::parameters() {
  handed_out_ = true;
  return std::as_const(*this).parameters();
}

std::vector<train::TrainedParameter> Trainer::parameters() const {
  return train::trained_parameters(engine_->program(), engine_->arena(), grid_,
                                   plan::held_before(plan_, plan_.pipeline_rank(grid_.rank())));
}

Tensor Trainer::state_tensor(std::string_view name) {
  handed_out_ = true;
  return std::as_const(*this).state_tensor(name);
}

Tensor Trainer::state_tensor(std::string_view name) const {
  const auto& values = engine_->program().graph.values;
  const auto found = std::ranges::find_if(
      values, [&](const graph::Value& value) { return value.name == name && graph::is_kept(value.role); });
  HEDDLE_EXPECT(found != values.end());
  return engine_->arena().tensor(static_cast<graph::ValueId>(found - values.begin()), found->dtype);
}

exec::EngineInput Trainer::engine_input(const plan::Execution& execution) const {
  return {.plan = plan_,
          .execution = execution,
          .grid = grid_,
          .clock = clock_,
          .lane = lane_,
          .packing = options_.packing};
}

/// Where the loss lies whole along an axis, the first rank counts it.
Tensor Trainer::loss_share(const exec::Engine& engine) const {
  const graph::ValueId loss = engine.program().loss;
  if (loss < 0 || !maps::owns(engine.program().graph[loss].layout, plan_.grid(), grid_.rank())) return {};
  return engine.arena().tensor(loss, engine.program().graph[loss].dtype);
}

exec::RunState Trainer::state(std::int64_t step, exec::Observer* of_pieces) const {
  return {.seed = options_.seed,
          .step = static_cast<std::uint64_t>(step),
          .loss_scale = 1.0 / static_cast<double>(plan_.options.train.batch * plan_.options.train.sequence),
          .observer = of_pieces};
}

maps::Block Trainer::samples() const {
  return maps::local_box({plan_.options.train.batch}, maps::input_layout(), plan_.grid(), grid_.rank())[0];
}

train::StepResult Trainer::step(std::int64_t step, const data::Batch& samples, exec::Observer* observer) {
  const lanes::Range range(lane_, [&] { return fmt::format("step {}", step + 1); });
  settle();
  observer_ = observer;
  if (observer) observer->step_begins(step);
  {
    const exec::Observed observed(of_pieces(), {.work = exec::Work::load});
    engine_->load("tokens", samples.inputs);
    engine_->load("targets", samples.targets);
  }
  if (std::exchange(handed_out_, false))
    engine_->runner().run(graph::Phase::refresh, state(step, of_pieces()));
  optimizer_->begin_step(step, train::learning_rate(options_.optimizer, step, options_.steps));
  engine_->run_row(state(step, of_pieces()), &*optimizer_, observer);
  if (!optimizer_->unsettled()) end_step();
  return optimizer_->result();
}

/// Of one that is settled.
void Trainer::end_step() {
  if (optimizer_->refusal()) throw train::Refused(*optimizer_->refusal());
  if (exec::Observer* const observer = std::exchange(observer_, nullptr))
    observer->step_ended(optimizer_->result());
}

train::StepResult Trainer::settle() {
  if (optimizer_->unsettled()) {
    optimizer_->settle();
    end_step();
  }
  return optimizer_->result();
}

double Trainer::evaluate(const data::Batch& samples) {
  settle();
  evaluation_->load("tokens", samples.inputs);
  evaluation_->load("targets", samples.targets);
  evaluation_->run_row(state(0), nullptr, nullptr);
  const Tensor share = loss_share(*evaluation_);
  const double loss =
      comm::all_sum(ranks_, share.data ? lane_.read_scalar(share) : 0.0, "loss of the evaluation");
  const double counted = counted_targets(samples);
  HEDDLE_EXPECT(counted > 0);
  const deck::Train& train = plan_.options.train;
  return loss * (static_cast<double>(train.batch * train.sequence) / counted);
}

/// Of the whole grid: the ranks that share samples count them once.
double Trainer::counted_targets(const data::Batch& samples) const {
  const bool first =
      maps::owns(maps::input_layout(), plan_.grid(), grid_.rank()) && plan_.pipeline_rank(grid_.rank()) == 0;
  const auto ignored = std::ranges::count(samples.targets, ignored_target);
  const auto mine = static_cast<double>(static_cast<std::int64_t>(samples.targets.size()) - ignored);
  return comm::all_sum(ranks_, first ? mine : 0.0, "targets of the evaluation");
}

}  // namespace heddle::session
