// The plain meaning of fill_normal.hpp.
#include "heddle/base/random.hpp"
#include "heddle/kernels/reference.hpp"

namespace heddle::kernels::reference {

Vector fill_normal(const Shape& shape, std::uint64_t key, double std, const Box& box) {
  Vector y(shape.count());
  for (Int flat = 0; flat < shape.count(); ++flat) {
    Int global = 0;
    for (int dim = 0; dim < shape.rank(); ++dim) {
      const Int local = flat / shape.count(dim + 1, shape.rank()) % shape[dim];
      global += (box.begin[dim] + local) * box.global.count(dim + 1, shape.rank());
    }
    y[flat] = std * normal_at(key, 0, global);
  }
  return y;
}

}  // namespace heddle::kernels::reference
