// Tensors of the tests: the oracle's doubles turned into one rank's typed tensor and back.
#pragma once

#include <vector>

#include "heddle/base/random.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/comm/request.hpp"
#include "heddle/comm/subset.hpp"
#include "heddle/lanes/memory.hpp"
#include "support/axis_sets.hpp"
#include "support/lane.hpp"
#include "support/maps_oracle.hpp"
#include "support/mpi_world.hpp"

namespace heddle::comm::tests {

using heddle::tests::axis_sets;
using heddle::tests::lane;
using heddle::tests::world;

/// All ranks, in a communicator whose messages go by what carries those of the tests' lane (World::send_through).
inline Communicator everybody() { return subset(world().all(), Membership::member); }

/// A tensor with memory of its own, on the lane of the tests.
class Owned {
 public:
  Owned(DType dtype, const Shape& shape)
      : memory_(shape.count() * size_of(dtype), lane()), view_{memory_.data(), dtype, shape} {}
  Owned(DType dtype, const maps::LocalTensor& x) : Owned(dtype, x.shape) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(view_.bytes()));
    const Tensor there{bytes.data(), dtype, x.shape};
    for (std::size_t i = 0; i < x.values.size(); ++i) set(there, i, x.values[i]);
    lane().copy_from_host(bytes, view_);
  }
  Owned(const Owned&) = delete;
  const Tensor& view() const { return view_; }

  /// Wait for the lane.
  std::vector<std::byte> bytes() const {
    std::vector<std::byte> bytes(static_cast<std::size_t>(view_.bytes()));
    lane().copy_to_host(view_, bytes);
    return bytes;
  }
  maps::LocalTensor values() const {
    std::vector<std::byte> held = bytes();
    const Tensor there{held.data(), view_.dtype, view_.shape};
    maps::LocalTensor x(view_.shape);
    for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] = get(there, i);
    return x;
  }

 private:
  static void set(const Tensor& tensor, std::size_t i, double value) {
    if (tensor.dtype == DType::i32)
      tensor.as<std::int32_t>()[i] = static_cast<std::int32_t>(value);
    else
      with_real(tensor.dtype, [&](auto zero) {
        using T = decltype(zero);
        tensor.as<T>()[i] = static_cast<T>(value);
      });
  }
  static double get(const Tensor& tensor, std::size_t i) {
    if (tensor.dtype == DType::i32) return tensor.as<std::int32_t>()[i];
    return with_real(tensor.dtype, [&](auto zero) -> double { return tensor.as<decltype(zero)>()[i]; });
  }

  lanes::Memory memory_;
  Tensor view_;
};

inline void complete(Request request, const std::string& action = "a test's exchange") {
  wait(request, {action});
}

/// Over all ranks.
inline double dot(const maps::LocalTensor& x, const maps::LocalTensor& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.values.size(); ++i) sum += x.values[i] * y.values[i];
  return all_sum(world().all(), sum, "an inner product");
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
