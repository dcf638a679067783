#include "rates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "heddle/kernels/gemm.hpp"
#include "sampling.hpp"

namespace heddle::bench {
namespace {

constexpr std::array<ProductShape, 4> shapes_of_a_core = {
    {{1024, 1024, 1024}, {2048, 1536, 384}, {1024, 3072, 768}, {1024, 768, 3072}}};
/// A square one, and the linear maps of GPT-2 124M's and 1558M's MLPs on 16384 rows.
constexpr std::array<ProductShape, 5> shapes_of_a_gpu = {
    {{8192, 8192, 8192}, {16384, 3072, 768}, {16384, 768, 3072}, {16384, 6400, 1600}, {16384, 1600, 6400}}};

}  // namespace

std::string name(const ProductShape& shape) { return fmt::format("{} x {} x {}", shape.m, shape.n, shape.k); }

std::span<const ProductShape> product_shapes(const lanes::Lane& lane) {
  if (lane.stream()) return shapes_of_a_gpu;
  return shapes_of_a_core;
}

double product_rate(const comm::Communicator& world, const lanes::Lane& lane, Precision precision,
                    const ProductShape& shape) {
  const auto [m, n, k] = shape;
  const DType dtype = stream_type(precision);
  using enum Scratch::Holds;
  const Scratch x({nullptr, dtype, {m, k}}, lane, normal_numbers),
      weight({nullptr, dtype, {n, k}}, lane, normal_numbers), y({nullptr, dtype, {m, n}}, lane);
  const double seconds = seconds_in_a_row(world, lane, [&] {
    kernels::gemm(lane, kernels::matrix(x.tensor), transposed(kernels::matrix(weight.tensor)),
                  kernels::matrix(y.tensor), kernels::Write::overwrite, {}, product_rounding(precision));
  });
  return 2.0 * static_cast<double>(m * n * k) / seconds;
}

double copy_rate(const comm::Communicator& world, const lanes::Lane& lane) {
  // Both together: four times the largest cache that a core of a host has to itself, or that a GPU has.
  const std::int64_t bytes = lane.stream() ? std::int64_t{1} << 29 : std::int64_t{1} << 27;
  const Scratch from({nullptr, DType::f64, {bytes / 8}}, lane), to({nullptr, DType::f64, {bytes / 8}}, lane);
  const double seconds = seconds_in_a_row(world, lane, [&] { lane.copy(from.tensor, to.tensor); });
  return 2.0 * static_cast<double>(bytes) / seconds;
}

Rates measure_rates(Precision precision, const comm::Communicator& world, const lanes::Lane& lane) {
  Rates rates{0, copy_rate(world, lane)};
  for (const ProductShape& shape : product_shapes(lane))
    rates.flops = std::max(rates.flops, product_rate(world, lane, precision, shape));
  return rates;
}

}  // namespace heddle::bench
