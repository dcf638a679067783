#include "heddle/base/finite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <vector>

namespace heddle {
namespace {

/// A number is none where all bits of its exponent are set. By the bits whole blocks are judged at once, in vectors.
template <class T, class Bits>
std::optional<NotFinite> first_of(const Tensor& tensor, Bits exponent) {
  constexpr std::int64_t block = 4096;
  const T* const numbers = tensor.as<T>();
  for (std::int64_t begin = 0; begin < tensor.count(); begin += block) {
    const std::int64_t end = std::min(begin + block, tensor.count());
    Bits any = 0;
    for (std::int64_t i = begin; i < end; ++i)
      any |= (std::bit_cast<Bits>(numbers[i]) & exponent) == exponent;
    for (std::int64_t i = begin; any && i < end; ++i)
      if ((std::bit_cast<Bits>(numbers[i]) & exponent) == exponent)
        return NotFinite{i, static_cast<double>(numbers[i])};
  }
  return {};
}

}  // namespace

std::optional<NotFinite> first_not_finite(const Tensor& tensor) {
  switch (tensor.dtype) {
    case DType::f32: return first_of<float>(tensor, std::uint32_t{0x7f800000});
    case DType::f64: return first_of<double>(tensor, std::uint64_t{0x7ff0000000000000});
    case DType::bf16: return first_of<BFloat16>(tensor, std::uint16_t{0x7f80});
    default: return {};
  }
}

std::string place_in(const Shape& shape, std::int64_t index, const Shape& begin) {
  std::vector<std::int64_t> place;
  for (int dim = 0; dim < shape.rank(); ++dim) {
    const std::int64_t below = shape.count(dim + 1, shape.rank());
    place.push_back(index / below + (begin.rank() > 0 ? begin[dim] : 0));
    index %= below;
  }
  return fmt::format("[{}]", fmt::join(place, ", "));
}

}  // namespace heddle
