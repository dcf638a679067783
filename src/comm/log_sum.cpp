#include "log_sum.hpp"

#include <cmath>

namespace heddle::comm {
namespace {

/// Symmetric to the last bit, so that every rank of an all-reduce gets the same; -infinity is the
/// log of nothing.
template <class T>
T log_of_sum(T a, T b) {
  const T distance = a == b ? T(0) : -std::abs(a - b);
  return (a > b ? a : b) + std::log1p(std::exp(distance));
}

template <class T>
void add_up(const void* in, void* inout, int count) {
  const T* a = static_cast<const T*>(in);
  T* b = static_cast<T*>(inout);
  for (int i = 0; i < count; ++i) b[i] = log_of_sum(a[i], b[i]);
}

void add_up_of_type(void* in, void* inout, int* count, MPI_Datatype* type) {
  if (*type == MPI_FLOAT)
    add_up<float>(in, inout, *count);
  else
    add_up<double>(in, inout, *count);
}

}  // namespace

MPI_Op log_sum_op() {
  static const MPI_Op op = [] {
    MPI_Op created = MPI_OP_NULL;
    check(MPI_Op_create(add_up_of_type, 1, &created), "MPI_Op_create");
    return created;
  }();
  return op;
}

}  // namespace heddle::comm
