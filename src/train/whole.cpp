#include "heddle/train/whole.hpp"

#include <vector>

#include "heddle/base/remainder.hpp"

namespace heddle::train {
namespace {

/// As many fp32 numbers as `held` has, of which `number(i)` is the i-th.
template <class Number>
Whole made(const Tensor& held, Number number) {
  return {{nullptr, DType::f32, held.shape}, [number](std::int64_t begin, const Tensor& to) {
            for (std::int64_t i = 0; i < to.count(); ++i) to.as<float>()[i] = number(begin + i);
          }};
}

/// What is bf16 as fp32.
Whole widened(const Tensor& held) {
  if (held.dtype != DType::bf16) return {held};
  return made(held, [all = held.as<BFloat16>()](std::int64_t i) { return static_cast<float>(all[i]); });
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

Whole whole(const TrainedParameter& parameter) {
  if (!parameter.remainder.data) return widened(parameter.tensor);
  return with_real(parameter.second_moment.dtype, [&](auto moment) {
    return made(parameter.tensor,
                [weight = parameter.tensor.as<BFloat16>(), low = parameter.remainder.as<std::int16_t>(),
                 v = parameter.second_moment.as<decltype(moment)>()](std::int64_t i) {
                  return whole_of(weight[i], {low[i], carry_of(static_cast<float>(v[i]))});
                });
  });
}

Whole whole_first_moment(const TrainedParameter& parameter) { return widened(parameter.first_moment); }

Whole whole_second_moment(const TrainedParameter& parameter) {
  if (!parameter.remainder.data) return widened(parameter.second_moment);
  return with_real(parameter.second_moment.dtype, [&](auto moment) {
    return made(parameter.second_moment,
                [v = parameter.second_moment.as<decltype(moment)>()](std::int64_t i) {
                  return with_carry(static_cast<float>(v[i]), false);
                });
  });
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
