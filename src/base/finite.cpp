#include "heddle/base/finite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <vector>

namespace heddle {
namespace {

template <class T>
std::optional<NotFinite> first_of(const Tensor& tensor) {
  const T* const numbers = tensor.as<T>();
  for (std::int64_t i = 0; i < tensor.count(); ++i)
    if (const auto number = static_cast<double>(numbers[i]); !std::isfinite(number))
      return NotFinite{i, number};
  return {};
}

}  // namespace

std::optional<NotFinite> first_not_finite(const Tensor& tensor) {
  switch (tensor.dtype) {
    case DType::f32: return first_of<float>(tensor);
    case DType::f64: return first_of<double>(tensor);
    case DType::bf16: return first_of<BFloat16>(tensor);
    default: return {};
  }
}

std::string place_in(const Shape& shape, std::int64_t index) {
  std::vector<std::int64_t> place;
  for (int dim = 0; dim < shape.rank(); ++dim) {
    const std::int64_t below = shape.count(dim + 1, shape.rank());
    place.push_back(index / below);
    index %= below;
  }
  return fmt::format("[{}]", fmt::join(place, ", "));
}

}  // namespace heddle
