#include "heddle/train/optimizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "heddle/exec/host_copy.hpp"
#include "heddle/kernels/adamw.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/kernels/sum_of_squares.hpp"

namespace heddle::train {

Optimizer::Optimizer(const deck::Optimizer& settings, std::vector<TrainedParameter> parameters,
                     std::vector<Tie> ties, const comm::Communicator& world, Tensor loss)
    : settings_(settings),
      parameters_(std::move(parameters)),
      ties_(std::move(ties)),
      world_(world),
      loss_(loss),
      sum_memory_(size_of(DType::f64)) {}

void Optimizer::begin_step(std::int64_t step, double rate) {
  step_ = step;
  rate_ = rate;
}

void Optimizer::gradients_reduced() {
  lane_.fence();
  for (const Tie& tie : ties_) {
    const auto p = std::ranges::find(parameters_, tie.name, &TrainedParameter::name);
    comm::Request sum = start_all_reduce(*tie.holders, comm::Reduction::sum, p->gradient, p->gradient);
    comm::wait(sum, {fmt::format("REDUCE_GRAD: sum of tied {}", tie.name)});
  }
}

double Optimizer::local_sum_of_squares() {
  const Tensor sum{sum_memory_.data(), DType::f64, {}};
  kernels::fill(lane_, sum, 0.0);
  for (const TrainedParameter& p : parameters_)
    if (p.owner) kernels::sum_of_squares(lane_, p.gradient, sum, kernels::Write::accumulate);
  lane_.fence();
  return exec::read_scalar(sum);
}

void Optimizer::step() {
  const double loss = loss_.data ? exec::read_scalar(loss_) : 0.0;
  result_.gradient_norm = std::sqrt(comm::all_sum(world_, local_sum_of_squares(), "STEP: gradient norm"));
  result_.loss = comm::all_sum(world_, loss, "STEP: loss");
  if (!std::isfinite(result_.loss) || !std::isfinite(result_.gradient_norm))
    throw Error(
        ExitCode::numbers,
        fmt::format("step {}: loss = {}, gradient norm = {}", step_, result_.loss, result_.gradient_norm),
        "training has diverged", "lower optimizer.rate or lengthen optimizer.warmup");

  const bool clips = settings_.clip > 0 && result_.gradient_norm > settings_.clip;
  const double t = static_cast<double>(step_ + 1);
  kernels::AdamWStep adamw{.rate = rate_,
                           .beta1 = settings_.beta1,
                           .beta2 = settings_.beta2,
                           .epsilon = settings_.epsilon,
                           .gradient_scale = clips ? settings_.clip / result_.gradient_norm : 1.0,
                           .bias_correction1 = 1 - std::pow(settings_.beta1, t),
                           .bias_correction2 = 1 - std::pow(settings_.beta2, t)};
  for (const TrainedParameter& p : parameters_) {
    adamw.weight_decay = p.initial.decay ? settings_.weight_decay : 0.0;
    kernels::adamw(lane_, p.tensor, p.gradient, p.first_moment, p.second_moment, adamw);
  }
}

}  // namespace heddle::train
