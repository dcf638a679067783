#include "heddle/kernels/elementwise.hpp"

#include "pack.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void run_add(const lanes::Lane& lane, std::int64_t count, const T* a, const T* b, T* y) {
  each_block(
      lane, "add", count, element_block, KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each_place<T>(team, n, [&](auto i) { i.store(y + first, i.load(a + first) + i.load(b + first)); });
      });
}

template <class T>
void run_fill(const lanes::Lane& lane, std::int64_t count, T value, T* y) {
  each_block(
      lane, "fill", count, element_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each_place<T, T>(team, n, [&](auto i) { i.store(y + first, value); });
      });
}

template <class T>
void run_copy(const lanes::Lane& lane, std::int64_t count, const T* x, T* y) {
  each_block(
      lane, "copy", count, element_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each_place<T, T>(team, n, [&](auto i) { i.store(y + first, i.load(x + first)); });
      });
}

template <class From>
void run_narrow(const lanes::Lane& lane, std::int64_t count, const From* x, BFloat16* y) {
  each_block(
      lane, "convert", count, element_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each_place<From>(team, n, [&](auto i) { i.store(y + first, nearest_bfloat16(i.load(x + first))); });
      });
}

template <class From, class To>
void run_convert(const lanes::Lane& lane, std::int64_t count, const From* x, To* y) {
  using Computed = std::common_type_t<Compute<From>, Compute<To>>;
  using Wider = std::conditional_t<(sizeof(From) > sizeof(To)), From, To>;
  each_block(
      lane, "convert", count, element_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each_pack<Wider, Computed>(team, n, [&](auto i) { i.store(y + first, i.load(x + first)); });
      });
}

}  // namespace

void add(const lanes::Lane& lane, const Tensor& a, const Tensor& b, const Tensor& y) {
  HEDDLE_EXPECT(a.count() == b.count() && a.count() == y.count());
  with_real(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    run_add<T>(lane, y.count(), a.as<T>(), b.as<T>(), y.as<T>());
  });
}

void copy(const lanes::Lane& lane, const Tensor& x, const Tensor& y) {
  HEDDLE_EXPECT(x.count() == y.count() && x.dtype == y.dtype);
  if (y.dtype == DType::i16) return run_copy(lane, y.count(), x.as<std::int16_t>(), y.as<std::int16_t>());
  with_real(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    run_copy<T>(lane, y.count(), x.as<T>(), y.as<T>());
  });
}

void convert(const lanes::Lane& lane, const Tensor& x, const Tensor& y) {
  HEDDLE_EXPECT(x.count() == y.count());
  with_real(x.dtype, [&](auto from) {
    with_real(y.dtype, [&](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      if constexpr (std::is_same_v<To, BFloat16> && !std::is_same_v<From, BFloat16>)
        run_narrow(lane, y.count(), x.as<From>(), y.as<To>());
      else
        run_convert<From, To>(lane, y.count(), x.as<From>(), y.as<To>());
    });
  });
}

void fill(const lanes::Lane& lane, const Tensor& y, double value) {
  with_real(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    run_fill<T>(lane, y.count(), static_cast<T>(value), y.as<T>());
  });
}

}  // namespace heddle::kernels
