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

/// Calls start(piece) and waits, piece after piece: for a sum at once, the message library would take a workspace as large as
/// the tensor.
template <class Start>
void piece_by_piece(const Tensor& tensor, const std::string& action, Start&& start) {
  const std::int64_t most = (std::int64_t{16} << 20) / size_of(tensor.dtype), count = tensor.count();
  for (std::int64_t begin = 0; begin < count; begin += most) {
    void* data = static_cast<std::byte*>(tensor.data) + begin * size_of(tensor.dtype);
    comm::Request request = start(Tensor{data, tensor.dtype, {std::min(most, count - begin)}});
    comm::wait(request, {action});
  }
}

constexpr int first_holder = 0;

}  // namespace

void Optimizer::gradients_reduced(const schedule::Action& action) {
  action_ = action;
  lane_.fence();
  for (const Tie& tie : ties_) {
    const exec::Observed observed(observer_, piece(Work::agree));
    const auto p = std::ranges::find(parameters_, tie.name, &TrainedParameter::name);
    piece_by_piece(p->gradient, fmt::format("REDUCE_GRAD: sum of tied {}", tie.name),
                   [&](const Tensor& part) {
                     return tie.way == deck::Tied::transmit
                                ? start_reduce(*tie.holders, first_holder, part)
                                : start_all_reduce(*tie.holders, comm::Reduction::sum, part, part);
                   });
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

/// One sum for both numbers. `agree` waits for it.
void Optimizer::begin_to_agree(double squares, double loss) {
  sums_ = std::make_shared<std::vector<double>>(std::initializer_list<double>{squares, loss});
  agreed_ = comm::start_all_sum(world_, sums_);
}

void Optimizer::agree() {
  const exec::Observed observed(observer_, piece(Work::agree));
  comm::wait(agreed_, {"STEP: loss and gradient norm"});
  result_ = {.step = step_, .loss = sums_->back(), .gradient_norm = std::sqrt(sums_->front())};
}

void Optimizer::step(const schedule::Action& action) {
  action_ = action;
  const double squares = local_sum_of_squares(), loss = loss_.data ? exec::read_scalar(loss_) : 0.0;
  begin_to_agree(squares, loss);
  unsettled_ = true;
  updated_ = false;
  if (settings_.validate == deck::Validate::before) return decide();
  const bool promising = std::isfinite(squares) && std::isfinite(loss) && !clips(std::sqrt(squares));
  if (promising && !last_clipped_) update(1.0);
}

void Optimizer::settle() {
  if (!unsettled_) return;
  action_ = exec::no_action;
  decide();
}

void Optimizer::decide() {
  agree();
  unsettled_ = false;
  if (!std::isfinite(result_.loss) || !std::isfinite(result_.gradient_norm)) {
    if (updated_) take_back();
    throw Error(
        ExitCode::numbers,
        fmt::format("step {}: loss = {}, gradient norm = {}", step_ + 1, result_.loss, result_.gradient_norm),
        "training has diverged", "lower optimizer.rate or lengthen optimizer.warmup");
  }
  last_clipped_ = clips(result_.gradient_norm);
  const double scale = last_clipped_ ? settings_.clip / result_.gradient_norm : 1.0;
  if (!updated_ || scale != 1.0) update(scale);
  hand_on();
}

/// Of parameters that one rank steps for others.
void Optimizer::hand_on() {
  lane_.fence();
  for (const Tie& tie : ties_) {
    if (tie.way != deck::Tied::transmit) continue;
    const exec::Observed observed(observer_, piece(Work::agree));
    const auto p = std::ranges::find(parameters_, tie.name, &TrainedParameter::name);
    piece_by_piece(p->tensor, fmt::format("STEP: broadcast of tied {}", tie.name),
                   [&](const Tensor& part) { return start_broadcast(*tie.holders, first_holder, part); });
  }
}

void Optimizer::update(double scale) {
  const exec::Observed observed(observer_, piece(Work::update), &lane_);
  const double t = static_cast<double>(step_ + 1);
  kernels::AdamWStep adamw{.rate = rate_,
                           .beta1 = settings_.beta1,
                           .beta2 = settings_.beta2,
                           .epsilon = settings_.epsilon,
                           .gradient_scale = scale,
                           .bias_correction1 = 1 - std::pow(settings_.beta1, t),
                           .bias_correction2 = 1 - std::pow(settings_.beta2, t)};
  for (TrainedParameter& p : parameters_) {
    if (!p.stepped()) continue;
    adamw.weight_decay = p.initial.decay ? settings_.weight_decay : 0.0;
    update(p, adamw);
    agreed_.test();  // moves it on
  }
  updated_ = true;
}

void Optimizer::update(TrainedParameter& p, const kernels::AdamWStep& adamw) {
  const kernels::AdamWState state{p.tensor, p.first_moment, p.second_moment};
  if (updated_) return kernels::adamw(lane_, p.undo, p.gradient, state, {}, adamw);
  if (!unsettled_) return kernels::adamw(lane_, state, p.gradient, state, {}, adamw);
  kernels::adamw(lane_, state, p.gradient, {p.tensor, p.undo.m, p.undo.v}, p.undo.parameter, adamw);
  std::swap(p.first_moment, p.undo.m);
  std::swap(p.second_moment, p.undo.v);
}

void Optimizer::take_back() {
  const exec::Observed observed(observer_, piece(Work::undo), &lane_);
  for (TrainedParameter& p : parameters_) {
    if (!p.stepped()) continue;
    kernels::copy(lane_, p.undo.parameter, p.tensor);
    std::swap(p.first_moment, p.undo.m);
    std::swap(p.second_moment, p.undo.v);
  }
}

}  // namespace heddle::train
