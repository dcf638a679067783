// Tensors of the tests: the oracle's doubles turned into one rank's typed tensor and back.
#pragma once

#include <vector>

#include "heddle/base/random.hpp"
#include "heddle/comm/request.hpp"
#include "support/axis_sets.hpp"
#include "support/maps_oracle.hpp"
#include "support/mpi_world.hpp"

namespace heddle::comm::tests {

using heddle::tests::axis_sets;
using heddle::tests::world;

/// A tensor with memory of its own.
class Owned {
 public:
  Owned(DType dtype, const Shape& shape)
      : bytes_(shape.count() * size_of(dtype)), view_{bytes_.data(), dtype, shape} {}
  Owned(DType dtype, const maps::LocalTensor& x) : Owned(dtype, x.shape) {
    for (std::size_t i = 0; i < x.values.size(); ++i) set(i, x.values[i]);
  }
  Owned(const Owned&) = delete;
  const Tensor& view() const { return view_; }
  const std::vector<char>& bytes() const { return bytes_; }

  maps::LocalTensor values() const {
    maps::LocalTensor x(view_.shape);
    for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] = get(i);
    return x;
  }

 private:
  void set(std::int64_t i, double value) {
    if (view_.dtype == DType::i32)
      view_.as<std::int32_t>()[i] = static_cast<std::int32_t>(value);
    else
      with_real(view_.dtype, [&](auto zero) {
        using T = decltype(zero);
        view_.as<T>()[i] = static_cast<T>(value);
      });
  }
  double get(std::int64_t i) const {
    if (view_.dtype == DType::i32) return view_.as<std::int32_t>()[i];
    return with_real(view_.dtype, [&](auto zero) -> double { return view_.as<decltype(zero)>()[i]; });
  }
  std::vector<char> bytes_;
  Tensor view_;
};

inline void complete(Request request, const std::string& action = "a test's exchange") {
  wait(request, {action});
}

/// Integers in [-4, 4], so that sums are exact in every dtype, or numbers of the order of 1.
enum class Numbers { small_integers, reals };

inline maps::LocalTensor draw(const Shape& shape, Numbers numbers, std::uint64_t key, std::uint64_t stream) {
  maps::LocalTensor x(shape);
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    const double u = uniform_at(key, stream, i);
    x.values[i] = numbers == Numbers::reals ? normal_at(key, stream, i) : static_cast<int>(u * 9) - 4;
  }
  return x;
}

/// Every grid of as many ranks as the world has.
inline std::vector<maps::Grid> grids_of_this_size() {
  std::vector<maps::Grid> grids;
  const int n = world().size();
  for (int data = 1; data <= n; ++data)
    for (int pipeline = 1; data * pipeline <= n; ++pipeline)
      if (n % (data * pipeline) == 0) grids.push_back(maps::Grid({data, pipeline, n / (data * pipeline)}));
  return grids;
}

}  // namespace heddle::comm::tests
