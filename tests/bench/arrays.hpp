// Tensors for benchmarks, and the rates that they report.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

#include "heddle/base/random.hpp"
#include "heddle/base/tensor.hpp"
#include "heddle/lanes/memory.hpp"

namespace heddle::kernels {

/// A tensor with memory of its own, full of numbers in (-1, 1).
class Filled {
 public:
  Filled(DType dtype, Shape shape)
      : memory_(shape.count() * size_of(dtype)), tensor_{memory_.data(), dtype, shape} {
    with_real(dtype, [&](auto zero) {
      using T = decltype(zero);
      for (std::int64_t i = 0; i < tensor_.count(); ++i)
        tensor_.as<T>()[i] = static_cast<T>(2 * uniform_at(1, 0, static_cast<std::uint64_t>(i)) - 1);
    });
  }
  operator const Tensor&() const { return tensor_; }

 private:
  lanes::Memory memory_;
  Tensor tensor_;
};

/// Reports `flops` an iteration as a rate in FLOP/s.
inline void count_flops(benchmark::State& state, double flops) {
  state.counters["FLOP/s"] =
      benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}

}  // namespace heddle::kernels
