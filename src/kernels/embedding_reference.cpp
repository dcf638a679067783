// The plain meaning of embedding.hpp and position.hpp.
#include "heddle/kernels/reference.hpp"

namespace heddle::kernels::reference {

Vector embedding(const Vector& table, const Tokens& tokens, Int first_token, Int columns) {
  const Int rows = static_cast<Int>(tokens.size()), held = static_cast<Int>(table.size()) / columns;
  Vector y(rows * columns, 0.0);
  for (Int r = 0; r < rows; ++r) {
    const Int t = tokens[r] - first_token;
    for (Int c = 0; c < columns && t >= 0 && t < held; ++c) y[r * columns + c] = table[t * columns + c];
  }
  return y;
}

Vector embedding_gradient(const Vector& dy, const Tokens& tokens, Int first_token, Int held, Int columns) {
  Vector dtable(held * columns, 0.0);
  for (Int r = 0; r < static_cast<Int>(tokens.size()); ++r) {
    const Int t = tokens[r] - first_token;
    for (Int c = 0; c < columns && t >= 0 && t < held; ++c) dtable[t * columns + c] += dy[r * columns + c];
  }
  return dtable;
}

Vector add_position(const Vector& x, const Vector& table, Int first_row, Int sequence, Int columns) {
  Vector y = x;
  for (Int i = 0; i < static_cast<Int>(y.size()); ++i) {
    const Int position = (first_row + i / columns) % sequence;
    y[i] += table[position * columns + i % columns];
  }
  return y;
}

Vector position_gradient(const Vector& dy, Int first_row, Int sequence, Int positions, Int columns) {
  Vector dtable(positions * columns, 0.0);
  for (Int i = 0; i < static_cast<Int>(dy.size()); ++i) {
    const Int position = (first_row + i / columns) % sequence;
    dtable[position * columns + i % columns] += dy[i];
  }
  return dtable;
}

}  // namespace heddle::kernels::reference
