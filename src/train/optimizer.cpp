#include "heddle/train/optimizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "heddle/exec/host_copy.hpp"
#include "heddle/kernels/adamw.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/kernels/sum_of_squares.hpp"

namespace heddle::train {

using exec::Work;

Optimizer::Optimizer(const deck::Optimizer& settings, std::vector<TrainedParameter> parameters,
                     std::vector<Tie> ties, const comm::Communicator& world, Tensor loss)
    : settings_(settings),
      parameters_(std::move(parameters)),
      ties_(std::move(ties)),
      world_(world),
      loss_(loss),
      square_memory_(static_cast<std::int64_t>(parameters_.size()) * size_of(DType::f64)) {}

void Optimizer::begin_step(std::int64_t step, double rate, exec::Observer* observer) {
  step_ = step;
  rate_ = rate;
  observer_ = observer;
}

namespace {

/// Since the sum is waited for here: at once, the message library would take a workspace as large as the tensor.
void sum_piece_by_piece(const comm::Communicator& holders, const Tensor& tensor, const std::string& action) {
  const std::int64_t most = (std::int64_t{16} << 20) / size_of(tensor.dtype), count = tensor.count();
  for (std::int64_t begin = 0; begin < count; begin += most) {
    void* data = static_cast<std::byte*>(tensor.data) + begin * size_of(tensor.dtype);
    const Tensor piece{data, tensor.dtype, {std::min(most, count - begin)}};
    comm::Request sum = start_all_reduce(holders, comm::Reduction::sum, piece, piece);
    comm::wait(sum, {action});
  }
}

}  // namespace

void Optimizer::gradients_reduced(const schedule::Action& action) {
  action_ = action;
  lane_.fence();
  const exec::Observed observed(observer_, piece(Work::agree));
  for (const Tie& tie : ties_) {
    const auto p = std::ranges::find(parameters_, tie.name, &TrainedParameter::name);
    sum_piece_by_piece(*tie.holders, p->gradient, fmt::format("REDUCE_GRAD: sum of tied {}", tie.name));
  }
}

/// Each parameter's square is taken by itself and these are added in their order.
double Optimizer::local_sum_of_squares() {
  const exec::Observed observed(observer_, piece(Work::norm), &lane_);
  const Tensor squares{square_memory_.data(), DType::f64, {static_cast<std::int64_t>(parameters_.size())}};
  kernels::fill(lane_, squares, 0.0);
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i].owner)
      kernels::sum_of_squares(lane_, parameters_[i].gradient, {squares.as<double>() + i, DType::f64, {}});
  lane_.fence();
  std::vector<double> host(parameters_.size());
  exec::copy_to_host(squares, std::as_writable_bytes(std::span(host)));
  return std::accumulate(host.begin(), host.end(), 0.0);
}

void Optimizer::agree(double squares, double loss) {
  const exec::Observed observed(observer_, piece(Work::agree));
  result_.step = step_;
  result_.gradient_norm = std::sqrt(comm::all_sum(world_, squares, "STEP: gradient norm"));
  result_.loss = comm::all_sum(world_, loss, "STEP: loss");
}

void Optimizer::step(const schedule::Action& action) {
  action_ = action;
  agree(local_sum_of_squares(), loss_.data ? exec::read_scalar(loss_) : 0.0);
  if (!std::isfinite(result_.loss) || !std::isfinite(result_.gradient_norm))
    throw Error(
        ExitCode::numbers,
        fmt::format("step {}: loss = {}, gradient norm = {}", step_ + 1, result_.loss, result_.gradient_norm),
        "training has diverged", "lower optimizer.rate or lengthen optimizer.warmup");
  update();
}

void Optimizer::update() {
  const exec::Observed observed(observer_, piece(Work::update), &lane_);
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
