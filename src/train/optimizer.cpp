#include "heddle/train/optimizer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <utility>

namespace heddle::train {

using exec::Work;
using graph::Phase;

namespace {

/// A request between the nodes of a phase.
class MovesOn final : public exec::Follower {
 public:
  explicit MovesOn(comm::Request& request) : request_(request) {}
  bool count(int) override { return false; }
  void go_on() override { request_.test(); }

 private:
  comm::Request& request_;
};

}  // namespace

Optimizer::Optimizer(const deck::Optimizer& settings, exec::ProgramRunner& runner,
                     const comm::Communicator& ranks, Tensor loss, RunningLoss losses,
                     std::function<Votes()> votes)
    : settings_(settings),
      runner_(runner),
      ranks_(ranks),
      loss_(loss),
      votes_(std::move(votes)),
      losses_(losses) {}

void Optimizer::begin_step(std::int64_t step, double rate) {
  step_ = step;
  rate_ = rate;
  refusal_.reset();
}

/// Each gradient's square is taken by itself, and these are added in their order.
double Optimizer::local_sum_of_squares() {
  const graph::ValueId squares = runner_.program().squares;
  if (squares < 0) return 0;
  runner_.run(Phase::norm, state_);
  const Tensor numbers = runner_.tensor(squares);
  std::vector<double> host(static_cast<std::size_t>(numbers.count()));
  runner_.lane().copy_to_host(numbers, std::as_writable_bytes(std::span(host)));
  return std::accumulate(host.begin(), host.end(), 0.0);
}

/// One sum for all. `agree` waits for it.
void Optimizer::begin_to_agree(double squares, double loss) {
  const Votes votes = votes_ ? votes_() : Votes();
  sums_ = std::make_shared<std::vector<double>>(
      std::initializer_list<double>{squares, loss, votes.stop ? 1.0 : 0.0, votes.writes ? 1.0 : 0.0});
  agreed_ = comm::start_all_sum(ranks_, sums_);
}

void Optimizer::agree() {
  const exec::Observed observed(state_.observer, {.work = Work::agree, .action = state_.action});
  comm::wait(agreed_, {"STEP: loss and gradient norm"});
  const std::vector<double>& sums = *sums_;
  result_ = {.step = step_,
             .loss = sums[1],
             .gradient_norm = std::sqrt(sums[0]),
             .rate = rate_,
             .stop = sums[2] > 0,
             .writes = sums[3] > 0};
}

void Optimizer::step(const exec::RunState& state) {
  state_ = state;
  const double squares = local_sum_of_squares(), loss = loss_.data ? runner_.lane().read_scalar(loss_) : 0.0;
  begin_to_agree(squares, loss);
  unsettled_ = true;
  updated_ = false;
  if (settings_.validate == deck::Validate::before) return decide();
  const bool promising = std::isfinite(squares) && std::isfinite(loss) && !clips(std::sqrt(squares));
  if (promising && !last_clipped_) update(1.0);
}

void Optimizer::settle() {
  if (!unsettled_) return;
  state_.action = exec::no_action;
  decide();
}

std::optional<Refused> Optimizer::judge() const {
  const std::string what =
      fmt::format("step {}: loss = {}, gradient norm = {}", step_ + 1, result_.loss, result_.gradient_norm);
  if (!std::isfinite(result_.loss) || !std::isfinite(result_.gradient_norm))
    return Refused(what, "training has diverged");
  if (losses_.spikes(result_.loss))
    return Refused(what, fmt::format("the loss is more than train.spike = {} times its running mean, {:.4f}",
                                     losses_.spike(), losses_.mean()));
  return {};
}

void Optimizer::decide() {
  agree();
  unsettled_ = false;
  if (refusal_ = judge(); refusal_) {
    if (updated_) take_back();
    return;
  }
  losses_.add(result_.loss);
  last_clipped_ = clips(result_.gradient_norm);
  const double scale = last_clipped_ ? settings_.clip / result_.gradient_norm : 1.0;
  if (!updated_ || scale != 1.0) update(scale);
  runner_.run(Phase::hand_on, state_);
}

void Optimizer::update(double scale) {
  const double t = static_cast<double>(step_ + 1);
  state_.update = {.rate = rate_,
                   .beta1 = settings_.beta1,
                   .beta2 = settings_.beta2,
                   .epsilon = settings_.epsilon,
                   .weight_decay = settings_.weight_decay,
                   .gradient_scale = scale,
                   .bias_correction1 = 1 - std::pow(settings_.beta1, t),
                   .bias_correction2 = 1 - std::pow(settings_.beta2, t)};
  runner_.lane().await(std::exchange(state_kept_until_, {}));
  MovesOn agreeing(agreed_);
  runner_.run(updated_ ? Phase::redo : Phase::update, state_, &agreeing);
  if (!updated_) exchange_moments();
  updated_ = true;
}

void Optimizer::take_back() {
  runner_.run(Phase::take_back, state_);
  exchange_moments();
}

/// Where a step may be taken back it has written the new moments beside the old ones.
void Optimizer::exchange_moments() {
  for (const passes::Trained& trained : runner_.program().trained) {
    if (trained.spare.first < 0) continue;
    runner_.exchange(trained.moments.first, trained.spare.first);
    runner_.exchange(trained.moments.second, trained.spare.second);
  }
}

}  // namespace heddle::train
