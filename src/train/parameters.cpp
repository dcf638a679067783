#include "heddle/train/parameters.hpp"

#include <algorithm>

#include "heddle/base/random.hpp"
#include "heddle/base/remainder.hpp"
#include "heddle/kernels/adamw.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/kernels/fill_normal.hpp"
#include "heddle/lanes/memory.hpp"
#include "heddle/maps/local.hpp"

namespace heddle::train {

namespace {

Parameter parameter(graph::ValueId id, const passes::Program& program, const exec::Arena& arena,
                    const comm::CartesianGrid& grid, const std::vector<std::string>& held_before) {
  const graph::Value& value = program.graph[id];
  return {.name = value.name,
          .global = value.shape,
          .box = maps::local_box(value.shape, value.layout, grid.shape(), grid.rank()),
          .initial = value.initial,
          .value = id,
          .tensor = arena.tensor(id, value.dtype),
          .owner = maps::owns(value.layout, grid.shape(), grid.rank()) &&
                   !std::ranges::count(held_before, value.name)};
}

void fill(const Parameter& parameter, const Tensor& tensor, std::uint64_t seed, const lanes::Lane& lane) {
  if (parameter.initial.kind == graph::Initial::Kind::constant)
    return kernels::fill(lane, tensor, parameter.initial.value);
  kernels::fill_normal(lane, tensor, random_key(parameter.name, seed), parameter.initial.value,
                       {parameter.global, parameter.box.origin()});
}

/// As many fp32 numbers as the tensor has.
lanes::OnHost wide_like(const Tensor& tensor) {
  const lanes::Memory memory(tensor.count() * size_of(DType::f32));
  return {{memory.data(), DType::f32, tensor.shape}, lanes::owner_of(memory.data())};
}

/// What is bf16 as fp32.
lanes::OnHost widened(lanes::OnHost held) {
  if (held.tensor.dtype != DType::bf16) return held;
  lanes::OnHost wide = wide_like(held.tensor);
  std::copy_n(held.tensor.as<BFloat16>(), wide.tensor.count(), wide.tensor.as<float>());
  return wide;
}

/// So many rows of tensors, from `first` on.
class Rows {
 public:
  Rows(const lanes::Lane& lane, std::int64_t first, std::int64_t count)
      : lane_(lane), first_(first), count_(count) {}

  /// `number(i)` is the i-th of these rows'.
  template <class Number>
  void set(const Tensor& whole, Number&& number) const {
    if (whole.dtype == DType::i16) return put<std::int16_t>(whole, number);
    with_real(whole.dtype, [&](auto zero) { put<decltype(zero)>(whole, number); });
  }

 private:
  template <class T, class Number>
  void put(const Tensor& whole, Number&& number) const {
    Tensor rows = whole;
    rows.shape[0] = count_;
    const std::int64_t before = whole.count() / whole.shape[0] * first_;
    rows.data = static_cast<std::byte*>(whole.data) + before * size_of(whole.dtype);
    std::vector<T> host(static_cast<std::size_t>(rows.count()));
    for (std::size_t i = 0; i < host.size(); ++i) host[i] = nearest<T>(number(i));
    lane_.copy_from_host(std::as_bytes(std::span(host)), rows);
  }

  const lanes::Lane& lane_;
  std::int64_t first_, count_;
};

}  // namespace

std::vector<Parameter> parameters(const passes::Program& program, const exec::Arena& arena,
                                  const comm::CartesianGrid& grid,
                                  const std::vector<std::string>& held_before) {
  std::vector<Parameter> all;
  for (std::size_t id = 0; id < program.graph.values.size(); ++id)
    if (program.graph.values[id].role == graph::Role::parameter)
      all.push_back(parameter(static_cast<graph::ValueId>(id), program, arena, grid, held_before));
  return all;
}

std::vector<TrainedParameter> trained_parameters(const passes::Program& program, const exec::Arena& arena,
                                                 const comm::CartesianGrid& grid,
                                                 const std::vector<std::string>& held_before) {
  std::vector<TrainedParameter> all;
  const auto tensor = [&](graph::ValueId id) {
    return id < 0 ? Tensor{} : arena.tensor(id, program.graph[id].dtype);
  };
  for (const passes::Trained& trained : program.trained)
    all.push_back({parameter(trained.parameter, program, arena, grid, held_before), tensor(trained.gradient),
                   tensor(trained.moments.first), tensor(trained.moments.second), tensor(trained.remainder)});
  return all;
}

void initialise(const TrainedParameter& parameter, std::uint64_t seed, const lanes::Lane& lane) {
  if (!parameter.remainder.data) return fill(parameter, parameter.tensor, seed, lane);
  fill(parameter, parameter.gradient, seed, lane);
  kernels::split(lane, parameter.gradient,
                 {parameter.tensor, parameter.first_moment, parameter.second_moment, parameter.remainder});
}

lanes::OnHost whole(const lanes::Lane& lane, const TrainedParameter& parameter) {
  const lanes::OnHost weight = lane.on_host(parameter.tensor);
  if (!parameter.remainder.data) return widened(weight);
  const lanes::OnHost rest = lane.on_host(parameter.remainder), v = lane.on_host(parameter.second_moment);
  lanes::OnHost all = wide_like(weight.tensor);
  with_real(v.tensor.dtype, [&](auto moment) {
    for (std::int64_t i = 0; i < all.tensor.count(); ++i)
      all.tensor.as<float>()[i] =
          whole_of(weight.tensor.as<BFloat16>()[i],
                   {rest.tensor.as<std::int16_t>()[i],
                    carry_of(static_cast<float>(v.tensor.as<decltype(moment)>()[i]))});
  });
  return all;
}

lanes::OnHost whole_first_moment(const lanes::Lane& lane, const TrainedParameter& parameter) {
  return widened(lane.on_host(parameter.first_moment));
}

lanes::OnHost whole_second_moment(const lanes::Lane& lane, const TrainedParameter& parameter) {
  const lanes::OnHost v = lane.on_host(parameter.second_moment);
  if (!parameter.remainder.data) return widened(v);
  lanes::OnHost all = wide_like(v.tensor);
  with_real(v.tensor.dtype, [&](auto moment) {
    std::transform(v.tensor.as<decltype(moment)>(), v.tensor.as<decltype(moment)>() + v.tensor.count(),
                   all.tensor.as<float>(), [](float x) { return with_carry(x, false); });
  });
  return all;
}

void take(const lanes::Lane& lane, const TrainedParameter& parameter, const WholeRows& rows) {
  const Rows to(lane, rows.first, rows.parameter.shape[0]);
  with_compute(rows.parameter.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T *p = rows.parameter.as<T>(), *m = rows.first_moment.as<T>(), *v = rows.second_moment.as<T>();
    to.set(parameter.tensor, [&](auto i) { return p[i]; });
    if (!parameter.stepped()) return;
    to.set(parameter.first_moment, [&](auto i) { return m[i]; });
    if (!parameter.remainder.data) return to.set(parameter.second_moment, [&](auto i) { return v[i]; });
    const auto rest = [&](auto i) { return remainder_of(static_cast<float>(p[i])); };
    to.set(parameter.remainder, [&](auto i) { return rest(i).low; });
    to.set(parameter.second_moment,
           [&](auto i) { return with_carry(static_cast<float>(v[i]), rest(i).carry); });
  });
}

}  // namespace heddle::train
