#include "heddle/kernels/layer_norm.hpp"

#include <cmath>

#include "pack.hpp"

namespace heddle::kernels {
namespace {

/// Columns that one team of the parameters' gradient takes: wider blocks, of two tensors and two running
/// sums, are slower.
constexpr std::int64_t parameter_block = 64;

struct Sizes {
  std::int64_t rows, width;
};

template <class T>
KOKKOS_INLINE_FUNCTION void normalize(const Team& team, std::int64_t width, const T* x, Compute<T> mean,
                                      Compute<T> rstd, const Compute<T>* weight, const Compute<T>* bias,
                                      T* y) {
  each_pack<Compute<T>>(
      team, width, [&](auto c) { c.store(y, (c.load(x) - mean) * rstd * c.load(weight) + c.load(bias)); });
}

template <class T>
void forward(const lanes::Lane& lane, Sizes sizes, const T* x, const Compute<T>* weight,
             const Compute<T>* bias, Compute<T> epsilon, T* y, Compute<T>* mean, Compute<T>* rstd) {
  using C = Compute<T>;
  const std::int64_t width = sizes.width;
  each_row(
      lane, "layer_norm", sizes.rows, KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const T* from = x + r * width;
        const C center =
            sum_packs<C>(team, width, [&](auto c) { return c.load(from); }) / static_cast<C>(width);
        const C squares = sum_packs<C>(team, width, [&](auto c) {
          const auto distance = c.load(from) - center;
          return distance * distance;
        });
        const C inverse = 1 / std::sqrt(squares / static_cast<C>(width) + epsilon);
        normalize(team, width, from, center, inverse, weight, bias, y + r * width);
        once(team, [&] {
          mean[r] = center;
          rstd[r] = inverse;
        });
      });
}

template <class T>
void apply(const lanes::Lane& lane, Sizes sizes, const T* x, const Compute<T>* weight, const Compute<T>* bias,
           const Compute<T>* mean, const Compute<T>* rstd, T* y) {
  const std::int64_t width = sizes.width;
  each_row(
      lane, "layer_norm_apply", sizes.rows, KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        normalize(team, width, x + r * width, mean[r], rstd[r], weight, bias, y + r * width);
      });
}

/// With g = dy weight and n = (x - mean) rstd:  dx = rstd (g - average(g) - n average(g n)).
template <class T>
void input_gradient(const lanes::Lane& lane, Sizes sizes, const T* dy, const T* x, const Compute<T>* weight,
                    const Compute<T>* mean, const Compute<T>* rstd, T* dx) {
  using C = Compute<T>;
  const std::int64_t width = sizes.width;
  each_row(
      lane, "layer_norm_input_gradient", sizes.rows, KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const T *gradient = dy + r * width, *from = x + r * width;
        T* to = dx + r * width;
        const C center = mean[r], inverse = rstd[r];
        const C g = sum_packs<C>(team, width, [&](auto c) { return c.load(gradient) * c.load(weight); });
        const C gn = sum_packs<C>(team, width, [&](auto c) {
          return c.load(gradient) * c.load(weight) * ((c.load(from) - center) * inverse);
        });
        const C average_g = g / static_cast<C>(width), average_gn = gn / static_cast<C>(width);
        each_pack<C>(team, width, [&](auto c) {
          const auto n = (c.load(from) - center) * inverse;
          c.store(to, inverse * (c.load(gradient) * c.load(weight) - average_g - n * average_gn));
        });
      });
}

template <class T>
void parameter_gradient(const lanes::Lane& lane, Sizes sizes, const T* dy, const T* x, const Compute<T>* mean,
                        const Compute<T>* rstd, Compute<T>* dweight, Compute<T>* dbias, bool adds) {
  using C = Compute<T>;
  const std::int64_t rows = sizes.rows, width = sizes.width;
  each_block(
      lane, "layer_norm_parameter_gradient", width, parameter_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        double weights[parameter_block], biases[parameter_block];
        each(team, n, [&](std::int64_t c) {
          weights[c] = adds ? dweight[first + c] : 0;
          biases[c] = adds ? dbias[first + c] : 0;
        });
        for (std::int64_t r = 0; r < rows; ++r) {
          const T *gradient = dy + r * width + first, *from = x + r * width + first;
          const C center = mean[r], inverse = rstd[r];
          each(team, n, [&](std::int64_t c) {
            weights[c] += gradient[c] * ((from[c] - center) * inverse);
            biases[c] += gradient[c];
          });
        }
        each(team, n, [&](std::int64_t c) {
          dweight[first + c] = static_cast<C>(weights[c]);
          dbias[first + c] = static_cast<C>(biases[c]);
        });
      });
}

Sizes sizes_of(const Tensor& x, const Tensor& weight, const Tensor& mean, const Tensor& rstd) {
  HEDDLE_EXPECT(weight.count() == columns(x) && mean.count() == x.shape[0] && rstd.count() == x.shape[0]);
  return {x.shape[0], columns(x)};
}

}  // namespace

void layer_norm(const lanes::Lane& lane, const Tensor& x, const Tensor& weight, const Tensor& bias,
                double epsilon, const Tensor& y, const Tensor& mean, const Tensor& rstd) {
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    forward<T>(lane, sizes_of(x, weight, mean, rstd), x.as<T>(), weight.as<Compute<T>>(),
               bias.as<Compute<T>>(), static_cast<Compute<T>>(epsilon), y.as<T>(), mean.as<Compute<T>>(),
               rstd.as<Compute<T>>());
  });
}

void layer_norm_apply(const lanes::Lane& lane, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& mean, const Tensor& rstd, const Tensor& y) {
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    apply<T>(lane, sizes_of(x, weight, mean, rstd), x.as<T>(), weight.as<Compute<T>>(), bias.as<Compute<T>>(),
             mean.as<Compute<T>>(), rstd.as<Compute<T>>(), y.as<T>());
  });
}

void layer_norm_input_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& x,
                               const Tensor& weight, const Tensor& mean, const Tensor& rstd,
                               const Tensor& dx) {
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    input_gradient<T>(lane, sizes_of(x, weight, mean, rstd), dy.as<T>(), x.as<T>(), weight.as<Compute<T>>(),
                      mean.as<Compute<T>>(), rstd.as<Compute<T>>(), dx.as<T>());
  });
}

void layer_norm_parameter_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& x,
                                   const Tensor& mean, const Tensor& rstd, const Tensor& dweight,
                                   const Tensor& dbias, Write write) {
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    parameter_gradient<T>(lane, sizes_of(x, dweight, mean, rstd), dy.as<T>(), x.as<T>(),
                          mean.as<Compute<T>>(), rstd.as<Compute<T>>(), dweight.as<Compute<T>>(),
                          dbias.as<Compute<T>>(), write == Write::accumulate);
  });
}

}  // namespace heddle::kernels
