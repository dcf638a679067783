#include "heddle/kernels/column_sum.hpp"

#include "row_sums.hpp"

namespace heddle::kernels {
namespace {

template <class T>
struct Elements {
  using AreElements = std::true_type;
  const T* dy;
  std::int64_t width;

  KOKKOS_FORCEINLINE_FUNCTION auto operator()(std::int64_t r, std::int64_t first) const {
    return [row = dy + r * width + first](auto at) { return std::array{at.load(row)}; };
  }
};

}  // namespace

void column_sum(const lanes::Lane& lane, const Tensor& dy, const Tensor& db, Write write) {
  HEDDLE_EXPECT(db.count() == columns(dy));
  with_real(dy.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = dy.as<T>();
    sum_rows<T>(lane, "column_sum", dy.shape[0], columns(dy), {from}, Elements<T>{from, columns(dy)},
                std::array{db.as<Compute<T>>()}, write);
  });
}

}  // namespace heddle::kernels
