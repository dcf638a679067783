#include "norm_row.hpp"
#include "row_sums.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void apply(const lanes::Lane& lane, NormSizes sizes, const T* x, const Compute<T>* weight,
           const Compute<T>* bias, const Compute<T>* mean, const Compute<T>* rstd, T* y) {
  const std::int64_t width = sizes.width;
  each_row(
      lane, "layer_norm_apply", sizes.rows, KOKKOS_LAMBDA(const Warp& warp, std::int64_t r) {
        normalize(warp, width, x + r * width, mean[r], rstd[r], weight, bias, y + r * width);
      });
}

/// With g = dy weight and n = (x - mean) rstd:  dx = rstd (g - average(g) - n average(g n)).
template <class T>
void input_gradient(const lanes::Lane& lane, NormSizes sizes, const T* dy, const T* x,
                    const Compute<T>* weight, const Compute<T>* mean, const Compute<T>* rstd, T* dx) {
  using C = Compute<T>;
  const std::int64_t width = sizes.width;
  each_row(
      lane, "layer_norm_input_gradient", sizes.rows, KOKKOS_LAMBDA(const Warp& warp, std::int64_t r) {
        const T *gradient = dy + r * width, *from = x + r * width;
        T* to = dx + r * width;
        const C center = mean[r], inverse = rstd[r];
        const C g = sum_packs<T>(warp, width, [&](auto c) { return c.load(gradient) * c.load(weight); });
        const C gn = sum_packs<T>(warp, width, [&](auto c) {
          return c.load(gradient) * c.load(weight) * ((c.load(from) - center) * inverse);
        });
        const C average_g = g / static_cast<C>(width), average_gn = gn / static_cast<C>(width);
        each_pack<T>(warp, width, [&](auto c) {
          const auto n = (c.load(from) - center) * inverse;
          c.store(to, inverse * (c.load(gradient) * c.load(weight) - average_g - n * average_gn));
        });
      });
}

/// Of an element: what it adds to the gradient of the weight, and of the bias.
template <class T>
struct ParameterTerms {
  using AreElements = std::false_type;
  const T *dy, *x;
  const Compute<T>*mean, *rstd;
  std::int64_t width;

  KOKKOS_FORCEINLINE_FUNCTION auto operator()(std::int64_t r, std::int64_t first) const {
    const std::int64_t begin = r * width + first;
    return [gradient = dy + begin, from = x + begin, center = mean[r], inverse = rstd[r]](auto at) {
      const auto g = at.load(gradient);
      return std::array{g * ((at.load(from) - center) * inverse), g};
    };
  }
};

}  // namespace

void layer_norm(const lanes::Lane& lane, const Tensor& x, const Tensor& weight, const Tensor& bias,
                double epsilon, const Tensor& y, const Tensor& mean, const Tensor& rstd) {
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    each_row(lane, "layer_norm", x.shape[0], norm_row<T>(x, weight, bias, epsilon, y, mean, rstd));
  });
}

void layer_norm_apply(const lanes::Lane& lane, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& mean, const Tensor& rstd, const Tensor& y) {
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    apply<T>(lane, norm_sizes(x, weight, mean, rstd), x.as<T>(), weight.as<Compute<T>>(),
             bias.as<Compute<T>>(), mean.as<Compute<T>>(), rstd.as<Compute<T>>(), y.as<T>());
  });
}

void layer_norm_input_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& x,
                               const Tensor& weight, const Tensor& mean, const Tensor& rstd,
                               const Tensor& dx) {
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    input_gradient<T>(lane, norm_sizes(x, weight, mean, rstd), dy.as<T>(), x.as<T>(), weight.as<Compute<T>>(),
                      mean.as<Compute<T>>(), rstd.as<Compute<T>>(), dx.as<T>());
  });
}

void layer_norm_parameter_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& x,
                                   const Tensor& mean, const Tensor& rstd, const Tensor& dweight,
                                   const Tensor& dbias, Write write) {
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Compute<T>;
    const auto [rows, width] = norm_sizes(x, dweight, mean, rstd);
    const ParameterTerms<T> terms{dy.as<T>(), x.as<T>(), mean.as<C>(), rstd.as<C>(), width};
    sum_rows<T>(lane, "layer_norm_parameter_gradient", rows, width, {terms.dy, terms.x}, terms,
                std::array{dweight.as<C>(), dbias.as<C>()}, write);
  });
}

}  // namespace heddle::kernels
