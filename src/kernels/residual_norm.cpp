#include "heddle/kernels/residual_norm.hpp"

#include "norm_row.hpp"
#include "residual_row.hpp"

namespace heddle::kernels {
namespace {

// A warp reads the sum that it has just written, a row's last elements by another lane: Kokkos ends loops over vector lanes, and `once`, with
// a barrier of the warp, which orders its lanes' memory.
template <class T>
void run(const lanes::Lane& lane, std::int64_t rows, const ResidualRow<T>& add, const NormRow<T>& norm) {
  each_row(
      lane, "residual_norm", rows, KOKKOS_LAMBDA(const Warp& warp, std::int64_t r) {
        add(warp, r);
        norm(warp, r);
      });
}

}  // namespace

void residual_norm(const lanes::Lane& lane, const ResidualSum& added, const NormOfSum& norm) {
  with_real(added.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    run(lane, added.x.shape[0], residual_row<T>(added.x, added.branch, added.bias, added.dropout, added.sum),
        norm_row<T>(added.sum, norm.weight, norm.bias, norm.epsilon, norm.y, norm.mean, norm.rstd));
  });
}

}  // namespace heddle::kernels
