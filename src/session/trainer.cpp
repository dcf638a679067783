#include "heddle/session/trainer.hpp"

#include <algorithm>

#include "heddle/comm/collectives.hpp"
#include "heddle/comm/subset.hpp"
#include "heddle/exec/host_copy.hpp"
#include "heddle/train/rate.hpp"

namespace heddle::session {

using maps::Axis;

Trainer::Trainer(const deck::Deck& deck, const plan::Plan& plan, comm::World& world, const exec::Clock& clock)
    : deck_(deck), plan_(plan), world_(world), clock_(clock), grid_(world, plan.grid) {
  const int pipeline_rank = grid_.coordinates()[Axis::pipeline];
  engine_.emplace(engine_input(plan.training, plan::training_program(plan, pipeline_rank)));
  exec::EngineInput evaluation = engine_input(plan.evaluation, plan::evaluation_program(plan, pipeline_rank));
  evaluation.lender = &engine_->arena();
  evaluation_.emplace(std::move(evaluation));

  make_ties();
  std::vector<train::Tie> ties;
  for (const TiedGroup& tie : ties_)
    if (tie.holders.size() > 1) ties.push_back({tie.name, &tie.holders, plan.tied});
  auto parameters = train::trained_parameters(engine_->program(), engine_->arena(), grid_,
                                              plan::held_before(plan.shares, pipeline_rank));
  for (const train::Parameter& parameter : parameters)
    train::initialise(parameter, static_cast<std::uint64_t>(deck.train.seed));
  optimizer_.emplace(deck.optimizer, std::move(parameters), std::move(ties), world.all(),
                     loss_share(*engine_));
}

exec::EngineInput Trainer::engine_input(const schedule::Schedule& schedule, passes::Program program) const {
  return {.program = std::move(program),
          .schedule = schedule,
          .grid = grid_,
          .world = world_,
          .clock = clock_,
          .rows = plan_.rows,
          .lookahead = plan_.lookahead,
          .bucket_bytes = static_cast<std::int64_t>(deck_.comm.bucket_mib) << 20,
          .packing =
              deck_.train.memory == deck::Memory::separate ? exec::Packing::separate : exec::Packing::arena,
          .update = plan_.update};
}

/// Every rank of a pipeline takes part in making each group, in one order.
void Trainer::make_ties() {
  const int pipeline_rank = grid_.coordinates()[Axis::pipeline];
  std::vector<std::string> names;
  for (int other = 0; other < static_cast<int>(plan_.shares.size()); ++other)
    for (const std::string& name : plan::tied(plan_.shares, other))
      if (!std::ranges::count(names, name)) names.push_back(name);
  for (const std::string& name : names) {
    const bool member = std::ranges::count(plan::holders(plan_.shares, name), pipeline_rank) > 0;
    ties_.push_back({name, comm::subset(grid_.along(Axis::pipeline),
                                        member ? comm::Membership::member : comm::Membership::outsider)});
  }
}

/// The loss lies whole on the tensor axis: its first rank counts it.
Tensor Trainer::loss_share(const exec::Engine& engine) const {
  const graph::ValueId loss = engine.program().loss;
  if (loss < 0 || grid_.coordinates()[Axis::tensor] != 0) return {};
  return engine.arena().tensor(loss, engine.program().graph[loss].dtype);
}

exec::RunState Trainer::state(std::int64_t step, exec::Observer* of_pieces) const {
  return {.sequence = deck_.train.sequence,
          .seed = static_cast<std::uint64_t>(deck_.train.seed),
          .step = static_cast<std::uint64_t>(step),
          .loss_scale = 1.0 / static_cast<double>(deck_.train.batch * deck_.train.sequence),
          .observer = of_pieces};
}

std::int64_t Trainer::sample_count() const { return deck_.train.batch / plan_.grid.extent(Axis::data); }
std::int64_t Trainer::first_sample() const { return grid_.coordinates()[Axis::data] * sample_count(); }

train::StepResult Trainer::step(std::int64_t step, const data::Batch& samples, exec::Observer* observer) {
  settle();
  observer_ = observer;
  if (observer) observer->step_begins(step);
  {
    const exec::Observed observed(of_pieces(), {.work = exec::Work::load});
    engine_->load("tokens", samples.inputs);
    engine_->load("targets", samples.targets);
  }
  optimizer_->begin_step(step, train::learning_rate(deck_.optimizer, step, deck_.train.steps), of_pieces());
  engine_->run_row(state(step, of_pieces()), deck_.train.batch, &*optimizer_, observer);
  if (!optimizer_->unsettled() && observer) observer->step_ended(optimizer_->result());
  return optimizer_->result();
}

train::StepResult Trainer::settle() {
  if (optimizer_->unsettled()) {
    optimizer_->settle();
    if (observer_) observer_->step_ended(optimizer_->result());
  }
  return optimizer_->result();
}

double Trainer::evaluate(const data::Batch& samples) {
  settle();
  evaluation_->load("tokens", samples.inputs);
  evaluation_->load("targets", samples.targets);
  evaluation_->run_row(state(0), deck_.train.batch, nullptr, nullptr);
  const Tensor share = loss_share(*evaluation_);
  return comm::all_sum(world_.all(), share.data ? exec::read_scalar(share) : 0.0, "loss of the evaluation");
}

}  // namespace heddle::session
