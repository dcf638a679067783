#include "log_sum.hpp"

#include "heddle/lanes/log_add.hpp"

namespace heddle::comm {
namespace {

template <class T>
void add_up(const void* in, void* inout, int count) {
  const T* a = static_cast<const T*>(in);
  T* b = static_cast<T*>(inout);
  for (int i = 0; i < count; ++i) b[i] = lanes::log_add(a[i], b[i]);
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
