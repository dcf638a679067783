// The plain meaning of elementwise.hpp and sum_of_squares.hpp.
#include "heddle/kernels/reference.hpp"

namespace heddle::kernels::reference {

Vector add(const Vector& a, const Vector& b) {
  Vector y = a;
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += b[i];
  return y;
}

double sum_of_squares(const Vector& x) {
  long double sum = 0;  // of very many: in double its own error would be the larger one
  for (double value : x) sum += value * value;
  return static_cast<double>(sum);
}

}  // namespace heddle::kernels::reference
